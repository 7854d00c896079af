//! What happens to recordings.

use crate::recording::RecordingFailure;
use crate::shared::id::{ChannelId, RecordingId, StreamId};

/// Something happened to a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RecordingEvent {
    /// Which.
    pub recording: RecordingId,
    /// Of what.
    pub stream: StreamId,
    /// Of whose.
    pub channel: ChannelId,
    /// What.
    pub what: RecordingChange,
}

/// What happened to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum RecordingChange {
    /// It was asked for.
    Requested,
    /// The first of it is kept.
    Began,
    /// Nothing more comes to it; what was kept is made ready.
    Stopped,
    /// It can be played.
    Finished,
    /// There is nothing to play.
    Failed(RecordingFailure),
}
