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
    /// The room takes messages of followers only.
    #[error("only followers may chat here; follow the channel first")]
    FollowersOnly,
    /// The room takes messages of those only who have followed for longer.
    #[error("you have not followed this channel for long enough; you may chat from {from} on")]
    FollowsTooShortly {
        /// They may post from then on.
        from: Timestamp,
    },
    /// The room takes emotes only.
    #[error("only emotes may be sent here")]
    EmotesOnly,
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
    #[error("the owner, administrators and, by each other, moderators cannot be restricted")]
    CannotRestrictStaff,
    /// A delay that cannot be.
    #[error("the chat may be delayed by 1 to {max} seconds")]
    DelayOutOfRange {
        /// The longest delay, in seconds.
        max: u16,
    },
    /// A time of following that cannot be.
    #[error("one may have to follow for up to {max_days} days")]
    FollowAgeOutOfRange {
        /// The longest time, in days.
        max_days: u16,
    },
    /// Nothing is made of those who may do everything already.
    #[error("the owner and administrators need no role")]
    CannotAppointStaff,
    /// The channel has as many as any may.
    #[error("the channel has {max} moderators and VIPs; dismiss one first")]
    TooManyAppointed {
        /// How many a channel may have.
        max: usize,
    },
    /// The room keeps as much in view as any may.
    #[error("{max} messages are pinned; unpin one first")]
    TooManyPins {
        /// How many a room may have.
        max: usize,
    },
    /// A ban is lifted as a ban, and is not weakened to a timeout.
    #[error("they are banned; lift the ban first")]
    IsBanned,
    /// The line is not there, or is no message.
    #[error("there is no such message")]
    NoSuchMessage,
}
