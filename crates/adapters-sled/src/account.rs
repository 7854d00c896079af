//! Accounts and sessions.

use async_trait::async_trait;
use greenroom_domain::account::{
    CreatorStatus, DisplayName, Login, PasswordHash, Role, Session, SessionId, Sessions, Subject,
    User, Username, Users,
};
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::{PictureId, UserId};
use greenroom_domain::shared::page::{Page, PageRequest, UnknownCursor};
use greenroom_domain::shared::secret::Mac;
use greenroom_domain::shared::store::{StoreError, Stored};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::codec::{BoxError, Kept};
use crate::keyspace::{self, Key, Space};
use crate::read::{Listing, Order};
use crate::{SledStore, read};

#[async_trait]
impl Users for SledStore {
    async fn get(&self, id: UserId) -> Result<Option<Stored<User>>, StoreError> {
        self.read(|tree| read::stored(tree, &keyspace::user(id)))
    }

    async fn get_many(&self, ids: &[UserId]) -> Result<Vec<User>, StoreError> {
        let keys = ids.iter().copied().map(keyspace::user).collect();
        self.scan(move |tree| read::many(tree, keys)).await
    }

    async fn by_username(&self, username: &Username) -> Result<Option<Stored<User>>, StoreError> {
        let prefix = keyspace::users_named(username);
        self.read(|tree| {
            read::indexed(tree, &prefix, user_key, |user: &User| {
                user.username == *username
            })
        })
    }

    async fn by_subject(&self, subject: &Subject) -> Result<Option<Stored<User>>, StoreError> {
        let prefix = keyspace::users_of_subject(subject);
        self.read(|tree| {
            read::indexed(
                tree,
                &prefix,
                user_key,
                |user: &User| matches!(&user.login, Login::Host(of) if of == subject),
            )
        })
    }

    async fn list(
        &self,
        creator: Option<CreatorStatus>,
        page: &PageRequest,
    ) -> Result<Result<Page<User>, UnknownCursor>, StoreError> {
        let (name, prefix) = match creator {
            None => ("users", keyspace::all(Space::User)),
            Some(status) => (listing_name(status), keyspace::users_by_creator(status)),
        };
        let listing = Listing {
            name: name.to_owned(),
            prefix,
            order: Order::Ascending,
        };
        let page = page.clone();
        self.scan(move |tree| {
            listing.page(tree, &page, user_key, |user: &User| {
                creator.is_none_or(|status| user.creator == status)
            })
        })
        .await
    }

    async fn has_administrator(&self) -> Result<bool, StoreError> {
        let prefix = keyspace::all(Space::Administrator);
        self.read(|tree| {
            let found = read::indexed(tree, &prefix, user_key, |user: &User| {
                user.role == Role::Admin
            })?;
            Ok(found.is_some())
        })
    }
}

#[async_trait]
impl Sessions for SledStore {
    async fn get(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        self.read(|tree| read::plain(tree, &keyspace::session(id)))
    }

    async fn expired(&self, now: Timestamp, limit: usize) -> Result<Vec<SessionId>, StoreError> {
        self.scan(move |tree| {
            let from = keyspace::all(Space::SessionByExpiry);
            // A session is worth nothing from the moment on at which it ends.
            let end = read::end_of(&keyspace::sessions_ending(now));
            let keys = read::keys_between(tree, from, end, limit)?;
            read::session_ids(&keys)
        })
        .await
    }

    async fn of_user(&self, user: UserId) -> Result<Vec<SessionId>, StoreError> {
        self.scan(move |tree| {
            let keys = read::keys_under(tree, &keyspace::sessions_of(user))?;
            read::session_ids(&keys)
        })
        .await
    }
}

fn user_key(index: &[u8]) -> Option<Key> {
    keyspace::last_id(index).map(|id| keyspace::user(UserId::from_uuid(id)))
}

fn listing_name(status: CreatorStatus) -> &'static str {
    match status {
        CreatorStatus::None => "users-none",
        CreatorStatus::Requested => "users-requested",
        CreatorStatus::Approved => "users-approved",
        CreatorStatus::Suspended => "users-suspended",
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct UserRecord {
    id: Uuid,
    username: String,
    display_name: String,
    #[serde(default)]
    avatar: Option<Uuid>,
    role: Role,
    creator: CreatorStatus,
    login: LoginRecord,
    created_at: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum LoginRecord {
    Local { hash: String },
    Host { issuer: String, subject: String },
}

impl Kept for User {
    const WHAT: &'static str = "user";
    type Record = UserRecord;

    fn key(&self) -> Key {
        keyspace::user(self.id)
    }

    fn indexes(&self) -> Vec<Key> {
        let id = self.id.uuid();
        let mut keys = vec![
            keyspace::to_id(keyspace::users_named(&self.username), id),
            keyspace::to_id(keyspace::users_by_creator(self.creator), id),
        ];
        if let Login::Host(subject) = &self.login {
            keys.push(keyspace::to_id(keyspace::users_of_subject(subject), id));
        }
        if self.role == Role::Admin {
            keys.push(keyspace::to_id(keyspace::all(Space::Administrator), id));
        }
        keys
    }

    fn record(&self) -> UserRecord {
        UserRecord {
            id: self.id.uuid(),
            username: self.username.as_str().to_owned(),
            display_name: self.display_name.as_str().to_owned(),
            avatar: self.avatar.map(PictureId::uuid),
            role: self.role,
            creator: self.creator,
            login: match &self.login {
                Login::Local(hash) => LoginRecord::Local {
                    hash: hash.0.clone(),
                },
                Login::Host(Subject { issuer, subject }) => LoginRecord::Host {
                    issuer: issuer.clone(),
                    subject: subject.clone(),
                },
            },
            created_at: self.created_at.micros(),
        }
    }

    fn parse(record: UserRecord) -> Result<Self, BoxError> {
        Ok(Self {
            id: UserId::from_uuid(record.id),
            username: Username::parse(&record.username)?,
            display_name: DisplayName::parse(&record.display_name)?,
            avatar: record.avatar.map(PictureId::from_uuid),
            role: record.role,
            creator: record.creator,
            login: match record.login {
                LoginRecord::Local { hash } => Login::Local(PasswordHash(hash)),
                LoginRecord::Host { issuer, subject } => Login::Host(Subject { issuer, subject }),
            },
            created_at: Timestamp::from_micros(record.created_at),
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct SessionRecord {
    id: [u8; 32],
    user: Uuid,
    created_at: i64,
    expires_at: i64,
}

impl Kept for Session {
    const WHAT: &'static str = "session";
    type Record = SessionRecord;

    fn key(&self) -> Key {
        keyspace::session(self.id)
    }

    fn indexes(&self) -> Vec<Key> {
        vec![
            keyspace::to_session(keyspace::sessions_ending(self.expires_at), self.id),
            keyspace::to_session(keyspace::sessions_of(self.user), self.id),
        ]
    }

    fn record(&self) -> SessionRecord {
        SessionRecord {
            id: self.id.0.0,
            user: self.user.uuid(),
            created_at: self.created_at.micros(),
            expires_at: self.expires_at.micros(),
        }
    }

    fn parse(record: SessionRecord) -> Result<Self, BoxError> {
        Ok(Self {
            id: SessionId(Mac(record.id)),
            user: UserId::from_uuid(record.user),
            created_at: Timestamp::from_micros(record.created_at),
            expires_at: Timestamp::from_micros(record.expires_at),
        })
    }
}
