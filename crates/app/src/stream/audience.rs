//! Counts audiences: once a second for all live streams together, at one node.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use greenroom_domain::chat::Ephemeral;
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::commit::CounterChange;
use greenroom_domain::shared::event::Happening;
use greenroom_domain::shared::id::StreamId;
use greenroom_domain::shared::lease::LeaseName;
use greenroom_domain::shared::store::StoreError;
use greenroom_domain::stream::StreamEvent;
use tokio::sync::Mutex;

use crate::{App, Refusal};

/// Who counts: presence tells once who came and went.
const LEASE: LeaseName = LeaseName("audience");
const LEASE_TIME: Duration = Duration::from_secs(10);
/// How many people one event names.
const NAMED: usize = 100;

/// Views and peaks that presence has told of and no store has kept yet.
#[derive(Default)]
pub(crate) struct Owed(Mutex<HashMap<StreamId, (u64, u64)>>);

/// Looks who came and went, keeps it, and shows it to the rooms. One commit for all streams.
pub async fn count(app: &Arc<App>) -> Result<(), Refusal> {
    let now = app.now();
    let mut happened: Vec<Happening> = Vec::new();
    let mut owed = app.owed.0.lock().await;
    let mut shown = Vec::new();
    let live = app.ports.streams.live().await?;
    let is_counting = !live.is_empty() && {
        let (leases, until) = (&app.ports.leases, now + LEASE_TIME);
        leases.acquire(LEASE, app.node, now, until).await?
    };
    for stored in live.into_iter().filter(|_| is_counting) {
        let (stream, channel) = (stored.value.id, stored.value.channel);
        let audience = app.ports.presence.audience(stream, now).await?;
        if audience.joined.is_empty() && audience.left.is_empty() {
            continue;
        }
        let viewers = audience.viewers;
        let joined = u64::try_from(audience.joined.len()).unwrap_or(u64::MAX);
        let (views, peak) = owed.entry(stream).or_default();
        (*views, *peak) = (views.saturating_add(joined), viewers.max(*peak));
        let (mut came, mut went) = (audience.joined.chunks(NAMED), audience.left.chunks(NAMED));
        loop {
            let (joined, left) = (
                came.next().unwrap_or_default(),
                went.next().unwrap_or_default(),
            );
            if joined.is_empty() && left.is_empty() {
                break;
            }
            let (joined, left) = (joined.to_vec(), left.to_vec());
            happened.push(
                StreamEvent::AudienceChanged {
                    stream,
                    channel,
                    joined,
                    left,
                    viewers,
                }
                .into(),
            );
        }
        let few = |people: &[_]| people.iter().take(NAMED).copied().collect();
        let (joined, left) = (few(&audience.joined), few(&audience.left));
        shown.push((
            channel,
            Ephemeral::Viewers {
                stream,
                viewers,
                joined,
                left,
            },
        ));
    }
    if owed.is_empty() {
        return Ok(());
    }
    for (room, what) in shown {
        app.show(room, what);
    }
    let counters = owed.iter().flat_map(|(stream, (views, peak))| {
        let views = CounterChange::ViewsAdded(*stream, *views);
        [views, CounterChange::PeakSeen(*stream, *peak)]
    });
    let counters: Vec<CounterChange> = counters.collect();
    let changes = || {
        let mut changes = app.tell(&Actor::System, happened.clone(), now);
        changes.counters.clone_from(&counters);
        changes
    };
    app.retry(|| app.commit(changes())).await?;
    owed.clear();
    Ok(())
}

/// Another node counts from now on, if there is one.
pub(crate) async fn leave_to_others(app: &App) -> Result<(), StoreError> {
    app.ports.leases.release(LEASE, app.node).await
}
