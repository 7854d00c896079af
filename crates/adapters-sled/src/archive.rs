//! Moving house: the whole store as it was at one moment, and a whole store put in the place
//! of an empty one.
//!
//! sled has no snapshots. An export reads the tree while it is written, and the committer
//! puts aside what it overwrites meanwhile ([`before`]). An import is written into a folder
//! of its own, which takes the store's place once everything is in it ([`staging`]).

pub(crate) mod before;
mod entry;
pub(crate) mod staging;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use greenroom_domain::shared::archive::{
    Archive, Entry, EntrySink, EntrySource, ExportError, ImportError,
};
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::feed::{FeedPosition, FeedRecord};
use greenroom_domain::shared::store::StoreError;
use sled::{IVec, Tree};
use tokio::sync::oneshot;

use crate::archive::before::{Before, Overtaken};
use crate::archive::staging::Staging;
use crate::committer::Request;
use crate::database::{Absent, refused};
use crate::feed::Assembly;
use crate::keyspace::{self, Key, Meta, Space};
use crate::{SledStore, codec, gone, read};

/// So many pairs are read at once.
const AT_ONCE: usize = 256;

/// What is exported, in the order of [`Entry::place`]; the epoch comes first, and the feed's
/// base before the feed.
const SPACES: [Space; 19] = [
    Space::User,
    Space::Session,
    Space::Channel,
    Space::StreamKey,
    Space::Stream,
    Space::Counters,
    Space::Recording,
    Space::Room,
    Space::Restriction,
    Space::Appointment,
    Space::Follow,
    Space::Followers,
    Space::Block,
    Space::Audited,
    Space::Reply,
    Space::Claim,
    Space::Line,
    Space::Feed,
    Space::Cursor,
];

/// Pairs as they were at an export's moment.
type Pairs = BTreeMap<Key, IVec>;

#[async_trait]
impl Archive for SledStore {
    async fn export(&self, to: &mut dyn EntrySink) -> Result<(), ExportError> {
        let before = self.begin_export().await?;
        give(to, vec![Entry::Epoch(self.epoch())]).await?;
        for space in SPACES {
            if space == Space::Feed {
                let base = self.feed_base(&before).await?;
                give(to, vec![Entry::FeedBase(base)]).await?;
            }
            let mut records = Assembly::default();
            let mut from = Some(keyspace::all(space));
            while let Some(start) = from {
                let end = read::end_of(&keyspace::all(space));
                let (pairs, next) = self.pairs(&before, start, end).await?;
                give(to, self.entries(space, pairs, &mut records)?).await?;
                from = next;
            }
            let last = records.finish()?;
            give(to, last.into_iter().map(of_record).collect()).await?;
        }
        Ok(())
    }

    async fn import(&self, from: &mut dyn EntrySource) -> Result<(), ImportError> {
        if !self.scan(is_empty).await? {
            return Err(ImportError::NotEmpty);
        }
        let shared = self.shared();
        let mut staging = blocking(move || {
            let data = shared.data_folder();
            Staging::make(data, shared.options.cache_bytes, shared.node)
        })
        .await?;
        loop {
            let entries = from.next().await.map_err(ImportError::Source)?;
            if entries.is_empty() {
                break;
            }
            staging = blocking(move || staging.add(entries).map(|()| staging)).await?;
        }
        let (answer, answered) = oneshot::channel();
        let request = Request::Adopt { staging, answer };
        let closed = |_| gone(Absent::NotOpen);
        self.shared.queue.put(request).await.map_err(closed)?;
        answered.await.map_err(|_| gone(Absent::Ended))?
    }
}

impl SledStore {
    async fn begin_export(&self) -> Result<Arc<Before>, StoreError> {
        let shared = self.shared();
        blocking(move || Ok(shared.exports.begin())).await
    }

    /// Some pairs between two keys, and where the next ones begin.
    async fn pairs(
        &self,
        before: &Arc<Before>,
        from: Key,
        end: Key,
    ) -> Result<(Pairs, Option<Key>), ExportError> {
        let before = Arc::clone(before);
        let read = self.scan(move |tree| {
            let pairs = tree.range(from.clone()..end.clone()).take(AT_ONCE);
            let pairs = pairs.map(|pair| pair.map(|(key, value)| (key.to_vec(), value)));
            let mut pairs: Pairs = pairs.collect::<sled::Result<_>>().map_err(refused)?;
            let next = match pairs.last_key_value() {
                Some((last, _)) if pairs.len() == AT_ONCE => Some(keyspace::behind(last)),
                _ => None,
            };
            // After the read: whatever it saw of what was written since, was put aside before.
            let range = from..next.clone().unwrap_or(end);
            Ok(before.restore(&mut pairs, range).map(|()| (pairs, next)))
        });
        read.await?.map_err(|Overtaken| ExportError::Overtaken)
    }

    fn entries(
        &self,
        space: Space,
        pairs: Pairs,
        records: &mut Assembly,
    ) -> Result<Vec<Entry>, StoreError> {
        let mut entries = Vec::with_capacity(pairs.len());
        for (key, value) in pairs {
            entries.extend(match space {
                Space::Feed => records.add(&key, &value)?.map(of_record),
                _ => entry::of_pair(space, &key, &value, self.epoch())?,
            });
        }
        Ok(entries)
    }

    async fn feed_base(&self, before: &Arc<Before>) -> Result<FeedPosition, ExportError> {
        let key = keyspace::meta(Meta::FeedBase);
        let (pairs, _) = self
            .pairs(before, key.clone(), keyspace::behind(&key))
            .await?;
        let base = pairs.values().next();
        let base = base.map(|bytes| codec::decode_u64("feed's base", bytes));
        Ok(base.transpose()?.map_or(FeedPosition::START, FeedPosition))
    }
}

async fn give(to: &mut dyn EntrySink, entries: Vec<Entry>) -> Result<(), ExportError> {
    if entries.is_empty() {
        return Ok(());
    }
    to.take(entries).await.map_err(ExportError::Sink)
}

/// Whether an export reads this key.
pub(crate) fn is_exported(key: &[u8]) -> bool {
    let read = SPACES.iter().chain([&Space::Meta]);
    read.into_iter()
        .any(|space| key.first() == Some(&(*space as u8)))
}

/// Whether nothing was ever kept in it.
pub(crate) fn is_empty(tree: &Tree) -> Result<bool, StoreError> {
    let content = tree.range(read::end_of(&keyspace::all(Space::Meta))..);
    let first = content.keys().next().transpose().map_err(refused)?;
    let base = tree.get(keyspace::meta(Meta::FeedBase)).map_err(refused)?;
    Ok(first.is_none() && base.is_none())
}

fn of_record((at, record): (Timestamp, FeedRecord)) -> Entry {
    Entry::FeedRecord(at, record)
}

/// Waits for the disk off the runtime's threads.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(stopped) => Err(StoreError::Unavailable(Box::new(stopped))),
    }
}
