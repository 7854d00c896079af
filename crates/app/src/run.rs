//! What goes on for as long as the application lives.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use greenroom_domain::shared::commit::{Changes, StateChange};
use greenroom_domain::shared::node::NodeAddress;
use tokio_util::sync::CancellationToken;

use crate::consumers::{follower, runner};
use crate::notification::tell;
use crate::realtime::relay;
use crate::recording::follow;
use crate::stream::{audience, sweep};
use crate::{App, Refusal, node};

const SWEEP_EVERY: Duration = Duration::from_millis(500);
const LOOK_EVERY: Duration = Duration::from_secs(5);
const COUNT_EVERY: Duration = Duration::from_secs(1);
const FOLLOW_EVERY: Duration = Duration::from_secs(15);
const TIDY_EVERY: Duration = Duration::from_secs(600);
const FOLLOW: &str = "follow recordings";

impl App {
    /// Takes up where the last process of this node stopped. Before anything is served.
    pub async fn start(self: &Arc<Self>) -> Result<(), Refusal> {
        sweep::interrupt_own(self).await
    }

    /// Sweeps, counts, consumes, tells those whom it concerns, and keeps up with the other nodes, which are told that this one
    /// is at `address`; until shutdown.
    pub async fn run(self: Arc<Self>, address: NodeAddress, shutdown: CancellationToken) {
        tokio::join!(
            every(SWEEP_EVERY, &shutdown, "sweep", || async {
                sweep::due(&self).await.map(drop)
            }),
            every(LOOK_EVERY, &shutdown, "look for lost encoders", || async {
                sweep::orphans(&self).await.map(drop)
            }),
            every(COUNT_EVERY, &shutdown, "count", || audience::count(&self)),
            async {
                // At once: much may have become of them while this process was not there.
                let first = follow::open(&self).await;
                warn(first, FOLLOW);
                every(FOLLOW_EVERY, &shutdown, FOLLOW, || follow::open(&self)).await;
            },
            every(TIDY_EVERY, &shutdown, "tidy", || tidy(&self)),
            runner::run(Arc::clone(&self), shutdown.clone()),
            relay::run(&self, &shutdown),
            follower::run(&self, &shutdown),
            tell::run(&self, &shutdown),
            node::announce(&self, &address, &shutdown),
        );
        node::leave(&self).await;
    }
}

async fn every<F>(period: Duration, shutdown: &CancellationToken, what: &str, work: impl Fn() -> F)
where
    F: Future<Output = Result<(), Refusal>>,
{
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(period) => {}
        }
        warn(work().await, what);
    }
}

fn warn(done: Result<(), Refusal>, what: &str) {
    if let Err(error) = done {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            what,
            "will be tried again"
        );
    }
}

/// Sessions that ran out, and feed records that nobody needs.
async fn tidy(app: &Arc<App>) -> Result<(), Refusal> {
    loop {
        let expired = app.ports.sessions.expired(app.now(), 500).await?;
        if expired.is_empty() {
            break;
        }
        let changes = || Changes {
            states: expired
                .iter()
                .map(|id| StateChange::SessionEnded(*id))
                .collect(),
            ..Changes::new()
        };
        app.retry(|| app.commit(changes())).await?;
    }
    runner::prune(app).await
}
