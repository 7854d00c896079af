//! Ends what is due, and marks what a restart has interrupted.

use std::sync::Arc;

use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::commit::{Claim, ClaimChange, Holder, StateChange};
use greenroom_domain::shared::id::StreamId;

use crate::commit::{Attempt, write};
use crate::{App, Refusal};

/// How many streams one sweep ends at most.
const BATCH: usize = 100;

/// Ends streams whose encoder did not come (back) in time. How many.
pub async fn due(app: &Arc<App>) -> Result<usize, Refusal> {
    let mut ended = 0;
    for stream in app.ports.streams.due(app.now(), BATCH).await? {
        ended += usize::from(app.retry(|| end_if_due(app, stream.value.id)).await?);
    }
    if ended > 0 {
        app.live.forget();
    }
    Ok(ended)
}

async fn end_if_due(app: &Arc<App>, id: StreamId) -> Result<bool, Attempt> {
    let Some(stored) = app.ports.streams.get(id).await? else {
        return Ok(false);
    };
    let now = app.now();
    let decision = stored.value.sweep(now);
    if decision.is_unchanged() {
        return Ok(false);
    }
    let channel = decision.next.channel;
    let changes = app
        .tell(&Actor::System, decision.happened, now)
        .state(StateChange::Stream(write(decision.next, stored.version)))
        .claim(ClaimChange::Release(
            Claim::LiveStream(channel),
            Holder::Stream(id),
        ));
    app.commit(changes).await?;
    Ok(true)
}

/// This process has just started: encoders that it had are not there any more. Their streams
/// are interrupted from now, and end only if nobody comes back within the grace.
pub async fn after_restart(app: &Arc<App>) -> Result<(), Refusal> {
    for stream in app.ports.streams.live().await? {
        app.retry(|| interrupt(app, stream.value.id)).await?;
    }
    Ok(())
}

async fn interrupt(app: &Arc<App>, id: StreamId) -> Result<(), Attempt> {
    let Some(stored) = app.ports.streams.get(id).await? else {
        return Ok(());
    };
    let now = app.now();
    let decision = stored
        .value
        .node_restarted(app.node, &app.settings.streams, now);
    if !decision.is_unchanged() {
        let changes = app
            .tell(&Actor::System, decision.happened, now)
            .state(StateChange::Stream(write(decision.next, stored.version)));
        app.commit(changes).await?;
    }
    Ok(())
}
