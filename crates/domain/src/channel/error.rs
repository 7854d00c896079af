//! What channels and keys refuse.

use crate::shared::clock::Timestamp;

/// A channel's refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChannelError {
    /// An administrator has shut encoders out.
    #[error("an administrator has locked this channel against publishing")]
    Locked,
    /// The owner has just ended the stream.
    #[error("the stream was ended on purpose; start again, or wait until {until}")]
    Held {
        /// The key works again from then on.
        until: Timestamp,
    },
}

/// A key's refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It works no more.
    #[error("the stream key is revoked")]
    Revoked,
    /// The channel has as many as it may.
    #[error("a channel may have {max} stream keys; revoke one first")]
    TooMany {
        /// How many it may have.
        max: usize,
    },
}

/// Tags do not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TagsError {
    /// One too many.
    #[error("a channel may have at most {max} tags")]
    TooMany {
        /// How many it may have.
        max: usize,
    },
}
