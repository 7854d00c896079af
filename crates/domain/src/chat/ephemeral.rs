use crate::account::DisplayName;
use crate::chat::Reaction;
use crate::shared::actor::Identity;
use crate::shared::id::StreamId;

/// What a room shows and no log keeps: worth nothing a moment later, so it may be merged or
/// dropped.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum Ephemeral {
    /// How many watch, and some of those who came and went.
    Viewers {
        /// Which stream.
        stream: StreamId,
        /// How many.
        viewers: u64,
        /// Who came.
        joined: Vec<Identity>,
        /// Who went.
        left: Vec<Identity>,
    },
    /// How people reacted in the last moment, counted together.
    Reactions {
        /// With what, and how many of each.
        counts: Vec<(Reaction, u32)>,
    },
    /// Somebody types, or has stopped.
    Typing {
        /// Who.
        who: Identity,
        /// What they are called.
        name: DisplayName,
        /// Whether they still do.
        active: bool,
    },
}
