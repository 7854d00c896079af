//! What the media engine has to do because of what was committed.
//!
//! Carried out right after the commit, and again by the feed's consumer: each is idempotent,
//! judged by how things stand now rather than by the event alone.

use greenroom_domain::channel::{ChannelEvent, KeyState, StreamKey};
use greenroom_domain::chat::ChatEvent;
use greenroom_domain::shared::event::{Event, Happening};
use greenroom_domain::shared::id::{ChannelId, StreamKeyId};
use greenroom_domain::stream::{Publisher, StreamEvent};

use crate::{App, Refusal};

/// Carries out what follows from an event.
pub async fn carry_out(app: &App, event: &Event) -> Result<(), Refusal> {
    match &event.what {
        Happening::Stream(StreamEvent::Ended {
            stream, channel, ..
        }) => {
            app.ports.media.end(*channel, *stream).await?;
            app.ports.presence.clear(*stream).await?;
        }
        Happening::Channel(
            ChannelEvent::KeyRotated { channel, key } | ChannelEvent::KeyRevoked { channel, key },
        ) => cut_off(app, *channel, *key).await?,
        Happening::Chat(ChatEvent::Restricted {
            channel,
            subject,
            kind,
            ..
        }) if kind.is_ban() => {
            app.rules.forget(*channel);
            app.ports.media.revoke_playback(*channel, *subject).await?;
        }
        Happening::Account(_)
        | Happening::Channel(_)
        | Happening::Stream(_)
        | Happening::Chat(_) => {}
    }
    Ok(())
}

/// Cuts off who publishes with a secret that this key no longer has.
async fn cut_off(app: &App, channel: ChannelId, key: StreamKeyId) -> Result<(), Refusal> {
    let Some(live) = app.ports.streams.live_of(channel).await? else {
        return Ok(());
    };
    let Some(publisher) = live
        .value
        .publisher()
        .filter(|publisher| publisher.key == key)
    else {
        return Ok(());
    };
    let Some(key) = app.ports.stream_keys.get(key).await? else {
        return Ok(());
    };
    if is_outdated(&key.value, publisher) {
        app.ports
            .media
            .close_ingest(live.value.id, live.value.generation)
            .await?;
    }
    Ok(())
}

fn is_outdated(key: &StreamKey, publisher: Publisher) -> bool {
    match &key.state {
        KeyState::Active { since, .. } => publisher.since < *since,
        KeyState::Revoked { .. } => true,
    }
}
