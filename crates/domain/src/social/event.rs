//! What happens between people.

use crate::shared::id::{ChannelId, UserId};
use crate::social::Notify;

/// What happened between people.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum SocialEvent {
    /// Somebody follows a channel.
    Followed {
        /// Who.
        follower: UserId,
        /// Which channel.
        channel: ChannelId,
    },
    /// A follower wants to be told something else.
    NotifyChanged {
        /// Who.
        follower: UserId,
        /// Of which channel.
        channel: ChannelId,
        /// What.
        notify: Notify,
    },
    /// Somebody follows a channel no more.
    Unfollowed {
        /// Who.
        follower: UserId,
        /// Which channel.
        channel: ChannelId,
    },
    /// Somebody wants nothing to do with somebody else.
    Blocked {
        /// Who.
        blocker: UserId,
        /// With whom.
        blocked: UserId,
        /// The blocker's channel, which is closed to them from now on.
        channel: Option<ChannelId>,
    },
    /// They have made up.
    Unblocked {
        /// Who had blocked.
        blocker: UserId,
        /// Whom.
        blocked: UserId,
        /// The blocker's channel, which is open to them again.
        channel: Option<ChannelId>,
    },
}
