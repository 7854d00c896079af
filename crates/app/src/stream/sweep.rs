//! Ends what is due, and interrupts what has lost its encoder, or its node.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::commit::{Claim, ClaimChange, Holder, StateChange};
use greenroom_domain::shared::id::{NodeId, StreamId};
use greenroom_domain::shared::store::StoreError;
use greenroom_domain::stream::Stream;

use crate::commit::{Attempt, write};
use crate::stream::ingest;
use crate::{App, Refusal, node};

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

/// Since when nodes that have streams have been seen to be gone.
#[derive(Default)]
pub(crate) struct Absences(Mutex<HashMap<NodeId, Timestamp>>);

impl Absences {
    /// Which of these nodes have been gone for as long as a lease lasts, with those that are
    /// there now.
    fn last(
        &self,
        nodes: &BTreeSet<NodeId>,
        there: &BTreeSet<NodeId>,
        now: Timestamp,
    ) -> BTreeSet<NodeId> {
        let mut since = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        since.retain(|node, _| nodes.contains(node) && !there.contains(node));
        let absent = nodes.difference(there);
        let lasting = absent.filter(|node| {
            let since = *since.entry(**node).or_insert(now);
            now.since(since) >= node::LEASE
        });
        lasting.copied().collect()
    }

    /// Nothing is known of the others.
    fn forget(&self) {
        let mut since = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        since.clear();
    }
}

/// Interrupts streams whose encoder should be here and is not: it went away before it was told
/// that it may publish, or its going could not be kept; and those of nodes that are gone. How
/// many.
pub async fn orphans(app: &Arc<App>) -> Result<usize, Refusal> {
    let now = app.now();
    let mut found = 0;
    let mut elsewhere = Vec::new();
    for stream in app.ports.streams.live().await? {
        let Stream { id, generation, .. } = stream.value;
        let Some(publisher) = stream.value.publisher() else {
            continue;
        };
        if publisher.node != app.node {
            elsewhere.push((id, publisher.node));
        } else if now.since(publisher.since) >= SETTLED
            && app.ports.media.silence(id).await?.is_none()
        {
            app.retry(|| ingest::lost(app, id, generation)).await?;
            found += 1;
        }
    }
    let gone = gone_nodes(app, elsewhere.iter().map(|(_, node)| *node), now).await?;
    for (id, node) in elsewhere {
        if gone.contains(&node) {
            app.retry(|| interrupt(app, id, node)).await?;
            found += 1;
        }
    }
    Ok(found)
}

/// Which of these nodes have been gone for so long that their streams are nobody's.
async fn gone_nodes(
    app: &App,
    of: impl Iterator<Item = NodeId>,
    now: Timestamp,
) -> Result<BTreeSet<NodeId>, StoreError> {
    let nodes: BTreeSet<NodeId> = of.collect();
    if nodes.is_empty() {
        app.absences.forget();
        return Ok(BTreeSet::new());
    }
    let there = app.ports.nodes.all(now).await;
    let there = there.inspect_err(|_| app.absences.forget())?;
    let there: BTreeSet<NodeId> = there.into_iter().map(|(id, _)| id).collect();
    if !there.contains(&app.node) {
        // Who is not seen to be there does not see either: cut off, or just started.
        app.absences.forget();
        return Ok(BTreeSet::new());
    }
    Ok(app.absences.last(&nodes, &there, now))
}

/// Interrupts the streams that this node has: its process has just started, and encoders that it
/// had are not there any more; or it goes. They end only if nobody comes back within the grace.
pub(crate) async fn interrupt_own(app: &Arc<App>) -> Result<(), Refusal> {
    for stream in app.ports.streams.live().await? {
        app.retry(|| interrupt(app, stream.value.id, app.node))
            .await?;
    }
    Ok(())
}

/// Interrupts a stream that this node has, and has no more.
async fn interrupt(app: &Arc<App>, id: StreamId, node: NodeId) -> Result<(), Attempt> {
    let Some(stored) = app.ports.streams.get(id).await? else {
        return Ok(());
    };
    let now = app.now();
    let decision = stored.value.lose_node(node, &app.settings.streams, now);
    if !decision.is_unchanged() {
        let changes = app
            .tell(&Actor::System, decision.happened, now)
            .state(StateChange::Stream(write(decision.next, stored.version)));
        app.commit(changes).await?;
    }
    Ok(())
}
