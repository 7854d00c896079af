//! What streams refuse.

/// A stream's refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StreamError {
    /// It is over, for good.
    #[error("the stream has ended")]
    Ended,
    /// It is not on air yet.
    #[error("the stream is not live")]
    NotLive,
    /// Another encoder publishes to it.
    #[error("another encoder is publishing to this stream")]
    AlreadyPublishing,
}
