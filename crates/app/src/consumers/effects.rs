//! What follows from what was committed, beyond the store: [`at_this_node`] at every node,
//! [`for_the_platform`] at one.
//!
//! Carried out right after the commit, and again by what reads the feed until it is done: each
//! is idempotent, judged by how things stand now rather than by the event alone.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use greenroom_domain::access::Tie;
use greenroom_domain::account::{AccountEvent, CreatorStatus};
use greenroom_domain::channel::{ChannelEvent, KeyState, StreamKey};
use greenroom_domain::chat::ChatEvent;
use greenroom_domain::media::MediaServerError;
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::event::{Event, Happening};
use greenroom_domain::shared::id::{ChannelId, StreamId, StreamKeyId};
use greenroom_domain::social::SocialEvent;
use greenroom_domain::stream::{Generation, Publisher, Stream, StreamEvent};

use crate::channel::view;
use crate::stream::end;
use crate::{App, Refusal};

/// An engine that takes longer is not there; the effect is repeated.
const LIMIT: Duration = Duration::from_secs(5);

/// Carries out what follows from an event that was committed here, but for what its use case
/// does itself.
pub(crate) async fn carry_out(app: &App, event: &Event) -> Result<(), Refusal> {
    at_this_node(app, event).await?;
    within_limit(clean_up(app, event)).await
}

/// What every node does for itself: its caches, its connections, whom it tells, its encoders and
/// players.
pub(crate) async fn at_this_node(app: &App, event: &Event) -> Result<(), Refusal> {
    forget_what_changed(app, event);
    app.notifications.take_event(event);
    app.recordings.take_event(event);
    within_limit(act_on(app, event)).await
}

/// What one node does for all, with what the use case itself does right after its commit: the
/// process may have died between the two.
pub(crate) async fn for_the_platform(app: &Arc<App>, event: &Event) -> Result<(), Refusal> {
    within_limit(clean_up(app, event)).await?;
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

async fn within_limit(effect: impl Future<Output = Result<(), Refusal>>) -> Result<(), Refusal> {
    match tokio::time::timeout(LIMIT, effect).await {
        Ok(done) => done,
        Err(elapsed) => Err(MediaServerError(Box::new(elapsed)).into()),
    }
}

fn forget_what_changed(app: &App, event: &Event) {
    let now = app.now();
    app.channels
        .forget(now, |view| view::is_changed(view, &event.what));
    if let Happening::Account(about) = &event.what {
        app.users.forget(now, |user| user.id == about.user());
    }
    match &event.what {
        Happening::Chat(
            ChatEvent::Restricted { channel, .. }
            | ChatEvent::RestrictionLifted { channel, .. }
            | ChatEvent::SettingsChanged { channel, .. }
            | ChatEvent::Pinned { channel, .. }
            | ChatEvent::Unpinned { channel, .. }
            | ChatEvent::RoleChanged { channel, .. },
        )
        | Happening::Social(
            SocialEvent::Blocked {
                channel: Some(channel),
                ..
            }
            | SocialEvent::Unblocked {
                channel: Some(channel),
                ..
            },
        ) => app.rules.forget(*channel),
        Happening::Account(AccountEvent::AvatarChanged { .. } | AccountEvent::Renamed { .. })
        | Happening::Channel(ChannelEvent::Edited { .. } | ChannelEvent::CoverChanged { .. })
        | Happening::Stream(
            StreamEvent::Started { .. }
            | StreamEvent::Interrupted { .. }
            | StreamEvent::Resumed { .. }
            | StreamEvent::Retitled { .. }
            | StreamEvent::Ended { .. },
        ) => app.live.forget(),
        _ => {}
    }
}

async fn act_on(app: &App, event: &Event) -> Result<(), Refusal> {
    match &event.what {
        Happening::Account(AccountEvent::SignedOut { session, .. }) => {
            app.session_ended(*session);
            Ok(())
        }
        Happening::Channel(
            ChannelEvent::KeyRotated { channel, key } | ChannelEvent::KeyRevoked { channel, key },
        ) => {
            cut_off(app, *channel, *key).await?;
            Ok(app.ports.media.withdraw_credentials(*key).await?)
        }
        Happening::Stream(
            StreamEvent::Started { stream, .. }
            | StreamEvent::Interrupted { stream, .. }
            | StreamEvent::Resumed { stream, .. },
        ) => leave_to_the_current(app, *stream).await,
        Happening::Stream(StreamEvent::Ended {
            stream, channel, ..
        }) => Ok(app.ports.media.end(*channel, *stream).await?),
        Happening::Chat(ChatEvent::Restricted {
            channel, subject, ..
        }) => shut_out(app, *channel, *subject).await,
        Happening::Social(SocialEvent::Blocked {
            channel: Some(channel),
            blocked,
            ..
        }) => shut_out(app, *channel, Identity::User(*blocked)).await,
        Happening::Account(_)
        | Happening::Channel(_)
        | Happening::Stream(_)
        | Happening::Social(_)
        | Happening::Recording(_)
        | Happening::Chat(
            ChatEvent::SettingsChanged { .. }
            | ChatEvent::RestrictionLifted { .. }
            | ChatEvent::MessageDeleted { .. }
            | ChatEvent::Pinned { .. }
            | ChatEvent::Unpinned { .. }
            | ChatEvent::RoleChanged { .. },
        ) => Ok(()),
    }
}

/// Lets go of what nobody needs any more.
async fn clean_up(app: &App, event: &Event) -> Result<(), Refusal> {
    match &event.what {
        Happening::Stream(StreamEvent::Ended { stream, .. }) => {
            Ok(app.ports.presence.clear(*stream).await?)
        }
        // Nobody shows it any more, nor will: each upload is another picture.
        Happening::Account(AccountEvent::AvatarChanged {
            before: Some(before),
            ..
        })
        | Happening::Channel(ChannelEvent::CoverChanged {
            before: Some(before),
            ..
        }) => Ok(app.ports.objects.delete(&before.key()).await?),
        _ => Ok(()),
    }
}

/// Who is banned or blocked does not go on watching.
async fn shut_out(app: &App, channel: ChannelId, who: Identity) -> Result<(), Refusal> {
    if app.rules.of(app, channel).await?.tie(who) == Tie::ShutOut {
        app.hub.shut_out(channel, who);
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

/// Cuts off publishers that are no longer current: another has come, here or at another node,
/// or this node was taken for dead.
async fn leave_to_the_current(app: &App, stream: StreamId) -> Result<(), Refusal> {
    let Some(stored) = app.ports.streams.get(stream).await? else {
        return Ok(());
    };
    let Stream {
        channel,
        generation,
        ..
    } = stored.value;
    let earlier = Generation(generation.0.saturating_sub(1));
    let media = &app.ports.media;
    match stored.value.publisher() {
        Some(publisher) if publisher.node != app.node => {
            media.hand_over(channel, stream, generation).await?;
        }
        Some(_) => media.close_ingest(stream, earlier).await?,
        None => media.close_ingest(stream, generation).await?,
    }
    Ok(())
}
