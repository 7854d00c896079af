//! What happens to a room's rules. Messages are lines of its log, not events.

use crate::account::DisplayName;
use crate::chat::{ChannelRole, ChatSettings, ModerationReason, RestrictionKind, Seq};
use crate::shared::actor::Identity;
use crate::shared::id::{ChannelId, UserId};

/// What happened in a room besides messages: the audit log is made of these.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum ChatEvent {
    /// Its rules are different.
    SettingsChanged {
        /// Whose room.
        channel: ChannelId,
        /// The rules now.
        settings: ChatSettings,
    },
    /// Somebody may not chat, for a while or for good.
    Restricted {
        /// Whose room.
        channel: ChannelId,
        /// Who.
        subject: Identity,
        /// What they were called, where that is known.
        name: Option<DisplayName>,
        /// For how long.
        kind: RestrictionKind,
        /// Why.
        reason: Option<ModerationReason>,
    },
    /// Somebody may chat again.
    RestrictionLifted {
        /// Whose room.
        channel: ChannelId,
        /// Who.
        subject: Identity,
    },
    /// A message is gone.
    MessageDeleted {
        /// Whose room.
        channel: ChannelId,
        /// Which.
        target: Seq,
        /// Whose it was.
        author: Identity,
    },
    /// A message is kept in view.
    Pinned {
        /// In whose room.
        channel: ChannelId,
        /// Which.
        target: Seq,
    },
    /// A message is kept in view no more.
    Unpinned {
        /// In whose room.
        channel: ChannelId,
        /// Which.
        target: Seq,
    },
    /// Somebody is something else in the channel.
    RoleChanged {
        /// In which channel.
        channel: ChannelId,
        /// Who.
        user: UserId,
        /// What they are called.
        name: DisplayName,
        /// What they are now, if anything.
        role: Option<ChannelRole>,
    },
}

impl ChatEvent {
    /// Whose room it is about.
    pub fn channel(&self) -> ChannelId {
        match self {
            Self::SettingsChanged { channel, .. }
            | Self::Restricted { channel, .. }
            | Self::RestrictionLifted { channel, .. }
            | Self::MessageDeleted { channel, .. }
            | Self::Pinned { channel, .. }
            | Self::Unpinned { channel, .. }
            | Self::RoleChanged { channel, .. } => *channel,
        }
    }
}
