//! The feed: one record for each durable write that told of something.
//!
//! A record may be large (everybody who joined within a second), so it lies in parts of less
//! than 64 KiB, all written in the same batch. The first begins with the moment it was
//! written, so that old ones can be told without reading them whole.

use async_trait::async_trait;
use greenroom_domain::chat::Seq;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::event::Event;
use greenroom_domain::shared::feed::{
    Consumer, Feed, FeedError, FeedPosition, FeedRecord, LineRange,
};
use greenroom_domain::shared::id::ChannelId;
use greenroom_domain::shared::store::StoreError;
use serde::{Deserialize, Serialize};
use sled::{IVec, Tree};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::codec::{self, Unreadable, corrupt};
use crate::committer::Request;
use crate::database::{Absent, Database, refused};
use crate::draft::Pending;
use crate::keyspace::{self, Key, Meta};
use crate::{SledStore, gone, open, read};

const RECORD: &str = "feed record";

/// The largest part.
const PART: usize = 60 * 1024;

/// So many records are forgotten in one batch, for others wait behind it.
const PRUNE_AT_ONCE: usize = 1000;

#[async_trait]
impl Feed for SledStore {
    async fn read(&self, after: FeedPosition, limit: usize) -> Result<Vec<FeedRecord>, FeedError> {
        // What is written and not durable yet is behind the head.
        let head = *self.shared.head.borrow();
        let found = self
            .scan(move |tree| {
                let records = records(tree, after, head, limit)?;
                // After the records: what was forgotten meanwhile shows as well.
                Ok((base(tree)? <= after).then_some(records))
            })
            .await?;
        found.ok_or(FeedError::Gone)
    }

    async fn head(&self) -> Result<FeedPosition, StoreError> {
        if self.shared.database.is_open() {
            Ok(*self.shared.head.borrow())
        } else {
            Err(gone(Absent::NotOpen))
        }
    }

    async fn cursor(&self, consumer: Consumer) -> Result<Option<FeedPosition>, StoreError> {
        self.read(|tree| {
            let found = tree.get(keyspace::cursor(consumer.0)).map_err(refused)?;
            found.map(|bytes| decode_cursor(&bytes)).transpose()
        })
    }

    async fn changed(&self, after: FeedPosition) {
        let mut head = self.shared.head.subscribe();
        // It fails when the store is gone: then there is nothing to wait for either.
        let _ = head.wait_for(|head| *head > after).await;
    }

    async fn prune(&self, through: FeedPosition, before: Timestamp) -> Result<(), StoreError> {
        loop {
            let (answer, answered) = oneshot::channel();
            let request = Request::Prune {
                through,
                before,
                answer,
            };
            let closed = |_| gone(Absent::NotOpen);
            self.shared.queue.put(request).await.map_err(closed)?;
            let more = answered.await.map_err(|_| gone(Absent::Ended))??;
            if !more {
                return Ok(());
            }
        }
    }
}

pub(crate) fn decode_cursor(bytes: &[u8]) -> Result<FeedPosition, StoreError> {
    codec::decode_u64("cursor", bytes).map(FeedPosition)
}

#[derive(Serialize)]
struct NewRecord<'a> {
    lines: Vec<(Uuid, u64, u64)>,
    events: &'a [Event],
}

#[derive(Deserialize)]
struct StoredRecord {
    lines: Vec<(Uuid, u64, u64)>,
    events: Vec<Event>,
}

/// The parts of a batch's record; none when there is nothing to tell.
pub(crate) fn encode(
    position: FeedPosition,
    pending: &Pending,
) -> Result<Vec<(Key, IVec)>, StoreError> {
    let Some(at) = pending.at else {
        return Ok(Vec::new());
    };
    let mut lines: Vec<LineRange> = pending.lines.values().copied().collect();
    lines.sort_unstable_by_key(|range| range.room);
    encode_record(position, at, &lines, &pending.events)
}

/// The parts of a record.
pub(crate) fn encode_record(
    position: FeedPosition,
    at: Timestamp,
    lines: &[LineRange],
    events: &[Event],
) -> Result<Vec<(Key, IVec)>, StoreError> {
    let range = |range: &LineRange| (range.room.uuid(), range.first.0, range.last.0);
    let lines = lines.iter().map(range).collect();
    let record = codec::encode_large(RECORD, &NewRecord { lines, events })?;
    let mut bytes = at.micros().to_be_bytes().to_vec();
    bytes.extend_from_slice(&record);
    bytes
        .chunks(PART)
        .zip(0..)
        .map(|(part, number)| {
            let number = u16::try_from(number)
                .map_err(|_| corrupt(RECORD, Unreadable::TooLarge(bytes.len())))?;
            Ok((keyspace::feed_part(position, number), IVec::from(part)))
        })
        .collect()
}

/// Puts the removal of some old records into the batch. True when there may be more.
pub(crate) fn prune_some(
    database: &Database,
    through: FeedPosition,
    before: Timestamp,
    pending: &mut Pending,
) -> Result<bool, StoreError> {
    let base = open::feed_base(database)?;
    if through <= base {
        return Ok(false);
    }
    let (keys, last) = database.read(|tree| {
        let from = keyspace::feed(FeedPosition(base.0.saturating_add(1)));
        let end = read::end_of(&keyspace::feed(through));
        let (mut keys, mut last, mut records) = (Vec::new(), base, 0);
        for found in tree.range(from..end) {
            let (key, bytes) = found.map_err(refused)?;
            let (position, part) = position(&key)?;
            if part == 0 {
                if written_at(&bytes)? >= before || records == PRUNE_AT_ONCE {
                    break;
                }
                records += 1;
            }
            last = position;
            keys.push(key.to_vec());
        }
        Ok((keys, (last > base).then_some((last, records))))
    })?;
    let Some((last, records)) = last else {
        return Ok(false);
    };
    for key in keys {
        pending.writes.insert(key, None);
    }
    let base = IVec::from(&last.0.to_be_bytes());
    pending
        .writes
        .insert(keyspace::meta(Meta::FeedBase), Some(base));
    Ok(records == PRUNE_AT_ONCE)
}

fn records(
    tree: &Tree,
    after: FeedPosition,
    head: FeedPosition,
    limit: usize,
) -> Result<Vec<FeedRecord>, StoreError> {
    if after >= head || limit == 0 {
        return Ok(Vec::new());
    }
    let from = keyspace::feed(FeedPosition(after.0.saturating_add(1)));
    let end = read::end_of(&keyspace::feed(head));
    let mut records = Vec::new();
    let mut assembly = Assembly::default();
    for found in tree.range(from..end) {
        let (key, bytes) = found.map_err(refused)?;
        if let Some((_, record)) = assembly.add(&key, &bytes)? {
            records.push(record);
            if records.len() == limit {
                return Ok(records);
            }
        }
    }
    records.extend(assembly.finish()?.map(|(_, record)| record));
    Ok(records)
}

/// Puts records together of their parts, which come in order.
#[derive(Default)]
pub(crate) struct Assembly {
    whole: Option<(FeedPosition, Vec<u8>)>,
}

impl Assembly {
    /// The next part. Where it begins a record, answers with the one before and the moment
    /// that was written at.
    pub(crate) fn add(
        &mut self,
        key: &[u8],
        bytes: &[u8],
    ) -> Result<Option<(Timestamp, FeedRecord)>, StoreError> {
        match (position(key)?, &mut self.whole) {
            ((position, 0), whole) => {
                let before = whole.replace((position, bytes.to_vec()));
                before.map(|(at, whole)| decode(at, &whole)).transpose()
            }
            ((position, _), Some((first, whole))) if *first == position => {
                whole.extend_from_slice(bytes);
                Ok(None)
            }
            _ => Err(corrupt(RECORD, Unreadable::Key)),
        }
    }

    /// There are no more parts: answers with the last record.
    pub(crate) fn finish(self) -> Result<Option<(Timestamp, FeedRecord)>, StoreError> {
        let whole = self.whole;
        whole.map(|(at, whole)| decode(at, &whole)).transpose()
    }
}

fn base(tree: &Tree) -> Result<FeedPosition, StoreError> {
    let found = tree.get(keyspace::meta(Meta::FeedBase)).map_err(refused)?;
    let base = found.map(|bytes| codec::decode_u64("feed's base", &bytes));
    Ok(base.transpose()?.map_or(FeedPosition::START, FeedPosition))
}

fn decode(position: FeedPosition, bytes: &[u8]) -> Result<(Timestamp, FeedRecord), StoreError> {
    let record = bytes
        .get(8..)
        .ok_or_else(|| corrupt(RECORD, Unreadable::Short))?;
    let StoredRecord { lines, events } = codec::decode_record(RECORD, record)?;
    let range = |(room, first, last)| LineRange {
        room: ChannelId::from_uuid(room),
        first: Seq(first),
        last: Seq(last),
    };
    let record = FeedRecord {
        position,
        events,
        lines: lines.into_iter().map(range).collect(),
    };
    Ok((written_at(bytes)?, record))
}

fn written_at(bytes: &[u8]) -> Result<Timestamp, StoreError> {
    let at = bytes.first_chunk().copied().map(i64::from_be_bytes);
    let at = at.ok_or_else(|| corrupt(RECORD, Unreadable::Short))?;
    Ok(Timestamp::from_micros(at))
}

fn position(key: &[u8]) -> Result<(FeedPosition, u16), StoreError> {
    keyspace::parse_feed_part(key).ok_or_else(|| corrupt(RECORD, Unreadable::Key))
}
