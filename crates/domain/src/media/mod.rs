//! Media: what an engine is told, what it asks, and what it tells.
//!
//! The way in is [`MediaEvents`], which the application implements and engines call; the way
//! out is [`MediaServer`], which engines implement.
//!
//! Where a platform has several nodes, each with an engine of its own, media stay on the node
//! that the encoder came to. A player that asks another node is redirected
//! ([`PlaybackRefused::Elsewhere`]); the addresses that the application gives name the right
//! node at once.

mod messenger;
mod playback;
mod publish;
mod room;
mod webhook;

use async_trait::async_trait;

pub use messenger::Messenger;
#[cfg(feature = "mocks")]
pub use messenger::MockMessenger;
pub use playback::{
    GrantToken, PlaybackAddress, PlaybackKind, PlaybackLease, PlaybackRefused, PlaybackRequest,
};
pub use publish::{
    AudioStatus, IngestAddress, IngestCredential, IngestLease, IngestStatus, KeyOfChannel,
    KeyVersion, PublishRefused, PublishRequest, VideoStatus,
};
pub use room::{EngineSecret, Seat, SeatRequest, SeatRole, Tab};
#[cfg(feature = "mocks")]
pub use webhook::MockMediaWebhooks;
pub use webhook::{MediaWebhooks, WebhookRefused};

use crate::channel::Handle;
use crate::recording::RecordingProgress;
use crate::shared::actor::Identity;
use crate::shared::id::{ChannelId, RecordingId, StreamId, StreamKeyId};
use crate::shared::store::StoreError;
use crate::stream::Generation;
use std::time::Duration;

/// What an engine asks and tells.
///
/// Promises: a refusal has kept nothing; a repeated or late report changes nothing; every
/// call answers within seconds.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait MediaEvents: Send + Sync {
    /// May this encoder publish? When it may, its stream is live from now on, and any earlier
    /// publisher of it is no longer current.
    async fn authorize_publish(
        &self,
        request: PublishRequest,
    ) -> Result<IngestLease, PublishRefused>;

    /// The same of an encoder that came with [what the engine made](IngestCredential) for this
    /// key of ours.
    ///
    /// Nobody, where engines are not expected to make any.
    async fn authorize_key(&self, key: KeyVersion) -> Result<IngestLease, PublishRefused> {
        let _ = key;
        Err(PublishRefused::UnknownKey)
    }

    /// May this player have the channel's media? Called once for each grant that the engine
    /// does not know, not for each request.
    async fn authorize_playback(
        &self,
        request: PlaybackRequest,
    ) -> Result<PlaybackLease, PlaybackRefused>;

    /// May they still watch, whose [seat](Seat) was given to them a while ago?
    ///
    /// Nobody, where engines are not expected to have rooms.
    async fn authorize_viewer(
        &self,
        channel: ChannelId,
        viewer: Identity,
    ) -> Result<(), PlaybackRefused> {
        let _ = (channel, viewer);
        Err(PlaybackRefused::Forbidden)
    }

    /// Tells what happened. On an error the engine tells it again, for a while.
    async fn report(&self, event: MediaEvent) -> Result<(), StoreError>;
}

/// What an engine tells.
#[derive(Debug, Clone, PartialEq)]
pub enum MediaEvent {
    /// The encoder dropped, or said goodbye.
    IngestLost {
        /// Of which stream.
        stream: StreamId,
        /// Which publisher.
        generation: Generation,
    },
    /// These people's players have asked for media since the last report, a few seconds ago.
    Watched {
        /// Whose media.
        channel: ChannelId,
        /// Who, each once.
        viewers: Vec<Identity>,
    },
    /// These people's players have gone. An engine that cannot know says nothing.
    Left {
        /// Whose media.
        channel: ChannelId,
        /// Who, each once.
        viewers: Vec<Identity>,
    },
    /// How far a recording is.
    Recorded {
        /// Which.
        recording: RecordingId,
        /// What its recorder tells.
        progress: RecordingProgress,
    },
}

/// A media engine.
///
/// Promises: every call can be repeated and answers the same; what it closes is closed when
/// it answers.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait MediaServer: Send + Sync {
    /// Where encoders publish to; the key is appended as the last part of the path.
    fn ingest_addresses(&self) -> Vec<IngestAddress>;

    /// Where a channel is played, relative to the public address.
    fn playback_addresses(
        &self,
        handle: &Handle,
        grant: Option<GrantToken>,
    ) -> Vec<PlaybackAddress>;

    /// Where a frame of the channel's stream is shown as a picture, relative to the public
    /// address; the path changes with the picture. `None` while there is none.
    fn thumbnail(&self, handle: &Handle) -> Option<String> {
        let _ = handle;
        None
    }

    /// The same of a stream whose media are on another node: the path there, whether there is
    /// a picture or not. `None` where an engine makes none, or spans all nodes.
    fn thumbnail_elsewhere(&self, handle: &Handle) -> Option<String> {
        let _ = handle;
        None
    }

    /// How the stream's encoder is doing on this node; `None` when there is none here.
    async fn ingest_status(
        &self,
        stream: StreamId,
    ) -> Result<Option<IngestStatus>, MediaServerError>;

    /// Cuts off the stream's publishers up to this generation. The stream's media stays, for
    /// the encoder may come back.
    async fn close_ingest(
        &self,
        stream: StreamId,
        up_to: Generation,
    ) -> Result<(), MediaServerError>;

    /// The stream is over: cuts off its publishers, and tells players that it is.
    async fn end(&self, channel: ChannelId, stream: StreamId) -> Result<(), MediaServerError>;

    /// The stream's media are on another node from now on: cuts off its publishers here, and
    /// asks about its players anew. An engine that spans all nodes has nothing to do.
    async fn hand_over(
        &self,
        channel: ChannelId,
        stream: StreamId,
        up_to: Generation,
    ) -> Result<(), MediaServerError> {
        let _ = (channel, stream, up_to);
        Ok(())
    }

    /// Somebody's grants for the channel are worth nothing from now on.
    async fn revoke_playback(
        &self,
        channel: ChannelId,
        who: Identity,
    ) -> Result<(), MediaServerError>;

    /// A seat in the channel's room; `None` where an engine has none.
    async fn take_seat(&self, seat: SeatRequest) -> Result<Option<Seat>, MediaServerError> {
        let _ = seat;
        Ok(None)
    }

    /// What encoders are given that publish with this key: the same each time, until they are
    /// [withdrawn](Self::withdraw_credentials). Empty where the key's secret is what they are
    /// given.
    async fn ingest_credentials(
        &self,
        key: KeyOfChannel,
    ) -> Result<Vec<IngestCredential>, MediaServerError> {
        let _ = key;
        Ok(Vec::new())
    }

    /// What was made for this key is worth nothing from now on.
    async fn withdraw_credentials(&self, key: StreamKeyId) -> Result<(), MediaServerError> {
        let _ = key;
        Ok(())
    }

    /// For how long the stream's current encoder has sent nothing; `None` when there is no
    /// encoder here.
    async fn silence(&self, stream: StreamId) -> Result<Option<Duration>, MediaServerError> {
        Ok(self
            .ingest_status(stream)
            .await?
            .map(|status| status.silence))
    }
}

/// The media engine could not be reached.
#[derive(Debug, thiserror::Error)]
#[error("the media engine cannot be reached")]
pub struct MediaServerError(#[source] pub Box<dyn std::error::Error + Send + Sync>);
