//! Chat, shown elsewhere too.

use async_trait::async_trait;

use crate::media::MediaServerError;
use crate::shared::id::ChannelId;

/// Shows what a channel's chat says to whoever watches by other means than ours. Nothing comes
/// back that way: who wants to speak posts to us, where moderation holds.
///
/// Promises: what is sent one after the other arrives in that order, or not at all. It is a
/// mirror: what it loses is in the room's log.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Messenger: Send + Sync {
    /// One line of the log as everybody may see it, in JSON.
    async fn show(&self, channel: ChannelId, line: &[u8]) -> Result<(), MediaServerError>;
}
