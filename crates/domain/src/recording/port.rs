//! What recordings need of the outside.

use async_trait::async_trait;

use crate::recording::{Recording, RecordingProgress};
use crate::shared::id::{ChannelId, RecordingId, StreamId};
use crate::shared::page::{Page, PageRequest, UnknownCursor};
use crate::shared::store::{StoreError, Stored};

/// Reads recordings.
///
/// Promises: sees every commit that was acknowledged before the call.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Recordings: Send + Sync {
    /// By id.
    async fn get(&self, id: RecordingId) -> Result<Option<Stored<Recording>>, StoreError>;

    /// A stream's recordings, newest first. Stable while recordings are written.
    async fn of_stream(
        &self,
        stream: StreamId,
        page: &PageRequest,
    ) -> Result<Result<Page<Recording>, UnknownCursor>, StoreError>;

    /// Those that are [not over](Recording::is_open), in the order of their ids.
    async fn open(&self) -> Result<Vec<Stored<Recording>>, StoreError>;
}

/// What is to be recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordingOrder {
    /// What the recording is called.
    pub recording: RecordingId,
    /// Whose stream.
    pub channel: ChannelId,
    /// Which.
    pub stream: StreamId,
}

/// Keeps what is published.
///
/// It tells how it goes by [`MediaEvent::Recorded`](crate::media::MediaEvent::Recorded), and
/// whenever it is asked; what is told twice or late bends nothing.
///
/// Promises: every call can be repeated and does the same; what was kept before a stop, or
/// before the recorder had to give up, is not thrown away.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Recorder: Send + Sync {
    /// Begins a recording. What is known of it when it answers may be no more than that it was
    /// asked for.
    async fn start(&self, order: RecordingOrder) -> Result<(), RecorderError>;

    /// Nothing more comes to the recording. Nothing happens when there is none, or when it has
    /// ended.
    async fn stop(&self, recording: RecordingId) -> Result<(), RecorderError>;

    /// How far these are, in the order asked for; `None` for one that is not known.
    async fn progress(
        &self,
        recordings: &[RecordingId],
    ) -> Result<Vec<Option<RecordingProgress>>, RecorderError>;
}

/// The recorder has not done it.
#[derive(Debug, thiserror::Error)]
pub enum RecorderError {
    /// Nobody publishes to the stream.
    #[error("nobody publishes to the stream")]
    NothingToRecord,
    /// It has as much to do as it can do.
    #[error("the recorder has too much to do")]
    Busy,
    /// It cannot be reached now; later it may.
    #[error("the recorder cannot be reached")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}
