//! Times somebody out, bans them, and lifts either.

use std::sync::Arc;
use std::time::Duration;

use greenroom_domain::access::{Action, Standing};
use greenroom_domain::account::DisplayName;
use greenroom_domain::channel::Channel;
use greenroom_domain::chat::{ChatEvent, Lift, ModerationReason, Restriction, RestrictionKind};
use greenroom_domain::shared::actor::{Actor, Identity};
use greenroom_domain::shared::commit::{Changes, StateChange};
use greenroom_domain::shared::event::Happening;
use greenroom_domain::shared::id::ChannelId;

use crate::commit::{Attempt, write};
use crate::{App, Refusal};

/// Somebody may not chat.
#[derive(Debug, Clone)]
pub struct Restrict {
    /// In whose room.
    pub channel: ChannelId,
    /// Who.
    pub subject: Identity,
    /// For how long; banned when not said.
    pub timeout: Option<Duration>,
    /// Why, for staff.
    pub reason: Option<ModerationReason>,
}

/// A timeout keeps from chatting, a ban from watching too, within a second.
pub async fn execute(
    app: &Arc<App>,
    actor: &Actor,
    command: Restrict,
) -> Result<Restriction, Refusal> {
    app.retry(|| attempt(app, actor, &command)).await
}

async fn attempt(
    app: &Arc<App>,
    actor: &Actor,
    command: &Restrict,
) -> Result<Restriction, Attempt> {
    let channel = app.channel(command.channel).await?.value;
    let by = app.authorize(actor, &channel, Action::Moderate).await?;
    let now = app.now();
    let (standing, name) = subject(app, &channel, command.subject).await?;
    Restriction::require_restrictable(standing, by)?;
    let kind = match command.timeout {
        Some(length) => RestrictionKind::timeout(length, now)?,
        None => RestrictionKind::Ban,
    };
    let held = app
        .ports
        .moderation
        .restriction(channel.id, command.subject)
        .await?;
    if let Some(held) = held {
        held.require_replaceable(kind)?;
    }
    let reason = command.reason.clone();
    let restriction = Restriction {
        room: channel.id,
        subject: command.subject,
        kind,
        reason: reason.clone(),
        name: name.clone(),
        at: now,
    };
    let event = ChatEvent::Restricted {
        channel: channel.id,
        subject: command.subject,
        name,
        kind,
        reason,
    };
    let mut states = vec![StateChange::Restriction(restriction.clone())];
    let mut events = vec![event.into()];
    if kind.is_ban()
        && let Identity::User(user) = command.subject
    {
        let held = app.ports.moderation.appointment(channel.id, user).await?;
        if let Some(appointment) = held {
            events.push(appointment.end().into());
            states.push(StateChange::Dismissed(channel.id, user));
        }
    }
    change_room(app, actor, channel.id, events, states).await?;
    Ok(restriction)
}

/// Somebody may chat again. Again is no change.
pub async fn lift(
    app: &Arc<App>,
    actor: &Actor,
    room: ChannelId,
    subject: Identity,
    lift: Lift,
) -> Result<(), Refusal> {
    app.retry(|| attempt_lift(app, actor, room, subject, lift))
        .await
}

async fn attempt_lift(
    app: &Arc<App>,
    actor: &Actor,
    room: ChannelId,
    subject: Identity,
    lift: Lift,
) -> Result<(), Attempt> {
    let channel = app.channel(room).await?.value;
    app.authorize(actor, &channel, Action::Moderate).await?;
    match app.ports.moderation.restriction(room, subject).await? {
        Some(held) => held.require_liftable(lift)?,
        None => return Ok(()),
    }
    let event = ChatEvent::RestrictionLifted {
        channel: room,
        subject,
    };
    change_room(
        app,
        actor,
        room,
        vec![event.into()],
        vec![StateChange::RestrictionLifted(room, subject)],
    )
    .await
}

/// Who may not chat in a room now, for its staff.
pub async fn list(
    app: &Arc<App>,
    actor: &Actor,
    room: ChannelId,
    after: Option<Identity>,
    limit: usize,
) -> Result<Vec<Restriction>, Refusal> {
    let channel = app.channel(room).await?.value;
    app.authorize(actor, &channel, Action::Moderate).await?;
    Ok(app
        .ports
        .moderation
        .restrictions(room, after, limit)
        .await?)
}

/// Commits what is different for somebody together with the room, whose version is what posts are
/// checked by.
pub(super) async fn change_room(
    app: &Arc<App>,
    actor: &Actor,
    channel: ChannelId,
    events: Vec<Happening>,
    states: Vec<StateChange>,
) -> Result<(), Attempt> {
    let room = app
        .ports
        .moderation
        .room(channel)
        .await?
        .ok_or(Refusal::NoSuchChannel)?;
    let mut changes: Changes = app
        .tell(actor, events, app.now())
        .state(StateChange::Room(write(room.value, room.version)));
    changes.states.extend(states);
    let done = app.commit(changes).await;
    app.rules.forget(channel);
    done.map(drop)
}

/// What somebody is to the channel, and what they are called.
pub(super) async fn subject(
    app: &App,
    channel: &Channel,
    who: Identity,
) -> Result<(Standing, Option<DisplayName>), Refusal> {
    let (actor, name) = match who {
        Identity::User(id) => {
            let user = app.ports.users.get(id).await?;
            let user = user.ok_or(Refusal::NoSuchUser)?.value;
            let role = user.role;
            (Actor::User { id, role }, Some(user.display_name))
        }
        Identity::Guest(id) => (Actor::Guest(id), None),
    };
    Ok((app.standing(&actor, channel).await?, name))
}
