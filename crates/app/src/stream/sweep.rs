//! Ends what is due, and marks what a restart has interrupted.

use std::sync::Arc;
use std::time::Duration;

use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::commit::{Claim, ClaimChange, Holder, StateChange};
use greenroom_domain::shared::id::StreamId;
use greenroom_domain::stream::Stream;

use crate::commit::{Attempt, write};
use crate::stream::ingest;
use crate::{App, Refusal};

/// How many streams one sweep ends at most.
const BATCH: usize = 100;
/// How long an encoder that was let in may take to be seen by the engine.
const SETTLED: Duration = Duration::from_secs(10);

/// Ends streams whose encoder did not come (back) in time. How many.
pub async fn due(app: &Arc<App>) -> Result<usize, Refusal> {
    let mut ended = 0;
    let mut failed = None;
    for stream in app.ports.streams.due(app.now(), BATCH).await? {
        // One that cannot be ended now does not hold up the others.
        match app.retry(|| end_if_due(app, stream.value.id)).await {
            Ok(is_ended) => ended += usize::from(is_ended),
            Err(refusal) => failed = Some(refusal),
        }
    }
    if ended > 0 {
        app.live.forget();
    }
    failed.map_or(Ok(ended), Err)
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

/// Interrupts streams whose encoder should be here and is not: it went away before it was told
/// that it may publish, or its going could not be kept. How many.
pub async fn orphans(app: &Arc<App>) -> Result<usize, Refusal> {
    let now = app.now();
    let mut found = 0;
    for stream in app.ports.streams.live().await? {
        let Stream { id, generation, .. } = stream.value;
        let is_settled = stream.value.publisher().is_some_and(|publisher| {
            publisher.node == app.node && now.since(publisher.since) >= SETTLED
        });
        if is_settled && app.ports.media.silence(id).await?.is_none() {
            app.retry(|| ingest::lost(app, id, generation)).await?;
            found += 1;
        }
    }
    Ok(found)
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
