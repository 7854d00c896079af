//! Several nodes, one platform: each with media and a bus's end of its own, on one store.

mod effects;
mod media;
mod rooms;
mod streams;

use std::time::Duration;

use greenroom_domain::channel::{Channel, KeySecret};
use greenroom_domain::shared::actor::Actor;

use crate::support::{Platform, Running};

/// Two nodes, both running, and a creator with a key.
struct Pair {
    one: Platform,
    two: Platform,
    running: [Option<Running>; 2],
    owner: Actor,
    channel: Channel,
    key: KeySecret,
}

impl Pair {
    async fn running() -> Self {
        let one = Platform::new();
        let two = one.another("two");
        let (owner, channel) = one.creator("ada").await;
        let key = one.key(&owner, &channel, None).await.secret;
        let running = [Some(Running::of(&one)), Some(Running::of(&two))];
        let pair = Self {
            one,
            two,
            running,
            owner,
            channel,
            key,
        };
        pair.pass(1).await;
        pair
    }

    /// Time passes, for every clock.
    async fn pass(&self, seconds: u64) {
        for _ in 0..seconds {
            self.one.advance(1);
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// Node one is gone from one moment to the next.
    fn kill_one(&mut self) {
        if let Some(running) = self.running[0].take() {
            running.kill();
        }
    }

    /// Node one says goodbye.
    async fn stop_one(&mut self) {
        if let Some(running) = self.running[0].take() {
            running.stop().await;
        }
    }

    async fn stop(mut self) {
        for running in self.running.iter_mut().filter_map(Option::take) {
            running.stop().await;
        }
    }
}
