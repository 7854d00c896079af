//! What nodes tell each other as it happens.

use async_trait::async_trait;

use crate::chat::{Ephemeral, Line};
use crate::shared::id::ChannelId;

/// What a room shows, told to the nodes where others listen to it. Published language: nodes
/// of neighbouring versions talk to each other.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum Signal {
    /// A line was committed.
    Line {
        /// To whose room's log.
        room: ChannelId,
        /// The line, at its place.
        line: Line,
    },
    /// Something that no log keeps.
    Ephemeral {
        /// Whose room shows it.
        room: ChannelId,
        /// What.
        what: Ephemeral,
    },
}

/// Carries signals from each node to all others, as long as they can be reached.
///
/// It makes things fast, never right: whatever was committed reaches every node by the
/// [`Feed`](crate::shared::feed::Feed), a moment later. So nobody has to know what was lost.
///
/// Promises: a node does not hear what it has told; what one node tells is heard in that
/// order, where it is heard; memory is bounded, however little comes through or is heard. A
/// signal may be lost, and may come twice.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Bus: Send + Sync {
    /// Tells all other nodes. Never waits: what does not fit the queue is lost.
    fn tell(&self, signal: Signal);

    /// Waits for the next of what others tell. Can be dropped; what several callers hear is
    /// shared out among them.
    async fn hear(&self) -> Signal;
}
