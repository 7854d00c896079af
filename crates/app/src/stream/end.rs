//! Ends a stream on purpose.

use std::sync::Arc;

use greenroom_domain::access::{Action, Standing};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::commit::{Claim, ClaimChange, Holder, StateChange};
use greenroom_domain::shared::id::{StreamId, UserId};
use greenroom_domain::stream::{EndReason, Stream};

use crate::commit::{Attempt, write};
use crate::stream::view::{self, StreamView};
use crate::{App, Refusal};

/// The owner's end holds the key for a minute; an administrator's locks the channel until
/// one lifts it. Again is no change.
pub async fn execute(app: &Arc<App>, actor: &Actor, id: StreamId) -> Result<StreamView, Refusal> {
    let (_, channel) = app.stream(id).await?;
    let reason = match app
        .authorize(actor, &channel.value, Action::EndStream)
        .await?
    {
        Standing::Admin if actor.user() != Some(channel.value.owner) => EndReason::AdminEnded,
        _ => EndReason::OwnerEnded,
    };
    let stream = by_reason(app, actor, id, reason).await?;
    view::one(app, stream, &channel.value).await
}

/// Ends it for this reason; who may has been asked before.
async fn by_reason(
    app: &Arc<App>,
    actor: &Actor,
    id: StreamId,
    reason: EndReason,
) -> Result<Stream, Refusal> {
    app.retry(|| attempt(app, actor, id, reason)).await
}

/// Ends whatever a creator, who may create no longer, has on air.
pub(crate) async fn live_stream_of(
    app: &Arc<App>,
    actor: &Actor,
    owner: UserId,
) -> Result<(), Refusal> {
    if let Some(channel) = app.ports.channels.by_owner(owner).await?
        && let Some(live) = app.ports.streams.live_of(channel.value.id).await?
    {
        by_reason(app, actor, live.value.id, EndReason::AdminEnded).await?;
    }
    Ok(())
}

async fn attempt(
    app: &Arc<App>,
    actor: &Actor,
    id: StreamId,
    reason: EndReason,
) -> Result<Stream, Attempt> {
    let (stream, channel) = app.stream(id).await?;
    let now = app.now();
    let key = stream.value.current_key();
    let decision = stream.value.end(reason, now)?;
    if decision.is_unchanged() {
        return Ok(decision.next);
    }
    let mut happened = decision.happened;
    let before = channel.value.gate.clone();
    let channel_id = channel.value.id;
    let next_channel = match (reason, key) {
        (EndReason::AdminEnded, _) => {
            let locked = channel.value.lock(now);
            happened.extend(locked.happened);
            locked.next
        }
        (EndReason::OwnerEnded, Some(key)) => channel.value.hold(key, now),
        _ => channel.value,
    };
    let mut changes = app
        .tell(actor, happened, now)
        .state(StateChange::Stream(write(
            decision.next.clone(),
            stream.version,
        )))
        .claim(ClaimChange::Release(
            Claim::LiveStream(channel_id),
            Holder::Stream(id),
        ));
    if next_channel.gate != before {
        changes = changes.state(StateChange::Channel(write(next_channel, channel.version)));
    }
    app.commit(changes).await?;
    Ok(decision.next)
}
