//! No media server: channels, streams and chat without pictures.

use async_trait::async_trait;
use greenroom_domain::channel::Handle;
use greenroom_domain::media::{
    GrantToken, IngestAddress, IngestStatus, MediaServer, MediaServerError, PlaybackAddress,
};
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::id::{ChannelId, StreamId};
use greenroom_domain::stream::Generation;

/// Nobody publishes and nobody plays: a stream that is started by command ends as one without
/// media.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NoMedia;

#[async_trait]
impl MediaServer for NoMedia {
    fn ingest_addresses(&self) -> Vec<IngestAddress> {
        Vec::new()
    }

    fn playback_addresses(&self, _: &Handle, _: Option<GrantToken>) -> Vec<PlaybackAddress> {
        Vec::new()
    }

    async fn ingest_status(&self, _: StreamId) -> Result<Option<IngestStatus>, MediaServerError> {
        Ok(None)
    }

    async fn close_ingest(&self, _: StreamId, _: Generation) -> Result<(), MediaServerError> {
        Ok(())
    }

    async fn end(&self, _: ChannelId, _: StreamId) -> Result<(), MediaServerError> {
        Ok(())
    }

    async fn revoke_playback(&self, _: ChannelId, _: Identity) -> Result<(), MediaServerError> {
        Ok(())
    }
}
