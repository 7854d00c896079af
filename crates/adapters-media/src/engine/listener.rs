//! Takes connections of encoders, bounded in number.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use greenroom_domain::media::MediaEvents;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Door, Engine, EngineConfig, publisher, subscriber};

/// Until shutdown, when every publisher is told.
pub(super) async fn run(
    engine: &Arc<Engine>,
    doors: Vec<Door>,
    events: &Arc<dyn MediaEvents>,
    shutdown: &CancellationToken,
) {
    // However many doors there are, the house is no larger.
    let places = Arc::new(Places::default());
    let doors = doors
        .into_iter()
        .map(|door| attend(engine, door, &places, events, shutdown));
    join_all(doors).await;
}

async fn attend(
    engine: &Arc<Engine>,
    door: Door,
    places: &Arc<Places>,
    events: &Arc<dyn MediaEvents>,
    shutdown: &CancellationToken,
) {
    let tasks = TaskTracker::new();
    while let Some(accepted) = shutdown.run_until_cancelled(door.listener.accept()).await {
        match accepted {
            Ok((stream, peer)) => {
                let Some(place) = places.take(peer.ip(), &engine.config) else {
                    tracing::debug!("an encoder's connection is refused: too many");
                    continue;
                };
                let (engine, events) = (Arc::clone(engine), Arc::clone(events));
                let (secure, shutdown) = (door.secure.clone(), shutdown.clone());
                tasks.spawn(async move {
                    let secure = secure.as_deref();
                    publisher::serve(&engine, stream, secure, peer.ip(), &*events, &shutdown).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "an encoder could not be taken"
                );
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    tasks.close();
    tasks.wait().await;
}

/// Who is connected.
#[derive(Default)]
struct Places(Mutex<Taken>);

#[derive(Default)]
struct Taken {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
}

struct Place {
    places: Arc<Places>,
    ip: IpAddr,
}

impl Places {
    fn take(self: &Arc<Self>, ip: IpAddr, config: &EngineConfig) -> Option<Place> {
        let ip = subscriber(ip);
        let mut taken = self.0.lock();
        let here = taken.by_address.get(&ip).copied().unwrap_or(0);
        if taken.total >= config.max_connections || here >= config.max_connections_per_address {
            return None;
        }
        taken.total += 1;
        taken.by_address.insert(ip, here + 1);
        Some(Place {
            places: Arc::clone(self),
            ip,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.0.lock();
        taken.total -= 1;
        if let Some(here) = taken.by_address.get_mut(&self.ip) {
            *here -= 1;
            if *here == 0 {
                taken.by_address.remove(&self.ip);
            }
        }
    }
}
