//! What happens to accounts.

use crate::account::{DisplayName, Role, SessionId, Username};
use crate::shared::id::{PictureId, UserId};

/// What happened to an account.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum AccountEvent {
    /// It was made.
    Registered {
        /// Whose.
        user: UserId,
        /// Its name.
        username: Username,
    },
    /// It shows another name.
    Renamed {
        /// Whose.
        user: UserId,
        /// The new one.
        display_name: DisplayName,
    },
    /// It shows another picture, or none.
    AvatarChanged {
        /// Whose.
        user: UserId,
        /// The new one.
        avatar: Option<PictureId>,
        /// The old one, which nobody shows any more.
        before: Option<PictureId>,
    },
    /// One of its sessions was ended, not by its time: its connections are closed everywhere.
    SignedOut {
        /// Whose.
        user: UserId,
        /// Which.
        session: SessionId,
    },
    /// It has another password.
    PasswordChanged {
        /// Whose.
        user: UserId,
    },
    /// It became, or is no longer, an administrator's.
    RoleChanged {
        /// Whose.
        user: UserId,
        /// The new one.
        role: Role,
    },
    /// Somebody would like to create.
    CreatorRequested {
        /// Who.
        user: UserId,
    },
    /// Somebody may create.
    CreatorApproved {
        /// Who.
        user: UserId,
    },
    /// Somebody may no longer.
    CreatorSuspended {
        /// Who.
        user: UserId,
    },
}

impl AccountEvent {
    /// Whose account it is about.
    pub fn user(&self) -> UserId {
        match self {
            Self::Registered { user, .. }
            | Self::Renamed { user, .. }
            | Self::AvatarChanged { user, .. }
            | Self::SignedOut { user, .. }
            | Self::PasswordChanged { user }
            | Self::RoleChanged { user, .. }
            | Self::CreatorRequested { user }
            | Self::CreatorApproved { user }
            | Self::CreatorSuspended { user } => *user,
        }
    }
}
