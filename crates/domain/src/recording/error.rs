//! What recording refuses.

/// It was not done. Nothing of it was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordingError {
    /// There is nothing to record: nobody publishes.
    #[error("nobody publishes to the stream; start the encoder first")]
    NotPublishing,
    /// The stream is being recorded.
    #[error("the stream is being recorded")]
    AlreadyRecording,
    /// The recording is over.
    #[error("the recording is over")]
    Over,
}
