//! Accounts and sessions.

use greenroom_domain::account::{
    CreatorStatus, DisplayName, Login, PasswordHash, Role, Session, SessionId, Subject, User,
    Username,
};
use greenroom_domain::shared::archive::BoxError;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::{PictureId, UserId};
use greenroom_domain::shared::secret::Mac;
use greenroom_domain::shared::store::Stored;
use serde::{Deserialize, Serialize};

use super::{Hex, stored};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::archive) struct UserEntry {
    version: u64,
    id: UserId,
    username: Username,
    display_name: DisplayName,
    avatar: Option<PictureId>,
    role: Role,
    creator: CreatorStatus,
    login: LoginEntry,
    created_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum LoginEntry {
    /// A password's hash.
    Local(String),
    Host(SubjectEntry),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SubjectEntry {
    issuer: String,
    subject: String,
}

impl From<Stored<User>> for UserEntry {
    fn from(user: Stored<User>) -> Self {
        let Stored { value, version } = user;
        Self {
            version: version.0,
            id: value.id,
            username: value.username,
            display_name: value.display_name,
            avatar: value.avatar,
            role: value.role,
            creator: value.creator,
            login: match value.login {
                Login::Local(hash) => LoginEntry::Local(hash.0),
                Login::Host(subject) => LoginEntry::Host(subject.into()),
            },
            created_at: value.created_at,
        }
    }
}

impl UserEntry {
    pub(super) fn parse(self) -> Result<Stored<User>, BoxError> {
        let user = User {
            id: self.id,
            username: self.username,
            display_name: self.display_name,
            avatar: self.avatar,
            role: self.role,
            creator: self.creator,
            login: match self.login {
                LoginEntry::Local(hash) => Login::Local(PasswordHash(hash)),
                LoginEntry::Host(subject) => Login::Host(subject.into()),
            },
            created_at: self.created_at,
        };
        stored(user, self.version)
    }
}

impl From<Subject> for SubjectEntry {
    fn from(Subject { issuer, subject }: Subject) -> Self {
        Self { issuer, subject }
    }
}

impl From<SubjectEntry> for Subject {
    fn from(SubjectEntry { issuer, subject }: SubjectEntry) -> Self {
        Self { issuer, subject }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::archive) struct SessionEntry {
    /// The keyed hash of its token.
    id: Hex,
    user: UserId,
    created_at: Timestamp,
    expires_at: Timestamp,
}

impl From<Session> for SessionEntry {
    fn from(session: Session) -> Self {
        Self {
            id: Hex::from(&session.id.0.0[..]),
            user: session.user,
            created_at: session.created_at,
            expires_at: session.expires_at,
        }
    }
}

impl SessionEntry {
    pub(super) fn parse(self) -> Result<Session, BoxError> {
        Ok(Session {
            id: SessionId(Mac(self.id.array()?)),
            user: self.user,
            created_at: self.created_at,
            expires_at: self.expires_at,
        })
    }
}
