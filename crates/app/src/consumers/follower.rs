//! Follows the feed for this node: shows the lines that did not come by the bus, and acts on
//! what was decided elsewhere. Every node does, with no place kept: what a process that died
//! had in memory is gone with it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use greenroom_domain::shared::event::Event;
use greenroom_domain::shared::feed::{FeedError, FeedPosition};
use tokio_util::sync::CancellationToken;

use crate::consumers::effects;
use crate::{App, Refusal};

/// How long what was committed has to come by the bus. Nobody reads the feed more often.
const MOMENT: Duration = Duration::from_millis(100);
const BATCH: usize = 500;
/// How soon it is tried again to act on an event.
const AGAIN: Duration = Duration::from_secs(1);
/// How many events are tried again at most; the oldest are given up first.
const OWED: usize = 1_000;

/// Until shutdown.
pub(crate) async fn run(app: &Arc<App>, shutdown: &CancellationToken) {
    let following = async {
        let mut follower = Follower::default();
        loop {
            if let Err(error) = follower.follow(app).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the feed cannot be followed now"
                );
                tokio::time::sleep(AGAIN).await;
            }
        }
    };
    shutdown.run_until_cancelled(following).await;
}

#[derive(Default)]
struct Follower {
    /// Unknown until the feed has said where it ends.
    at: Option<FeedPosition>,
    /// Events that are to be acted on.
    owed: VecDeque<Event>,
}

impl Follower {
    async fn follow(&mut self, app: &Arc<App>) -> Result<(), Refusal> {
        let Some(mut at) = self.at else {
            return self.begin(app).await;
        };
        let changed = app.ports.feed.changed(at);
        if self.owed.is_empty() {
            changed.await;
        } else {
            let _ = tokio::time::timeout(AGAIN, changed).await;
        }
        tokio::time::sleep(MOMENT).await;
        loop {
            let records = match app.ports.feed.read(at, BATCH).await {
                Ok(records) => records,
                Err(FeedError::Gone) => {
                    tracing::warn!("the feed no longer reaches back to where this node stood");
                    self.at = None;
                    return Ok(());
                }
                Err(FeedError::Store(error)) => return Err(error.into()),
            };
            let is_all = records.len() < BATCH;
            for record in records {
                for range in record.lines {
                    app.hub.expect(range.room, range.last);
                }
                self.owed.extend(record.events);
                at = record.position;
            }
            self.at = Some(at);
            self.act(app).await;
            if is_all {
                return Ok(());
            }
        }
    }

    /// From now on. What was shown and kept in mind before may be old.
    async fn begin(&mut self, app: &Arc<App>) -> Result<(), Refusal> {
        let head = app.ports.feed.head().await?;
        app.rules.forget_all();
        app.live.forget();
        app.hub.expect_all().await?;
        self.at = Some(head);
        Ok(())
    }

    /// Acts on what is owed, up to the first that fails; that one is the last next time.
    async fn act(&mut self, app: &Arc<App>) {
        while let Some(event) = self.owed.pop_front() {
            if let Err(error) = effects::at_this_node(app, &event).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "an effect has to be repeated"
                );
                self.owed.push_back(event);
                break;
            }
        }
        let too_many = self.owed.len().saturating_sub(OWED);
        self.owed.drain(..too_many);
    }
}
