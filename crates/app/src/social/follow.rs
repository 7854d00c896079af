//! Follows a channel, and unfollows it.

use std::sync::Arc;
use std::time::Duration;

use greenroom_domain::access::Action;
use greenroom_domain::channel::{Channel, Handle};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::commit::{CounterChange, StateChange};
use greenroom_domain::shared::id::{ChannelId, UserId};
use greenroom_domain::shared::rate::Quota;
use greenroom_domain::shared::store::Version;
use greenroom_domain::social::{Follow, Notify};

use crate::commit::{Attempt, signed_in, write};
use crate::{App, Refusal};

/// How often somebody may follow and unfollow: more is a machine's doing.
const QUOTA: Quota = Quota {
    burst: 30,
    per: Duration::from_secs(60),
};

/// How somebody stands to a channel as a follower.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Following {
    /// Whether, since when and with what wishes they follow it.
    pub follow: Option<Follow>,
    /// How many follow it in all.
    pub followers: u64,
}

/// Follows a channel; who does already may want to be told something else. Again is no change.
pub async fn execute(
    app: &Arc<App>,
    actor: &Actor,
    handle: &Handle,
    notify: Notify,
) -> Result<Following, Refusal> {
    let follower = signed_in(actor)?;
    app.limit("follow", follower.to_string(), QUOTA).await?;
    let follow = app
        .retry(|| attempt(app, actor, follower, handle, notify))
        .await?;
    with_count(app, Some(follow), follow.channel).await
}

async fn attempt(
    app: &Arc<App>,
    actor: &Actor,
    follower: UserId,
    handle: &Handle,
    notify: Notify,
) -> Result<Follow, Attempt> {
    let channel = app.channel_by_handle(handle).await?.value;
    app.authorize(actor, &channel, Action::Follow).await?;
    let follows = &app.ports.follows;
    let (decision, seen) = match follows.get(follower, channel.id).await? {
        Some(stored) => (stored.value.notify(notify), stored.version),
        None => {
            let following = follows.following(follower).await?;
            let begun = Follow::begin(follower, &channel, following, notify, app.now())?;
            (begun, Version::NEW)
        }
    };
    if decision.is_unchanged() {
        return Ok(decision.next);
    }
    let mut changes = app
        .tell(actor, decision.happened, app.now())
        .state(StateChange::Follow(write(decision.next, seen)));
    if seen == Version::NEW {
        changes = changes.counter(CounterChange::FollowerCame(channel.id));
    }
    app.commit(changes).await?;
    Ok(decision.next)
}

/// Follows it no more. Again is no change.
pub async fn end(app: &Arc<App>, actor: &Actor, handle: &Handle) -> Result<Following, Refusal> {
    let follower = signed_in(actor)?;
    app.limit("follow", follower.to_string(), QUOTA).await?;
    // Also of a channel that has shut them out.
    let channel = app.channel_by_handle(handle).await?.value;
    app.retry(|| attempt_end(app, actor, follower, &channel))
        .await?;
    with_count(app, None, channel.id).await
}

async fn attempt_end(
    app: &Arc<App>,
    actor: &Actor,
    follower: UserId,
    channel: &Channel,
) -> Result<(), Attempt> {
    let Some(stored) = app.ports.follows.get(follower, channel.id).await? else {
        return Ok(());
    };
    let ended = StateChange::Unfollowed(follower, channel.id, stored.version);
    let changes = app
        .tell(actor, vec![stored.value.end().into()], app.now())
        .state(ended)
        .counter(CounterChange::FollowerWent(channel.id));
    app.commit(changes).await?;
    Ok(())
}

/// How somebody stands to a channel.
pub async fn current(app: &App, actor: &Actor, handle: &Handle) -> Result<Following, Refusal> {
    let channel = app.channel_by_handle(handle).await?.value.id;
    let follow = match actor.user() {
        Some(user) => app.ports.follows.get(user, channel).await?,
        None => None,
    };
    with_count(app, follow.map(|stored| stored.value), channel).await
}

async fn with_count(
    app: &App,
    follow: Option<Follow>,
    channel: ChannelId,
) -> Result<Following, Refusal> {
    let counts = app.ports.follows.followers(&[channel]).await?;
    Ok(Following {
        follow,
        followers: counts.first().copied().unwrap_or(0),
    })
}
