//! Goes on air by command, before the encoder has come; and lets a held key in again.

use std::sync::Arc;

use greenroom_domain::access::Action;
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::commit::{Claim, ClaimChange, Holder, StateChange};
use greenroom_domain::shared::id::StreamId;
use greenroom_domain::stream::Stream;

use crate::commit::{Attempt, write};
use crate::stream::view::{self, StreamView};
use crate::{App, Refusal};

/// Again is no change.
pub async fn execute(app: &Arc<App>, actor: &Actor, id: StreamId) -> Result<StreamView, Refusal> {
    let stream = app.retry(|| attempt(app, actor, id)).await?;
    let channel = app.channel(stream.channel).await?.value;
    view::one(app, stream, &channel).await
}

async fn attempt(app: &Arc<App>, actor: &Actor, id: StreamId) -> Result<Stream, Attempt> {
    let (stream, channel) = app.stream(id).await?;
    app.authorize(actor, &channel.value, Action::Broadcast)
        .await?;
    let owner = app
        .ports
        .users
        .get(channel.value.owner)
        .await?
        .ok_or(Refusal::NoSuchUser)?
        .value;
    owner.require_creator()?;
    let gate = channel.value.gate.clone();
    let reopened = channel.value.reopen()?;
    let now = app.now();
    let decision = stream.value.go_live(&app.settings.streams, now)?;
    if decision.is_unchanged() {
        return Ok(decision.next);
    }
    let channel_id = reopened.id;
    let mut changes = app
        .tell(actor, decision.happened, now)
        .state(StateChange::Stream(write(
            decision.next.clone(),
            stream.version,
        )))
        .claim(ClaimChange::Take(
            Claim::LiveStream(channel_id),
            Holder::Stream(id),
        ));
    if reopened.gate != gate {
        changes = changes.state(StateChange::Channel(write(reopened, channel.version)));
    }
    app.commit(changes).await?;
    Ok(decision.next)
}
