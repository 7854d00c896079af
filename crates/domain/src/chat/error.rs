//! What chat refuses.

use std::time::Duration;

use crate::shared::clock::Timestamp;

/// A post that was not taken. Nothing of it was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PostRefused {
    /// There is nothing in it.
    #[error("the message is empty")]
    Empty,
    /// It is larger than is looked at.
    #[error("the message is larger than {max_bytes} bytes")]
    TooLarge {
        /// How large it may be, in bytes of UTF-8.
        max_bytes: usize,
    },
    /// The author is banned from the channel.
    #[error("you are banned from this channel")]
    Banned,
    /// The author has to be quiet for a while.
    #[error("you are timed out until {until}")]
    TimedOut {
        /// They may post again from then on.
        until: Timestamp,
    },
    /// The room is closed.
    #[error("the chat is switched off")]
    Disabled,
    /// The room takes messages of signed-in people only.
    #[error("guests may not chat here; sign in first")]
    GuestsMayNot,
}

/// A change of a room's rules that was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChatError {
    /// A length that cannot be.
    #[error("messages may be 1 to {max} characters long")]
    LengthOutOfRange {
        /// The longest that an owner may allow.
        max: u16,
    },
    /// A wait that cannot be.
    #[error("slow mode is 1 to {max} seconds")]
    SlowModeOutOfRange {
        /// The longest wait, in seconds.
        max: u16,
    },
    /// A timeout that cannot be.
    #[error("a timeout lasts 1 second to {} days", max.as_secs() / 86_400)]
    TimeoutOutOfRange {
        /// The longest timeout.
        max: Duration,
    },
    /// Owners and administrators cannot be restricted.
    #[error("the owner and administrators cannot be timed out or banned")]
    CannotRestrictStaff,
    /// A ban is lifted as a ban, and is not weakened to a timeout.
    #[error("they are banned; lift the ban first")]
    IsBanned,
    /// The line is not there, or is no message.
    #[error("there is no such message")]
    NoSuchMessage,
}
