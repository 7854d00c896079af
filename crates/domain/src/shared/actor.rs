//! Who is asking.

use crate::account::Role;
use crate::shared::id::{GuestId, UserId};

/// One person as the audience and the chat know them: however many sockets and players.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum Identity {
    /// Somebody with an account.
    User(UserId),
    /// Somebody without.
    Guest(GuestId),
}

/// Who asks for a change. Made once, at the edge, from what was proven there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum Actor {
    /// Somebody who is signed in.
    User {
        /// Their account.
        id: UserId,
        /// What the account may do beyond its own things.
        role: Role,
    },
    /// Somebody who is not.
    Guest(GuestId),
    /// Whoever holds the machine: the command line. May do what an administrator may.
    Operator,
    /// Greenroom itself: sweeps and consumers.
    System,
}

impl Actor {
    /// The person behind it, if it is one.
    pub fn identity(&self) -> Option<Identity> {
        match self {
            Self::User { id, .. } => Some(Identity::User(*id)),
            Self::Guest(id) => Some(Identity::Guest(*id)),
            Self::Operator | Self::System => None,
        }
    }

    /// The account behind it, if there is one.
    pub fn user(&self) -> Option<UserId> {
        match self {
            Self::User { id, .. } => Some(*id),
            Self::Guest(_) | Self::Operator | Self::System => None,
        }
    }
}
