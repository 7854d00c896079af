//! Keeps messages in view, and shows those that are.

use std::sync::Arc;

use greenroom_domain::access::Action;
use greenroom_domain::channel::Handle;
use greenroom_domain::chat::{ChatError, Content, Line, LineBody, Pin, Room, Seq};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::commit::{Changes, StateChange};
use greenroom_domain::shared::decision::Decision;
use greenroom_domain::shared::event::Happening;
use greenroom_domain::shared::id::ChannelId;
use greenroom_domain::shared::store::Version;

use crate::commit::{Attempt, write};
use crate::{App, Refusal};

/// Keeps a message in view, for the room's staff: five at most. Again is no change.
pub async fn execute(
    app: &Arc<App>,
    actor: &Actor,
    room: ChannelId,
    target: Seq,
) -> Result<(), Refusal> {
    app.retry(|| attempt(app, actor, room, target)).await?;
    // Deleted between the look at it and now, it has not been let go.
    let line = app.ports.room_log.line(room, target).await?;
    if line.as_ref().is_some_and(is_there) {
        return Ok(());
    }
    app.retry(|| change(app, actor, room, |room| Ok(room.unpin(target))))
        .await?;
    Err(ChatError::NoSuchMessage.into())
}

async fn attempt(app: &Arc<App>, actor: &Actor, id: ChannelId, target: Seq) -> Result<(), Attempt> {
    let channel = app.channel(id).await?.value;
    app.authorize(actor, &channel, Action::Pin).await?;
    let line = app.ports.room_log.line(id, target).await?;
    if !line.as_ref().is_some_and(is_there) {
        return Err(ChatError::NoSuchMessage.into());
    }
    let pin = Pin {
        target,
        by: actor.identity(),
        at: app.now(),
    };
    change(app, actor, id, |room| Ok(room.pin(pin)?)).await
}

/// Keeps it in view no more, for the room's staff. Again is no change.
pub async fn end(
    app: &Arc<App>,
    actor: &Actor,
    room: ChannelId,
    target: Seq,
) -> Result<(), Refusal> {
    app.retry(|| attempt_end(app, actor, room, target)).await
}

async fn attempt_end(
    app: &Arc<App>,
    actor: &Actor,
    id: ChannelId,
    target: Seq,
) -> Result<(), Attempt> {
    let channel = app.channel(id).await?.value;
    app.authorize(actor, &channel, Action::Pin).await?;
    if app.ports.room_log.line(id, target).await?.is_none() {
        return Err(ChatError::NoSuchMessage.into());
    }
    change(app, actor, id, |room| Ok(room.unpin(target))).await
}

async fn change(
    app: &Arc<App>,
    actor: &Actor,
    id: ChannelId,
    decide: impl FnOnce(Room) -> Result<Decision<Room>, Refusal>,
) -> Result<(), Attempt> {
    let room = app.ports.moderation.room(id).await?;
    let room = room.ok_or(Refusal::NoSuchChannel)?;
    let decision = decide(room.value)?;
    if decision.is_unchanged() {
        return Ok(());
    }
    let changes = app
        .tell(actor, decision.happened, app.now())
        .state(StateChange::Room(write(decision.next, room.version)));
    let done = app.commit(changes).await;
    app.rules.forget(id);
    done.map(drop)
}

/// What becomes of what a room keeps in view when messages are deleted.
pub(super) struct LetGo {
    state: Option<StateChange>,
    seen: Version,
}

/// They are kept in view no more: what is to be told of it is added to what happened.
pub(super) async fn let_go(
    app: &App,
    id: ChannelId,
    targets: &[Seq],
    happened: &mut Vec<Happening>,
) -> Result<LetGo, Refusal> {
    let room = app.ports.moderation.room(id).await?;
    let room = room.ok_or(Refusal::NoSuchChannel)?;
    let mut next = room.value;
    let before = next.pins.len();
    for target in targets {
        let decision = next.unpin(*target);
        next = decision.next;
        happened.extend(decision.happened);
    }
    let is_changed = next.pins.len() != before;
    Ok(LetGo {
        state: is_changed.then(|| StateChange::Room(write(next, room.version))),
        seen: room.version,
    })
}

impl LetGo {
    /// Either way, who pins one of them at the same moment makes it be decided again.
    pub(super) fn add_to(self, changes: &mut Changes) {
        match self.state {
            Some(state) => changes.states.push(state),
            None => {
                for line in &mut changes.lines {
                    line.policy_seen = Some(self.seen);
                }
            }
        }
    }
}

/// A message that is kept in view.
#[derive(Debug, Clone, PartialEq)]
pub struct Pinned {
    /// By whom and since when.
    pub pin: Pin,
    /// The message.
    pub line: Line,
}

/// What a room keeps in view, oldest first, for whoever may read its chat.
pub async fn list(app: &Arc<App>, actor: &Actor, handle: &Handle) -> Result<Vec<Pinned>, Refusal> {
    let channel = app.channel_by_handle(handle).await?.value;
    let standing = app.authorize(actor, &channel, Action::ReadChat).await?;
    let rules = app.rules.of(app, channel.id).await?;
    let mut pinned = Vec::new();
    if rules.room.pins.is_empty() {
        return Ok(pinned);
    }
    let end = app.end_of_log(channel.id, standing).await?.seq;
    for pin in rules.room.pins.iter().filter(|pin| pin.target <= end) {
        let line = app.ports.room_log.line(channel.id, pin.target).await?;
        if let Some(line) = line.filter(is_there) {
            pinned.push(Pinned { pin: *pin, line });
        }
    }
    Ok(pinned)
}

/// Whether it is a message that nobody has deleted.
fn is_there(line: &Line) -> bool {
    matches!(&line.body, LineBody::Message(message) if message.content != Content::Deleted)
}
