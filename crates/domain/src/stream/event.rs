//! What happens to streams and their audience.

use crate::channel::ChannelTitle;
use crate::shared::actor::Identity;
use crate::shared::id::{ChannelId, StreamId};
use crate::stream::EndReason;

/// What happened to a stream.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum StreamEvent {
    /// It was planned.
    Created {
        /// Which.
        stream: StreamId,
        /// Whose.
        channel: ChannelId,
    },
    /// It went on air.
    Started {
        /// Which.
        stream: StreamId,
        /// Whose.
        channel: ChannelId,
        /// What it is called.
        title: ChannelTitle,
    },
    /// Its encoder went away, perhaps for a moment.
    Interrupted {
        /// Which.
        stream: StreamId,
        /// Whose.
        channel: ChannelId,
    },
    /// An encoder publishes to it again, or for the first time after a start by command.
    Resumed {
        /// Which.
        stream: StreamId,
        /// Whose.
        channel: ChannelId,
    },
    /// It is called differently.
    Retitled {
        /// Which.
        stream: StreamId,
        /// Whose.
        channel: ChannelId,
        /// Its title now.
        title: ChannelTitle,
    },
    /// It is over.
    Ended {
        /// Which.
        stream: StreamId,
        /// Whose.
        channel: ChannelId,
        /// Why.
        reason: EndReason,
    },
    /// People came and went; one event at most a second.
    AudienceChanged {
        /// Of which stream.
        stream: StreamId,
        /// Of whose.
        channel: ChannelId,
        /// Who came.
        joined: Vec<Identity>,
        /// Who went.
        left: Vec<Identity>,
        /// How many there are now.
        viewers: u64,
    },
}

impl StreamEvent {
    /// Whose stream it is about.
    pub fn channel(&self) -> ChannelId {
        match self {
            Self::Created { channel, .. }
            | Self::Started { channel, .. }
            | Self::Interrupted { channel, .. }
            | Self::Resumed { channel, .. }
            | Self::Retitled { channel, .. }
            | Self::Ended { channel, .. }
            | Self::AudienceChanged { channel, .. } => *channel,
        }
    }
}
