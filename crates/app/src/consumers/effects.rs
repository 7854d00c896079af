//! What the outside has to do because of what was committed: the media engine, and what keeps
//! pictures.
//!
//! Carried out right after the commit, and again by the feed's consumer: each is idempotent,
//! judged by how things stand now rather than by the event alone.

use std::sync::Arc;
use std::time::Duration;

use greenroom_domain::account::{AccountEvent, CreatorStatus};
use greenroom_domain::channel::{ChannelEvent, KeyState, StreamKey};
use greenroom_domain::chat::ChatEvent;
use greenroom_domain::media::MediaServerError;
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::event::{Event, Happening};
use greenroom_domain::shared::id::{ChannelId, StreamKeyId};
use greenroom_domain::stream::{Publisher, StreamEvent};

use crate::stream::end;
use crate::{App, Refusal};

/// An engine that takes longer is not there; the effect is repeated.
const LIMIT: Duration = Duration::from_secs(5);

/// Carries out what follows from an event.
pub(crate) async fn carry_out(app: &App, event: &Event) -> Result<(), Refusal> {
    match tokio::time::timeout(LIMIT, at_once(app, event)).await {
        Ok(done) => done,
        Err(elapsed) => Err(MediaServerError(Box::new(elapsed)).into()),
    }
}

/// Carries it out again, together with what the use case itself does right after its commit:
/// the process may have died between the two.
pub(crate) async fn repeat(app: &Arc<App>, event: &Event) -> Result<(), Refusal> {
    carry_out(app, event).await?;
    match &event.what {
        Happening::Account(AccountEvent::CreatorSuspended { user }) => {
            let suspended = app.ports.users.get(*user).await?;
            match suspended {
                Some(user) if user.value.creator == CreatorStatus::Suspended => {
                    end::live_stream_of(app, &event.by, user.value.id).await
                }
                _ => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

async fn at_once(app: &App, event: &Event) -> Result<(), Refusal> {
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
        // Nobody shows it any more, nor will: each upload is another picture.
        Happening::Account(AccountEvent::AvatarChanged {
            before: Some(before),
            ..
        })
        | Happening::Channel(ChannelEvent::CoverChanged {
            before: Some(before),
            ..
        }) => app.ports.objects.delete(&before.key()).await?,
        Happening::Chat(ChatEvent::Restricted {
            channel, subject, ..
        }) => {
            app.rules.forget(*channel);
            shut_out(app, *channel, *subject).await?;
        }
        Happening::Chat(
            ChatEvent::SettingsChanged { channel, .. }
            | ChatEvent::RestrictionLifted { channel, .. },
        ) => app.rules.forget(*channel),
        Happening::Account(_)
        | Happening::Channel(_)
        | Happening::Stream(_)
        | Happening::Chat(ChatEvent::MessageDeleted { .. }) => {}
    }
    Ok(())
}

/// Who is banned does not go on watching.
async fn shut_out(app: &App, channel: ChannelId, who: Identity) -> Result<(), Refusal> {
    let restriction = app.ports.moderation.restriction(channel, who).await?;
    if restriction.is_some_and(|it| it.kind.is_ban()) {
        app.ports.media.revoke_playback(channel, who).await?;
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
        // At the same moment, it is not known which came first: who has the new secret comes back.
        KeyState::Active { since, .. } => publisher.since <= *since,
        KeyState::Revoked { .. } => true,
    }
}
