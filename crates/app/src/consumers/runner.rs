//! Runs a consumer: one node at a time, from where it stood, at least once.

use std::sync::Arc;
use std::time::Duration;

use greenroom_domain::shared::commit::Changes;
use greenroom_domain::shared::feed::{Consumer, CursorMove, FeedError, FeedPosition};
use greenroom_domain::shared::lease::LeaseName;
use tokio_util::sync::CancellationToken;

use crate::consumers::effects;
use crate::{App, Refusal};

/// The consumer that carries out what one node does for all.
const EFFECTS: Consumer = Consumer("effects");
const LEASE: LeaseName = LeaseName("feed:effects");
const LEASE_TIME: Duration = Duration::from_secs(15);
const BATCH: usize = 100;
/// The longest wait for a change before the lease is renewed.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// How much of the feed may be passed before the cursor is kept: repeating a little after a
/// crash is cheaper than a durable write for each record.
const KEEP_AFTER: u64 = 1_000;
const KEEP_EVERY: Duration = Duration::from_secs(30);

/// Until shutdown.
pub(crate) async fn run(app: Arc<App>, shutdown: CancellationToken) {
    loop {
        let round = tokio::select! {
            () = shutdown.cancelled() => break,
            round = while_leased(&app, &shutdown) => round,
        };
        if let Err(error) = round {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the feed's consumer starts again"
            );
        }
        tokio::select! {
            () = shutdown.cancelled() => break,
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
    }
    if let Err(error) = app.ports.leases.release(LEASE, app.node).await {
        tracing::debug!(
            error = &error as &dyn std::error::Error,
            "the consumer's lease runs out by itself"
        );
    }
}

async fn while_leased(app: &Arc<App>, shutdown: &CancellationToken) -> Result<(), Refusal> {
    // First of all, or whoever has it moves the cursor after it was read here.
    if !lease(app).await? {
        return Ok(());
    }
    let mut kept = app.ports.feed.cursor(EFFECTS).await?;
    let mut at = kept.unwrap_or(FeedPosition::START);
    let mut kept_at = app.now();
    while !shutdown.is_cancelled() {
        if !lease(app).await? {
            return Ok(());
        }
        let now = app.now();
        let records = match app.ports.feed.read(at, BATCH).await {
            Ok(records) => records,
            Err(FeedError::Gone) => {
                tracing::warn!("the feed no longer reaches back to where its consumer stood");
                at = app.ports.feed.head().await?;
                continue;
            }
            Err(FeedError::Store(error)) => return Err(error.into()),
        };
        for record in &records {
            for event in &record.events {
                effects::for_the_platform(app, event).await?;
            }
            at = record.position;
        }
        let passed = at.0 - kept.unwrap_or(FeedPosition::START).0;
        if passed >= KEEP_AFTER || (passed > 1 && now.since(kept_at) >= KEEP_EVERY) {
            let from = kept.unwrap_or(FeedPosition::START);
            let cursor = Some(CursorMove {
                consumer: EFFECTS,
                from,
                to: at,
            });
            let changes = || Changes {
                cursor,
                ..Changes::new()
            };
            app.retry(|| app.commit(changes())).await?;
            (kept, kept_at) = (Some(at), now);
        }
        if records.is_empty() {
            let _ = tokio::time::timeout(LONGEST_WAIT, app.ports.feed.changed(at)).await;
        }
    }
    Ok(())
}

/// Takes the lease or renews it; whether it is this node's now.
async fn lease(app: &App) -> Result<bool, Refusal> {
    let now = app.now();
    let until = now + LEASE_TIME;
    Ok(app
        .ports
        .leases
        .acquire(LEASE, app.node, now, until)
        .await?)
}

/// Forgets what every consumer has passed and nobody may ask for any more.
pub(crate) async fn prune(app: &Arc<App>) -> Result<(), Refusal> {
    if let Some(passed) = app.ports.feed.cursor(EFFECTS).await? {
        app.ports
            .feed
            .prune(passed, app.now() - app.settings.feed_retention)
            .await?;
    }
    Ok(())
}
