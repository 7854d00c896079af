//! Accounts and sessions.

use std::collections::HashMap;

use async_trait::async_trait;
use greenroom_domain::account::{
    CreatorStatus, DisplayName, Login, PasswordHash, Role, Session, SessionId, Sessions, Subject,
    User, Username, Users,
};
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::{PictureId, UserId};
use greenroom_domain::shared::page::{Page, PageRequest, UnknownCursor};
use greenroom_domain::shared::secret::Mac;
use greenroom_domain::shared::store::{StoreError, Stored, Version};
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::PgStore;
use crate::error::{Impossible, corrupt};
use crate::hex;
use crate::number::{bigint, limit};
use crate::read::{self, Listing, Row};

const USER: &str = "user";
const SESSION: &str = "session";

/// The users' rows that fit.
macro_rules! users {
    ($where:tt $(, $argument:expr)*) => {
        sqlx::query_as!(
            UserRow,
            "SELECT id, version, username, display_name, avatar, role, creator, password_hash, \
             issuer, subject, created_at FROM users " + $where
            $(, $argument)*
        )
    };
}

#[async_trait]
impl Users for PgStore {
    async fn get(&self, id: UserId) -> Result<Option<Stored<User>>, StoreError> {
        read::one(
            self.read(|| users!("WHERE id = $1", id.uuid()).fetch_optional(&self.pool))
                .await?,
        )
    }

    async fn get_many(&self, ids: &[UserId]) -> Result<Vec<User>, StoreError> {
        let wanted: Vec<Uuid> = ids.iter().copied().map(UserId::uuid).collect();
        let rows = self
            .read(|| users!("WHERE id = ANY($1)", &wanted).fetch_all(&self.pool))
            .await?;
        let found = read::all(rows)?.into_iter().map(|user| (user.id, user));
        let found: HashMap<_, _> = found.collect();
        Ok(ids.iter().filter_map(|id| found.get(id).cloned()).collect())
    }

    async fn by_username(&self, username: &Username) -> Result<Option<Stored<User>>, StoreError> {
        read::one(
            self.read(|| {
                users!("WHERE username = $1 ORDER BY id LIMIT 1", username.as_str())
                    .fetch_optional(&self.pool)
            })
            .await?,
        )
    }

    async fn by_subject(&self, subject: &Subject) -> Result<Option<Stored<User>>, StoreError> {
        read::one(
            self.read(|| {
                users!(
                    "WHERE subject = $1 AND issuer = $2 ORDER BY id LIMIT 1",
                    subject.subject.as_bytes(),
                    subject.issuer.as_bytes()
                )
                .fetch_optional(&self.pool)
            })
            .await?,
        )
    }

    async fn list(
        &self,
        creator: Option<CreatorStatus>,
        page: &PageRequest,
    ) -> Result<Result<Page<User>, UnknownCursor>, StoreError> {
        let name = match creator {
            None => "users".to_owned(),
            Some(status) => format!("users-{}", creator_name(status)),
        };
        let listing = match Listing::of(&name, page, |text| Uuid::try_parse(text).ok()) {
            Ok(listing) => listing,
            Err(unknown) => return Ok(Err(unknown)),
        };
        // Nobody's id is nil.
        let after = listing.after.unwrap_or(Uuid::nil());
        let rows = match creator {
            None => {
                self.read(|| {
                    users!("WHERE id > $1 ORDER BY id LIMIT $2", after, listing.rows())
                        .fetch_all(&self.pool)
                })
                .await?
            }
            Some(status) => {
                self.read(|| {
                    users!(
                        "WHERE creator = $1 AND id > $2 ORDER BY id LIMIT $3",
                        creator_name(status),
                        after,
                        listing.rows()
                    )
                    .fetch_all(&self.pool)
                })
                .await?
            }
        };
        listing.page(rows, |user| user.id.to_string()).map(Ok)
    }

    async fn has_administrator(&self) -> Result<bool, StoreError> {
        self.read(|| {
            sqlx::query_scalar!(
                r#"SELECT EXISTS (SELECT FROM users WHERE role = 'admin') AS "is_there!""#
            )
            .fetch_one(&self.pool)
        })
        .await
    }
}

#[async_trait]
impl Sessions for PgStore {
    async fn get(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        let row = self
            .read(|| {
                sqlx::query_as!(
                    SessionRow,
                    "SELECT id, user_id, created_at, expires_at FROM sessions WHERE id = $1",
                    &id.0.0
                )
                .fetch_optional(&self.pool)
            })
            .await?;
        row.map(SessionRow::parse).transpose()
    }

    async fn expired(&self, now: Timestamp, most: usize) -> Result<Vec<SessionId>, StoreError> {
        // A session is worth nothing from the moment on at which it ends.
        let ids = self
            .read(|| {
                sqlx::query_scalar!(
                    "SELECT id FROM sessions WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2",
                    now.micros(),
                    limit(most)
                )
                .fetch_all(&self.pool)
            })
            .await?;
        ids.iter().map(|id| session_id(id)).collect()
    }

    async fn of_user(&self, user: UserId) -> Result<Vec<SessionId>, StoreError> {
        let ids = self
            .read(|| {
                sqlx::query_scalar!(
                    "SELECT id FROM sessions WHERE user_id = $1 ORDER BY id",
                    user.uuid()
                )
                .fetch_all(&self.pool)
            })
            .await?;
        ids.iter().map(|id| session_id(id)).collect()
    }
}

/// Some users in the order of their ids, behind one.
pub(crate) async fn users_behind(
    connection: &mut PgConnection,
    after: Uuid,
    most: i64,
) -> sqlx::Result<Vec<UserRow>> {
    users!("WHERE id > $1 ORDER BY id LIMIT $2", after, most)
        .fetch_all(connection)
        .await
}

/// Some sessions in the order of their ids, behind one.
pub(crate) async fn sessions_behind(
    connection: &mut PgConnection,
    after: &[u8],
    most: i64,
) -> sqlx::Result<Vec<SessionRow>> {
    sqlx::query_as!(
        SessionRow,
        "SELECT id, user_id, created_at, expires_at FROM sessions \
         WHERE id > $1 ORDER BY id LIMIT $2",
        after,
        most
    )
    .fetch_all(connection)
    .await
}

#[derive(Serialize)]
pub(crate) struct UserRow {
    id: Uuid,
    version: i64,
    username: String,
    display_name: String,
    avatar: Option<Uuid>,
    role: String,
    creator: String,
    password_hash: Option<String>,
    #[serde(serialize_with = "hex::option")]
    issuer: Option<Vec<u8>>,
    #[serde(serialize_with = "hex::option")]
    subject: Option<Vec<u8>>,
    created_at: i64,
}

impl UserRow {
    pub(crate) fn of(user: &User, version: Version) -> Self {
        let (password_hash, host) = match &user.login {
            Login::Local(hash) => (Some(hash.0.clone()), None),
            Login::Host(Subject { issuer, subject }) => (
                None,
                Some((issuer.clone().into_bytes(), subject.clone().into_bytes())),
            ),
        };
        let (issuer, subject) = host.unzip();
        Self {
            id: user.id.uuid(),
            version: bigint(version.0),
            username: user.username.as_str().to_owned(),
            display_name: user.display_name.as_str().to_owned(),
            avatar: user.avatar.map(PictureId::uuid),
            role: role_name(user.role).to_owned(),
            creator: creator_name(user.creator).to_owned(),
            password_hash,
            issuer,
            subject,
            created_at: user.created_at.micros(),
        }
    }
}

impl Row for UserRow {
    type Aggregate = User;

    fn version(&self) -> i64 {
        self.version
    }

    fn parse(self) -> Result<User, StoreError> {
        let text = |bytes| String::from_utf8(bytes).map_err(|e| corrupt(USER, e));
        Ok(User {
            id: UserId::from_uuid(self.id),
            username: Username::parse(&self.username).map_err(|e| corrupt(USER, e))?,
            display_name: DisplayName::parse(&self.display_name).map_err(|e| corrupt(USER, e))?,
            avatar: self.avatar.map(PictureId::from_uuid),
            role: parse_role(&self.role)?,
            creator: parse_creator(&self.creator)?,
            login: match (self.password_hash, self.issuer, self.subject) {
                (Some(hash), None, None) => Login::Local(PasswordHash(hash)),
                (None, Some(issuer), Some(subject)) => Login::Host(Subject {
                    issuer: text(issuer)?,
                    subject: text(subject)?,
                }),
                _ => return Err(corrupt(USER, Impossible)),
            },
            created_at: Timestamp::from_micros(self.created_at),
        })
    }
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::User => "user",
        Role::Admin => "admin",
    }
}

fn parse_role(name: &str) -> Result<Role, StoreError> {
    match name {
        "user" => Ok(Role::User),
        "admin" => Ok(Role::Admin),
        _ => Err(corrupt(USER, Impossible)),
    }
}

fn creator_name(status: CreatorStatus) -> &'static str {
    match status {
        CreatorStatus::None => "none",
        CreatorStatus::Requested => "requested",
        CreatorStatus::Approved => "approved",
        CreatorStatus::Suspended => "suspended",
    }
}

fn parse_creator(name: &str) -> Result<CreatorStatus, StoreError> {
    match name {
        "none" => Ok(CreatorStatus::None),
        "requested" => Ok(CreatorStatus::Requested),
        "approved" => Ok(CreatorStatus::Approved),
        "suspended" => Ok(CreatorStatus::Suspended),
        _ => Err(corrupt(USER, Impossible)),
    }
}

#[derive(Serialize)]
pub(crate) struct SessionRow {
    #[serde(serialize_with = "hex::bytes")]
    id: Vec<u8>,
    user_id: Uuid,
    created_at: i64,
    expires_at: i64,
}

impl SessionRow {
    pub(crate) fn of(session: &Session) -> Self {
        Self {
            id: session.id.0.0.to_vec(),
            user_id: session.user.uuid(),
            created_at: session.created_at.micros(),
            expires_at: session.expires_at.micros(),
        }
    }

    pub(crate) fn parse(self) -> Result<Session, StoreError> {
        Ok(Session {
            id: session_id(&self.id)?,
            user: UserId::from_uuid(self.user_id),
            created_at: Timestamp::from_micros(self.created_at),
            expires_at: Timestamp::from_micros(self.expires_at),
        })
    }
}

fn session_id(bytes: &[u8]) -> Result<SessionId, StoreError> {
    match bytes.try_into() {
        Ok(mac) => Ok(SessionId(Mac(mac))),
        Err(wrong) => Err(corrupt(SESSION, wrong)),
    }
}
