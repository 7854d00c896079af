//! Shows the chat of what is on air to an outside messenger, as it shows it to everybody.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use greenroom_app::realtime::{
    JoinRoom, Listener, Published, Shown, Start, Subscription, join_room,
};
use greenroom_app::{App, Refusal};
use greenroom_domain::media::Messenger;
use greenroom_domain::shared::actor::{Actor, Identity};
use greenroom_domain::shared::id::{ChannelId, GuestId};
use greenroom_domain::shared::lease::LeaseName;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::wire::LineJson;

/// How often it is looked what is on air.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How many lines of a room may wait; more are lost to the messenger, and are in the log.
const WAITING: usize = 256;

/// Who shows it: one node, or else everything would be shown twice.
const LEASE: LeaseName = LeaseName("messenger");
const LEASE_TIME: Duration = Duration::from_secs(10);

/// Until shutdown.
pub async fn mirror(app: Arc<App>, messenger: Arc<dyn Messenger>, shutdown: CancellationToken) {
    let mirroring = async {
        let mut rooms = HashMap::new();
        loop {
            if let Err(error) = follow(&app, &messenger, &mut rooms).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "chat cannot be shown elsewhere now"
                );
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    shutdown.run_until_cancelled(mirroring).await;
}

/// Listens to the rooms of what is on air, and no more to the others.
async fn follow(
    app: &Arc<App>,
    messenger: &Arc<dyn Messenger>,
    rooms: &mut HashMap<ChannelId, Subscription>,
) -> Result<(), Refusal> {
    let (ports, now) = (&app.ports, app.now());
    let live = ports.streams.live().await?;
    let mut on_air: Vec<ChannelId> = live.iter().map(|stream| stream.value.channel).collect();
    let until = now + LEASE_TIME;
    if !on_air.is_empty() && !ports.leases.acquire(LEASE, app.node, now, until).await? {
        on_air.clear();
    }
    rooms.retain(|channel, _| on_air.contains(channel));
    for channel in on_air {
        if rooms.contains_key(&channel) {
            continue;
        }
        let (lines, waiting) = mpsc::channel(WAITING);
        // As anybody sees it: late where chat is delayed, and not at all where that is not theirs.
        let anybody = Actor::Guest(GuestId::from_uuid(app.ports.ids.uuid()));
        let command = JoinRoom {
            channel,
            start: Start::Now,
            listener: Arc::new(Mirror(lines)),
        };
        match join_room(app, &anybody, command).await {
            Ok(joined) => {
                rooms.insert(channel, joined.subscription);
                tokio::spawn(pass_on(channel, waiting, Arc::clone(messenger)));
            }
            Err(Refusal::Denied(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Ends with its room's subscription.
async fn pass_on(
    channel: ChannelId,
    mut waiting: mpsc::Receiver<Arc<Published>>,
    messenger: Arc<dyn Messenger>,
) {
    while let Some(published) = waiting.recv().await {
        let Shown::Line(line) = &published.shown else {
            continue;
        };
        let Ok(line) = serde_json::to_vec(&LineJson::public(line)) else {
            continue;
        };
        if let Err(error) = messenger.show(channel, &line).await {
            tracing::debug!(
                error = &error as &dyn std::error::Error,
                "a line was not shown elsewhere"
            );
        }
    }
}

struct Mirror(mpsc::Sender<Arc<Published>>);

#[async_trait]
impl Listener for Mirror {
    fn deliver(&self, published: &Arc<Published>) {
        // A mirror that is too slow misses lines.
        let _ = self.0.try_send(Arc::clone(published));
    }

    async fn catch_up(&self, missed: Vec<Published>) {
        for published in missed {
            let _ = self.0.send(Arc::new(published)).await;
        }
    }

    fn shut_out(&self, _: Identity) {}
}
