//! What accounts need of the outside.

use async_trait::async_trait;

use crate::account::{
    CreatorStatus, Password, PasswordHash, Session, SessionId, Subject, TokenError, User, Username,
};
use crate::shared::clock::Timestamp;
use crate::shared::id::UserId;
use crate::shared::page::{Page, PageRequest, UnknownCursor};
use crate::shared::store::{StoreError, Stored};

/// Reads accounts.
///
/// Promises: sees every commit that was acknowledged before the call.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Users: Send + Sync {
    /// By id.
    async fn get(&self, id: UserId) -> Result<Option<Stored<User>>, StoreError>;

    /// Several at once, in the order asked for; those that do not exist are left out.
    async fn get_many(&self, ids: &[UserId]) -> Result<Vec<User>, StoreError>;

    /// By name.
    async fn by_username(&self, username: &Username) -> Result<Option<Stored<User>>, StoreError>;

    /// By the host platform's issuer and subject.
    async fn by_subject(&self, subject: &Subject) -> Result<Option<Stored<User>>, StoreError>;

    /// All accounts, or those of one creator status, in the order of their ids. Stable while
    /// accounts are written.
    async fn list(
        &self,
        creator: Option<CreatorStatus>,
        page: &PageRequest,
    ) -> Result<Result<Page<User>, UnknownCursor>, StoreError>;

    /// Whether there is an administrator.
    async fn has_administrator(&self) -> Result<bool, StoreError>;
}

/// Reads local sessions.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Sessions: Send + Sync {
    /// By id; expired ones too, until they are swept.
    async fn get(&self, id: SessionId) -> Result<Option<Session>, StoreError>;

    /// Some sessions that ran out before `now`, to be swept.
    async fn expired(&self, now: Timestamp, limit: usize) -> Result<Vec<SessionId>, StoreError>;

    /// All sessions of an account.
    async fn of_user(&self, user: UserId) -> Result<Vec<SessionId>, StoreError>;
}

/// Hashes passwords.
///
/// Promises: takes about the same time for a right and for a wrong password, never blocks
/// the runtime, and bounds how many it works on at once.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Passwords: Send + Sync {
    /// A salted hash in PHC string format: the same for the same password and salt.
    async fn hash(&self, password: Password, salt: [u8; 16])
    -> Result<PasswordHash, PasswordError>;

    /// Whether the password is the one behind the hash. Without a hash it takes as long and
    /// says no: who asks cannot tell an unknown name from a wrong password.
    async fn verify(
        &self,
        password: Password,
        hash: Option<PasswordHash>,
    ) -> Result<bool, PasswordError>;
}

/// A password could not be worked on.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Too many at once; try again in a moment.
    #[error("too many passwords are being checked")]
    Busy,
    /// The hash cannot be read or made.
    #[error("the password cannot be checked")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Verifies tokens of the host platform (RFC 7519).
///
/// Promises: accepts only the configured algorithms, issuer and audience, and only tokens
/// that have not expired by `now`.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait TokenVerifier: Send + Sync {
    /// Checks everything there is to check.
    async fn verify(&self, token: &str, now: Timestamp) -> Result<VerifiedToken, TokenError>;
}

/// What a verified token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedToken {
    /// Whose it is.
    pub subject: Subject,
    /// What they would like to be called.
    pub name: Option<String>,
    /// Whether they administer, by the configured claim; `None` where no claim is, and the
    /// platform itself says who does.
    pub is_admin: Option<bool>,
    /// The configured claim says that they may create.
    pub is_creator: bool,
    /// Worth nothing from then on.
    pub expires_at: Timestamp,
}
