//! Deletes a message: its text is overwritten where it is stored.

use std::sync::Arc;

use greenroom_domain::access::Action;
use greenroom_domain::chat::{ChatError, ChatEvent, Content, LineBody, Seq};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::id::ChannelId;

use crate::chat::pin;
use crate::commit::Attempt;
use crate::{App, Refusal};

/// One's own message, or anybody's for the room's staff. Again is no change.
pub async fn execute(
    app: &Arc<App>,
    actor: &Actor,
    room: ChannelId,
    target: Seq,
) -> Result<(), Refusal> {
    app.retry(|| attempt(app, actor, room, target)).await
}

async fn attempt(
    app: &Arc<App>,
    actor: &Actor,
    room: ChannelId,
    target: Seq,
) -> Result<(), Attempt> {
    let channel = app.channel(room).await?.value;
    let line = app
        .ports
        .room_log
        .line(room, target)
        .await?
        .ok_or(ChatError::NoSuchMessage)?;
    let LineBody::Message(message) = line.body else {
        return Err(ChatError::NoSuchMessage.into());
    };
    if actor.identity() != Some(message.author.identity) {
        app.authorize(actor, &channel, Action::Moderate).await?;
    }
    if message.content == Content::Deleted {
        return Ok(());
    }
    let event = ChatEvent::MessageDeleted {
        channel: room,
        target,
        author: message.author.identity,
    };
    let mut happened = vec![event.into()];
    let let_go = pin::let_go(app, room, &[target], &mut happened).await?;
    let mut changes = app.tell(actor, happened, app.now());
    let_go.add_to(&mut changes);
    changes.redactions.push((room, target));
    app.commit(changes).await?;
    Ok(())
}
