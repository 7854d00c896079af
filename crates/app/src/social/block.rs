//! Blocks somebody, and makes up.

use std::sync::Arc;
use std::time::Duration;

use greenroom_domain::channel::Channel;
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::commit::{Changes, CounterChange, StateChange};
use greenroom_domain::shared::event::Happening;
use greenroom_domain::shared::id::{ChannelId, UserId};
use greenroom_domain::shared::rate::Quota;
use greenroom_domain::social::Block;

use crate::commit::{Attempt, signed_in, write};
use crate::{App, Refusal};

const QUOTA: Quota = Quota {
    burst: 30,
    per: Duration::from_secs(60),
};
/// How many blocks are counted at a time.
const BATCH: usize = 1_000;

/// Whoever is blocked can neither watch nor chat in the blocker's channel within a second, is
/// nothing in it any more and does not follow it. Again is no change.
pub async fn execute(app: &Arc<App>, actor: &Actor, subject: UserId) -> Result<Block, Refusal> {
    let blocker = signed_in(actor)?;
    app.limit("block", blocker.to_string(), QUOTA).await?;
    app.retry(|| attempt(app, actor, blocker, subject)).await
}

async fn attempt(
    app: &Arc<App>,
    actor: &Actor,
    blocker: UserId,
    subject: UserId,
) -> Result<Block, Attempt> {
    let ports = &app.ports;
    if let Some(block) = ports.blocks.get(blocker, subject).await? {
        return Ok(block);
    }
    if ports.users.get(subject).await?.is_none() {
        return Err(Refusal::NoSuchUser.into());
    }
    let channel = own_channel(app, blocker).await?;
    let room = channel.as_ref().map(|channel| channel.id);
    let so_many = ports.blocks.of_user(blocker, None, BATCH).await?.len();
    let decision = Block::begin(blocker, subject, so_many as u64, room, app.now())?;
    let mut states = vec![StateChange::Block(decision.next)];
    let mut happened = decision.happened;
    let mut counters = Vec::new();
    if let Some(room) = room {
        let parting = part(app, subject, room).await?;
        states.extend(parting.states);
        happened.extend(parting.happened);
        counters.extend(parting.counters);
    }
    let mut changes = with_room(app, app.tell(actor, happened, app.now()), room).await?;
    changes.states.extend(states);
    changes.counters.extend(counters);
    commit(app, changes, room).await?;
    Ok(decision.next)
}

/// What ends between a channel and somebody.
struct Parting {
    states: Vec<StateChange>,
    happened: Vec<Happening>,
    counters: Vec<CounterChange>,
}

async fn part(app: &App, subject: UserId, room: ChannelId) -> Result<Parting, Refusal> {
    let mut parting = Parting {
        states: Vec::new(),
        happened: Vec::new(),
        counters: Vec::new(),
    };
    if let Some(follow) = app.ports.follows.get(subject, room).await? {
        let ended = StateChange::Unfollowed(subject, room, follow.version);
        parting.states.push(ended);
        parting.happened.push(follow.value.end().into());
        parting.counters.push(CounterChange::FollowerWent(room));
    }
    if let Some(appointment) = app.ports.moderation.appointment(room, subject).await? {
        parting.states.push(StateChange::Dismissed(room, subject));
        parting.happened.push(appointment.end().into());
    }
    Ok(parting)
}

/// They have made up. Again is no change.
pub async fn end(app: &Arc<App>, actor: &Actor, subject: UserId) -> Result<(), Refusal> {
    let blocker = signed_in(actor)?;
    app.limit("block", blocker.to_string(), QUOTA).await?;
    app.retry(|| attempt_end(app, actor, blocker, subject))
        .await
}

async fn attempt_end(
    app: &Arc<App>,
    actor: &Actor,
    blocker: UserId,
    subject: UserId,
) -> Result<(), Attempt> {
    let Some(block) = app.ports.blocks.get(blocker, subject).await? else {
        return Ok(());
    };
    let channel = own_channel(app, blocker).await?;
    let room = channel.as_ref().map(|channel| channel.id);
    let told = app.tell(actor, vec![block.end(room).into()], app.now());
    let mut changes = with_room(app, told, room).await?;
    changes
        .states
        .push(StateChange::Unblocked(blocker, subject));
    commit(app, changes, room).await
}

async fn own_channel(app: &App, owner: UserId) -> Result<Option<Channel>, Refusal> {
    let channel = app.ports.channels.by_owner(owner).await?;
    Ok(channel.map(|stored| stored.value))
}

/// The room is written again too: its version is what posts are checked by.
async fn with_room(
    app: &App,
    changes: Changes,
    room: Option<ChannelId>,
) -> Result<Changes, Refusal> {
    let Some(room) = room else {
        return Ok(changes);
    };
    let stored = app.ports.moderation.room(room).await?;
    let stored = stored.ok_or(Refusal::NoSuchChannel)?;
    Ok(changes.state(StateChange::Room(write(stored.value, stored.version))))
}

async fn commit(app: &Arc<App>, changes: Changes, room: Option<ChannelId>) -> Result<(), Attempt> {
    let done = app.commit(changes).await;
    if let Some(room) = room {
        app.rules.forget(room);
    }
    done.map(drop)
}
