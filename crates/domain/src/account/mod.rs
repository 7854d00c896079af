//! Accounts: who somebody is, and whether they may create.

mod error;
mod event;
mod port;
mod session;
mod user;

pub use error::{AccountError, TokenError};
pub use event::AccountEvent;
#[cfg(feature = "mocks")]
pub use port::{MockPasswords, MockSessions, MockTokenVerifier, MockUsers};
pub use port::{PasswordError, Passwords, Sessions, TokenVerifier, Users, VerifiedToken};
pub use session::{SESSION_LIFETIME, Session, SessionId, SessionToken};
pub use user::{
    CreatorApproval, CreatorStatus, DisplayName, Login, NewUser, Password, PasswordHash, Role,
    Subject, User, Username,
};
