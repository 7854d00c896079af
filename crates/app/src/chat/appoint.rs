//! Makes moderators and VIPs of people.

use std::sync::Arc;

use greenroom_domain::access::Action;
use greenroom_domain::chat::{Appointment, ChannelRole};
use greenroom_domain::shared::actor::{Actor, Identity};
use greenroom_domain::shared::commit::StateChange;
use greenroom_domain::shared::id::{ChannelId, UserId};

use crate::chat::restrict::{change_room, subject};
use crate::commit::Attempt;
use crate::{App, Refusal};

/// For the channel's owner and administrators. Again is no change; another role takes the
/// place of the one before.
pub async fn execute(
    app: &Arc<App>,
    actor: &Actor,
    channel: ChannelId,
    user: UserId,
    role: ChannelRole,
) -> Result<Appointment, Refusal> {
    app.retry(|| attempt(app, actor, channel, user, role)).await
}

async fn attempt(
    app: &Arc<App>,
    actor: &Actor,
    id: ChannelId,
    user: UserId,
    role: ChannelRole,
) -> Result<Appointment, Attempt> {
    let channel = app.channel(id).await?.value;
    app.authorize(actor, &channel, Action::Appoint).await?;
    let (standing, name) = subject(app, &channel, Identity::User(user)).await?;
    let appointment = Appointment {
        channel: id,
        user,
        role,
        name: name.ok_or(Refusal::NoSuchUser)?,
        at: app.now(),
    };
    let appointed = app.rules.of(app, id).await?.appointed();
    let decision = Appointment::begin(appointment, standing, appointed)?;
    if !decision.is_unchanged() {
        let state = StateChange::Appointment(decision.next.clone());
        change_room(app, actor, id, decision.happened, vec![state]).await?;
    }
    Ok(decision.next)
}

/// They are it no more. Again is no change, and so it is to take from somebody what they are
/// not: a role that is `None` is whatever they are.
pub async fn end(
    app: &Arc<App>,
    actor: &Actor,
    channel: ChannelId,
    user: UserId,
    role: Option<ChannelRole>,
) -> Result<(), Refusal> {
    app.retry(|| attempt_end(app, actor, channel, user, role))
        .await
}

async fn attempt_end(
    app: &Arc<App>,
    actor: &Actor,
    id: ChannelId,
    user: UserId,
    role: Option<ChannelRole>,
) -> Result<(), Attempt> {
    let channel = app.channel(id).await?.value;
    // Who does not want it any more gives it back.
    if actor.user() != Some(user) {
        app.authorize(actor, &channel, Action::Appoint).await?;
    }
    let Some(held) = app.ports.moderation.appointment(id, user).await? else {
        return Ok(());
    };
    if role.is_some_and(|role| role != held.role) {
        return Ok(());
    }
    let state = StateChange::Dismissed(id, user);
    change_room(app, actor, id, vec![held.end().into()], vec![state]).await
}

/// Everybody who is something in a channel, for everybody who may read its chat.
pub async fn list(
    app: &Arc<App>,
    actor: &Actor,
    channel: ChannelId,
) -> Result<Vec<Appointment>, Refusal> {
    let channel = app.channel(channel).await?.value;
    app.authorize(actor, &channel, Action::ReadChat).await?;
    Ok(app.ports.moderation.appointments(channel.id).await?)
}
