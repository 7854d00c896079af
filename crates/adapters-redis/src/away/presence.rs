//! Presence while Redis is away.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::stream;
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::StreamId;
use greenroom_domain::shared::store::StoreError;
use greenroom_domain::stream::{Audience, Presence, Via};
use parking_lot::Mutex;
use tokio_util::task::AbortOnDropHandle;

use super::own::{OwnViewers, Way};
use super::told::Told;
use crate::presence::RedisPresence;

/// How many are announced at once.
const AT_ONCE: usize = 64;

/// Who watches at all nodes; while Redis is away, who watches at this one.
///
/// Nobody is said to have come or gone meanwhile, and for three seconds after: the nodes
/// announce their viewers again, and what happened is told then, once.
pub struct PresenceWhenAway {
    shared: Arc<RedisPresence>,
    known: Arc<Known>,
    _announcer: AbortOnDropHandle<()>,
}

/// What this node knows by itself.
#[derive(Default)]
struct Known {
    own: Mutex<OwnViewers>,
    told: Mutex<Told>,
}

impl PresenceWhenAway {
    /// Keeps this node's view beside the shared one. Has to be called in a tokio runtime.
    pub fn new(shared: RedisPresence) -> Self {
        let shared = Arc::new(shared);
        let known = Arc::default();
        let announcer = announce(Arc::clone(&shared), Arc::clone(&known));
        Self {
            shared,
            known,
            _announcer: AbortOnDropHandle::new(tokio::spawn(announcer)),
        }
    }

    /// Nothing that is known to have happened.
    async fn unchanged(&self, stream: StreamId, now: Timestamp) -> Result<Audience, StoreError> {
        let counts = self.counts(&[stream], now).await?;
        Ok(Audience {
            viewers: counts.first().copied().unwrap_or(0),
            ..Audience::default()
        })
    }
}

/// Tells Redis what this node knows, whenever it is back. What fails is said again by the
/// next connection.
async fn announce(shared: Arc<RedisPresence>, known: Arc<Known>) {
    let (mut connection, mut lost_at) = (0, Instant::now());
    loop {
        connection = shared.redis().connected_after(connection).await;
        let told = known.told.lock().when_lost(lost_at);
        for (stream, told) in told {
            let _ = shared.restore(stream, &told).await;
        }
        let own = known.own.lock().all();
        let announcements = stream::iter(own).for_each_concurrent(AT_ONCE, |way| {
            let shared = &shared;
            async move {
                let _ = shared.renew(way.stream, way.who, way.via, way.until).await;
            }
        });
        announcements.await;
        shared.redis().lost(connection).await;
        lost_at = Instant::now();
    }
}

/// Whether Redis could not be asked.
fn is_away<T>(answer: &Result<T, StoreError>) -> bool {
    matches!(answer, Err(StoreError::Unavailable(_)))
}

#[async_trait]
impl Presence for PresenceWhenAway {
    async fn renew(
        &self,
        stream: StreamId,
        who: Identity,
        via: Via,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        self.known.own.lock().renew(Way {
            stream,
            who,
            via,
            until,
        });
        let renewed = self.shared.renew(stream, who, via, until).await;
        if is_away(&renewed) { Ok(()) } else { renewed }
    }

    /// Who leaves while Redis is away runs out there.
    async fn leave(&self, stream: StreamId, who: Identity, via: Via) -> Result<(), StoreError> {
        self.known.own.lock().leave(stream, who, via);
        let left = self.shared.leave(stream, who, via).await;
        if is_away(&left) { Ok(()) } else { left }
    }

    async fn audience(&self, stream: StreamId, now: Timestamp) -> Result<Audience, StoreError> {
        let connection = self.shared.redis().connection_number();
        let may_ask = connection.is_some_and(|it| self.known.told.lock().is_settled(it, now));
        if !may_ask {
            return self.unchanged(stream, now).await;
        }
        let answer = self.shared.audience(stream, now).await;
        if is_away(&answer) {
            return self.unchanged(stream, now).await;
        }
        let audience = answer?;
        self.known.told.lock().answered(stream, &audience);
        Ok(audience)
    }

    async fn counts(&self, streams: &[StreamId], now: Timestamp) -> Result<Vec<u64>, StoreError> {
        let counts = self.shared.counts(streams, now).await;
        if !is_away(&counts) {
            return counts;
        }
        let own = self.known.own.lock();
        let count = |stream: &StreamId| own.at(*stream, now).len() as u64;
        Ok(streams.iter().map(count).collect())
    }

    async fn participants(
        &self,
        stream: StreamId,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Identity>, StoreError> {
        let participants = self.shared.participants(stream, now, limit).await;
        if !is_away(&participants) {
            return participants;
        }
        let present = self.known.own.lock().at(stream, now);
        Ok(present.into_iter().take(limit).collect())
    }

    /// What Redis could not be told of is forgotten there after an hour.
    async fn clear(&self, stream: StreamId) -> Result<(), StoreError> {
        self.known.own.lock().clear(stream);
        self.known.told.lock().clear(stream);
        let cleared = self.shared.clear(stream).await;
        if is_away(&cleared) { Ok(()) } else { cleared }
    }
}
