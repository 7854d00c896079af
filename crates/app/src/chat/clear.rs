//! Deletes what somebody said last.

use std::sync::Arc;

use greenroom_domain::access::Action;
use greenroom_domain::chat::{ChatEvent, Content, LineBody, Seq};
use greenroom_domain::shared::actor::{Actor, Identity};
use greenroom_domain::shared::id::ChannelId;

use crate::chat::pin;
use crate::commit::Attempt;
use crate::{App, Refusal};

/// How many lines are looked through, newest first.
const LOOKED_THROUGH: usize = 1_000;
/// How many messages go at once.
const MOST: usize = 100;

/// Their newest messages, up to a hundred, among the room's newest thousand lines. Answers how
/// many there were.
pub async fn execute(
    app: &Arc<App>,
    actor: &Actor,
    room: ChannelId,
    author: Identity,
) -> Result<usize, Refusal> {
    app.retry(|| attempt(app, actor, room, author)).await
}

async fn attempt(
    app: &Arc<App>,
    actor: &Actor,
    room: ChannelId,
    author: Identity,
) -> Result<usize, Attempt> {
    let channel = app.channel(room).await?.value;
    app.authorize(actor, &channel, Action::Moderate).await?;
    let log = &app.ports.room_log;
    let lines = log.before(room, None, LOOKED_THROUGH).await?;
    let theirs: Vec<Seq> = lines
        .iter()
        .rev()
        .filter(|line| is_by(&line.body, author))
        .map(|line| line.place.seq)
        .take(MOST)
        .collect();
    if theirs.is_empty() {
        return Ok(0);
    }
    let deleted = |target: &Seq| {
        let event = ChatEvent::MessageDeleted {
            channel: room,
            target: *target,
            author,
        };
        event.into()
    };
    let mut happened: Vec<_> = theirs.iter().map(deleted).collect();
    let let_go = pin::let_go(app, room, &theirs, &mut happened).await?;
    let mut changes = app.tell(actor, happened, app.now());
    let_go.add_to(&mut changes);
    let redactions = theirs.iter().map(|target| (room, *target));
    changes.redactions.extend(redactions);
    app.commit(changes).await?;
    Ok(theirs.len())
}

fn is_by(body: &LineBody, author: Identity) -> bool {
    matches!(body, LineBody::Message(message)
        if message.author.identity == author && message.content != Content::Deleted)
}
