//! What a media server that runs elsewhere tells by HTTP.

use async_trait::async_trait;

/// Takes what a media server posts, and goes on by it as [`MediaEvents`](super::MediaEvents).
///
/// Promises: nothing of the body is looked at before it is known who sent it; what comes
/// twice, late or in another order leaves the same state; it answers at once.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait MediaWebhooks: Send + Sync {
    /// One delivery: the `Authorization` header as it came, and the raw body.
    async fn receive(&self, authorization: &str, body: &[u8]) -> Result<(), WebhookRefused>;
}

/// A delivery was not taken, and has changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebhookRefused {
    /// Not signed with our key, changed on its way, or too old.
    #[error("the delivery is not signed as it should be")]
    Unsigned,
    /// Signed, and not understood.
    #[error("the delivery is not understood")]
    Malformed,
    /// There is no room for it now: it is to be sent again.
    #[error("too many deliveries are waiting")]
    Busy,
}
