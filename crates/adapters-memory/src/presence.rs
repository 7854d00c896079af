//! Who watches, as one process knows it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use async_trait::async_trait;
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::StreamId;
use greenroom_domain::shared::store::StoreError;
use greenroom_domain::stream::{Audience, Presence, Via};
use parking_lot::Mutex;

/// So long after everybody ran out, an audience that nobody asked for is forgotten: a late
/// word about a stream that is over must not stay for ever.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(300);

/// Who watches what, among the viewers of one process.
#[derive(Debug, Default)]
pub struct InMemoryPresence(Mutex<Streams>);

#[derive(Debug, Default)]
struct Streams {
    by_id: HashMap<StreamId, Watchers>,
    /// The latest time that anybody spoke of as now.
    now: Option<Timestamp>,
}

#[derive(Debug, Default)]
struct Watchers {
    /// By what each is present, and until when.
    present: BTreeMap<Identity, BTreeMap<Via, Timestamp>>,
    /// Who was there when the audience was asked for last.
    told: BTreeSet<Identity>,
}

impl Streams {
    /// The stream's watchers as of now, those who ran out dropped.
    fn at(&mut self, stream: StreamId, now: Timestamp) -> Option<&mut Watchers> {
        self.now = self.now.max(Some(now));
        let watchers = self.by_id.get_mut(&stream)?;
        watchers.present.retain(|_, ways| {
            ways.retain(|_, until| now < *until);
            !ways.is_empty()
        });
        Some(watchers)
    }

    fn forget_long_gone(&mut self) {
        if let Some(now) = self.now {
            let from = now - FORGOTTEN_AFTER;
            self.by_id.retain(|_, watchers| {
                let mut ways = watchers.present.values().flat_map(BTreeMap::values);
                !watchers.told.is_empty() || ways.any(|until| from < *until)
            });
        }
    }
}

#[async_trait]
impl Presence for InMemoryPresence {
    async fn renew(
        &self,
        stream: StreamId,
        who: Identity,
        via: Via,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let mut streams = self.0.lock();
        if !streams.by_id.contains_key(&stream) {
            streams.forget_long_gone();
        }
        let watchers = streams.by_id.entry(stream).or_default();
        let ways = watchers.present.entry(who).or_default();
        let kept = ways.entry(via).or_insert(until);
        *kept = until.max(*kept);
        Ok(())
    }

    async fn leave(&self, stream: StreamId, who: Identity, via: Via) -> Result<(), StoreError> {
        let mut streams = self.0.lock();
        if let Some(watchers) = streams.by_id.get_mut(&stream)
            && let Some(ways) = watchers.present.get_mut(&who)
        {
            ways.remove(&via);
            if ways.is_empty() {
                watchers.present.remove(&who);
            }
        }
        Ok(())
    }

    async fn audience(&self, stream: StreamId, now: Timestamp) -> Result<Audience, StoreError> {
        let mut streams = self.0.lock();
        let Some(watchers) = streams.at(stream, now) else {
            return Ok(Audience::default());
        };
        let present: BTreeSet<Identity> = watchers.present.keys().copied().collect();
        let audience = Audience {
            viewers: present.len() as u64,
            joined: present.difference(&watchers.told).copied().collect(),
            left: watchers.told.difference(&present).copied().collect(),
        };
        watchers.told = present;
        Ok(audience)
    }

    async fn counts(&self, ids: &[StreamId], now: Timestamp) -> Result<Vec<u64>, StoreError> {
        let mut streams = self.0.lock();
        let count = |id: &StreamId| {
            let watchers = streams.at(*id, now);
            watchers.map_or(0, |it| it.present.len() as u64)
        };
        Ok(ids.iter().map(count).collect())
    }

    async fn participants(
        &self,
        stream: StreamId,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Identity>, StoreError> {
        let mut streams = self.0.lock();
        let Some(watchers) = streams.at(stream, now) else {
            return Ok(Vec::new());
        };
        Ok(watchers.present.keys().take(limit).copied().collect())
    }

    async fn clear(&self, stream: StreamId) -> Result<(), StoreError> {
        self.0.lock().by_id.remove(&stream);
        Ok(())
    }
}
