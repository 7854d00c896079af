//! What happens to channels and their keys.

use crate::channel::{Category, ChannelTitle, Handle};
use crate::shared::id::{ChannelId, PictureId, StreamKeyId, UserId};

/// What happened to a channel.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum ChannelEvent {
    /// It was made.
    Created {
        /// Which.
        channel: ChannelId,
        /// Whose.
        owner: UserId,
        /// Its name in addresses.
        handle: Handle,
    },
    /// What it says of itself is different.
    Edited {
        /// Which.
        channel: ChannelId,
        /// Its title now.
        title: ChannelTitle,
        /// Its category now.
        category: Option<Category>,
    },
    /// It shows another cover, or none.
    CoverChanged {
        /// Which.
        channel: ChannelId,
        /// The new one.
        cover: Option<PictureId>,
        /// The old one, which nobody shows any more.
        before: Option<PictureId>,
    },
    /// An administrator shut encoders out.
    IngestLocked {
        /// Of which channel.
        channel: ChannelId,
    },
    /// An administrator let them in again.
    IngestUnlocked {
        /// To which channel.
        channel: ChannelId,
    },
    /// A key was made.
    KeyCreated {
        /// For which channel.
        channel: ChannelId,
        /// Which key.
        key: StreamKeyId,
    },
    /// A key has another secret; who publishes with the old one is cut off.
    KeyRotated {
        /// Of which channel.
        channel: ChannelId,
        /// Which key.
        key: StreamKeyId,
    },
    /// A key works no more; who publishes with it is cut off.
    KeyRevoked {
        /// Of which channel.
        channel: ChannelId,
        /// Which key.
        key: StreamKeyId,
    },
}

impl ChannelEvent {
    /// Which channel it is about.
    pub fn channel(&self) -> ChannelId {
        match self {
            Self::Created { channel, .. }
            | Self::Edited { channel, .. }
            | Self::CoverChanged { channel, .. }
            | Self::IngestLocked { channel }
            | Self::IngestUnlocked { channel }
            | Self::KeyCreated { channel, .. }
            | Self::KeyRotated { channel, .. }
            | Self::KeyRevoked { channel, .. } => *channel,
        }
    }
}
