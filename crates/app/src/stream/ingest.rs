//! What the media engine asks and tells.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use greenroom_domain::channel::{ChannelError, StreamKey};
use greenroom_domain::media::{
    IngestLease, KeyVersion, MediaEvent, MediaEvents, PlaybackLease, PlaybackRefused,
    PlaybackRequest, PublishRefused, PublishRequest,
};
use greenroom_domain::shared::actor::{Actor, Identity};
use greenroom_domain::shared::commit::{Claim, ClaimChange, Holder, StateChange};
use greenroom_domain::shared::id::{ChannelId, StreamId, StreamKeyId};
use greenroom_domain::shared::secret::Purpose;
use greenroom_domain::shared::store::{StoreError, Stored, Version};
use greenroom_domain::stream::{Generation, NewStream, Publisher, Stream, StreamError, Via};

use crate::commit::{Attempt, write};
use crate::recording::follow;
use crate::stream::playback;
use crate::{App, Refusal};

/// The application as its media engine sees it.
pub struct Ingests(pub Arc<App>);

#[async_trait]
impl MediaEvents for Ingests {
    async fn authorize_publish(
        &self,
        request: PublishRequest,
    ) -> Result<IngestLease, PublishRefused> {
        let app = &self.0;
        let lease = match app
            .limit(
                "publish",
                request.peer.to_string(),
                app.settings.publish_quota,
            )
            .await
        {
            Ok(()) => {
                let hash = app
                    .ports
                    .secrets
                    .mac(Purpose::StreamKey, request.key.expose().as_bytes());
                let keys = &app.ports.stream_keys;
                app.retry(|| async { attach(app, keys.by_hash(hash).await?).await })
                    .await
            }
            Err(refusal) => Err(refusal),
        };
        lease.map_err(refused)
    }

    async fn authorize_key(&self, key: KeyVersion) -> Result<IngestLease, PublishRefused> {
        let app = &self.0;
        let keys = &app.ports.stream_keys;
        let lease = app.retry(|| async {
            let known = keys.get(key.key).await?;
            let current = |known: &Stored<StreamKey>| known.value.since() == Some(key.since);
            attach(app, known.filter(current)).await
        });
        match lease.await {
            // Engines that span all nodes show every node the same encoders.
            Err(Refusal::Stream(StreamError::AlreadyPublishing))
                if publishes_elsewhere(app, key.key).await.map_err(refused)? =>
            {
                Err(PublishRefused::Elsewhere)
            }
            lease => lease.map_err(refused),
        }
    }

    async fn authorize_playback(
        &self,
        request: PlaybackRequest,
    ) -> Result<PlaybackLease, PlaybackRefused> {
        playback::authorize(&self.0, request).await
    }

    async fn authorize_viewer(
        &self,
        channel: ChannelId,
        viewer: Identity,
    ) -> Result<(), PlaybackRefused> {
        playback::may_watch(&self.0, channel, viewer).await
    }

    async fn report(&self, event: MediaEvent) -> Result<(), StoreError> {
        let app = &self.0;
        let done = match event {
            MediaEvent::IngestLost { stream, generation } => {
                app.retry(|| lost(app, stream, generation)).await
            }
            MediaEvent::Watched { channel, viewers } => watched(app, channel, viewers).await,
            MediaEvent::Left { channel, viewers } => left(app, channel, viewers).await,
            MediaEvent::Recorded {
                recording,
                progress,
            } => follow::told(app, recording, progress).await,
        };
        done.map_err(|refusal| match refusal {
            Refusal::Store(error) => error,
            other => StoreError::Unavailable(Box::new(other)),
        })
    }
}

/// What the engine is told.
fn refused(refusal: Refusal) -> PublishRefused {
    match refusal {
        Refusal::NoSuchKey => PublishRefused::UnknownKey,
        Refusal::Stream(StreamError::Ended) => PublishRefused::Ended,
        Refusal::Stream(_) | Refusal::AnotherStreamIsLive => PublishRefused::AlreadyPublishing,
        Refusal::Channel(ChannelError::Held { until }) => PublishRefused::Held { until },
        Refusal::Channel(ChannelError::Locked) | Refusal::Account(_) => PublishRefused::Locked,
        Refusal::TooMany { .. } => PublishRefused::TooMany,
        other => PublishRefused::Unavailable(Box::new(other)),
    }
}

/// An encoder comes in: its key opens the channel's stream or goes on with it.
async fn attach(app: &Arc<App>, key: Option<Stored<StreamKey>>) -> Result<IngestLease, Attempt> {
    let now = app.now();
    let key = key.ok_or(Refusal::NoSuchKey)?;
    // The stream before its channel: whoever ends it in between has shut the gate that is
    // looked at then, or else has moved the stream's version.
    let live = stream_of(app, &key.value).await?;
    let channel = app.channel(key.value.channel).await?.value;
    let owner = app
        .ports
        .users
        .get(channel.owner)
        .await?
        .ok_or(Refusal::NoSuchUser)?;
    owner.value.require_creator()?;
    channel.admit(key.value.id, now)?;

    let mut happened = Vec::new();
    let stored = match live {
        Some(stored) => stored,
        None => {
            let id = StreamId::from_uuid(app.ports.ids.uuid());
            let (title, category) = (channel.title.clone(), channel.category.clone());
            let created = Stream::create(
                NewStream {
                    id,
                    channel: channel.id,
                    title,
                    category,
                },
                now,
            );
            happened.extend(created.happened);
            Stored {
                value: created.next,
                version: Version::NEW,
            }
        }
    };
    let silence = silence(app, &stored.value).await?;
    let publisher = Publisher {
        node: app.node,
        key: key.value.id,
        since: now,
    };
    let decision = stored
        .value
        .attach(publisher, silence, &app.settings.streams, now)?;
    happened.extend(decision.happened);
    let stream = decision.next;
    let by = Actor::User {
        id: owner.value.id,
        role: owner.value.role,
    };
    // Written as they were read: a key that is rotated and a creator who is suspended at this
    // moment conflict, and are looked at again.
    let changes = app
        .tell(&by, happened, now)
        .state(StateChange::Stream(write(stream.clone(), stored.version)))
        .state(StateChange::StreamKey(write(key.value, key.version)))
        .state(StateChange::User(write(owner.value, owner.version)))
        .claim(ClaimChange::Take(
            Claim::LiveStream(channel.id),
            Holder::Stream(stream.id),
        ));
    app.commit(changes).await?;
    Ok(IngestLease {
        stream: stream.id,
        channel: channel.id,
        handle: channel.handle,
        generation: stream.generation,
    })
}

async fn stream_of(app: &App, key: &StreamKey) -> Result<Option<Stored<Stream>>, Refusal> {
    match key.bound_to {
        Some(bound) => Ok(Some(
            app.ports
                .streams
                .get(bound)
                .await?
                .ok_or(Refusal::NoSuchKey)?,
        )),
        None => Ok(app.ports.streams.live_of(key.channel).await?),
    }
}

/// Whether what the key opens is published to another node, which is there.
async fn publishes_elsewhere(app: &App, key: StreamKeyId) -> Result<bool, Refusal> {
    let Some(key) = app.ports.stream_keys.get(key).await? else {
        return Ok(false);
    };
    let stream = stream_of(app, &key.value).await?;
    match stream.and_then(|stream| stream.value.publisher()) {
        Some(publisher) if publisher.node != app.node => {
            Ok(app.another_node(publisher.node).await?.is_some())
        }
        _ => Ok(false),
    }
}

/// For how long the current publisher has been silent; `None` when there is no trace of it. One
/// on another node is not silent as long as that node is there.
async fn silence(app: &App, stream: &Stream) -> Result<Option<Duration>, Refusal> {
    match stream.publisher() {
        Some(publisher) if publisher.node == app.node => {
            Ok(app.ports.media.silence(stream.id).await?)
        }
        Some(publisher) => {
            let node = app.another_node(publisher.node).await?;
            Ok(node.map(|_| Duration::ZERO))
        }
        None => Ok(None),
    }
}

pub(super) async fn lost(
    app: &Arc<App>,
    id: StreamId,
    generation: Generation,
) -> Result<(), Attempt> {
    let Some(stored) = app.ports.streams.get(id).await? else {
        return Ok(());
    };
    let now = app.now();
    let decision = stored
        .value
        .lose_ingest(generation, &app.settings.streams, now);
    if !decision.is_unchanged() {
        let changes = app
            .tell(&Actor::System, decision.happened, now)
            .state(StateChange::Stream(write(decision.next, stored.version)));
        app.commit(changes).await?;
    }
    Ok(())
}

async fn watched(app: &App, channel: ChannelId, viewers: Vec<Identity>) -> Result<(), Refusal> {
    let channel = app.channel(channel).await?.value;
    let Some(live) = app.ports.streams.live_of(channel.id).await? else {
        return Ok(());
    };
    let until = app.now() + app.settings.media_presence;
    for viewer in viewers {
        // A creator is not their own audience.
        if viewer != Identity::User(channel.owner) {
            app.ports
                .presence
                .renew(live.value.id, viewer, Via::Media, until)
                .await?;
        }
    }
    Ok(())
}

async fn left(app: &App, channel: ChannelId, viewers: Vec<Identity>) -> Result<(), Refusal> {
    let Some(live) = app.ports.streams.live_of(channel).await? else {
        return Ok(());
    };
    for viewer in viewers {
        app.ports
            .presence
            .leave(live.value.id, viewer, Via::Media)
            .await?;
    }
    Ok(())
}
