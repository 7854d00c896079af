//! Streams and what is counted of them.

use async_trait::async_trait;
use greenroom_domain::channel::{Category, ChannelTitle};
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::{ChannelId, NodeId, StreamId, StreamKeyId};
use greenroom_domain::shared::page::{Page, PageRequest, UnknownCursor};
use greenroom_domain::shared::store::{StoreError, Stored};
use greenroom_domain::stream::{
    EndReason, Generation, Ingest, Publisher, Stream, StreamCounts, StreamState, Streams,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::codec::{self, BoxError, Kept};
use crate::database::refused;
use crate::keyspace::{self, Key, Space};
use crate::read::{Listing, Order};
use crate::{SledStore, read};

#[async_trait]
impl Streams for SledStore {
    async fn get(&self, id: StreamId) -> Result<Option<Stored<Stream>>, StoreError> {
        self.read(|tree| read::stored(tree, &keyspace::stream(id)))
    }

    async fn live_of(&self, channel: ChannelId) -> Result<Option<Stored<Stream>>, StoreError> {
        let prefix = keyspace::live_streams_of(channel);
        self.read(|tree| read::indexed(tree, &prefix, stream_key, Stream::is_live))
    }

    async fn live(&self) -> Result<Vec<Stored<Stream>>, StoreError> {
        self.scan(|tree| {
            let indexes = tree.scan_prefix(keyspace::all(Space::LiveStream)).keys();
            read::all_indexed(tree, indexes, stream_key, Stream::is_live, usize::MAX)
        })
        .await
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Stored<Stream>>, StoreError> {
        self.scan(move |tree| {
            let from = keyspace::all(Space::DueStream);
            let end = read::end_of(&keyspace::streams_due(now));
            let still = |stream: &Stream| stream.deadline().is_some_and(|until| until <= now);
            read::all_indexed(tree, tree.range(from..end).keys(), stream_key, still, limit)
        })
        .await
    }

    async fn of_channel(
        &self,
        channel: ChannelId,
        page: &PageRequest,
    ) -> Result<Result<Page<Stream>, UnknownCursor>, StoreError> {
        let listing = Listing {
            name: format!("streams-{}", channel.uuid().simple()),
            prefix: keyspace::streams_of(channel),
            order: Order::Descending,
        };
        let page = page.clone();
        self.scan(move |tree| listing.page(tree, &page, stream_key, |_: &Stream| true))
            .await
    }

    async fn counts(&self, ids: &[StreamId]) -> Result<Vec<StreamCounts>, StoreError> {
        let keys: Vec<Key> = ids.iter().copied().map(keyspace::counters).collect();
        self.scan(move |tree| {
            keys.iter()
                .map(|key| match tree.get(key).map_err(refused)? {
                    Some(bytes) => decode_counts(&bytes),
                    None => Ok(StreamCounts::default()),
                })
                .collect()
        })
        .await
    }
}

fn stream_key(index: &[u8]) -> Option<Key> {
    keyspace::last_id(index).map(|id| keyspace::stream(StreamId::from_uuid(id)))
}

const COUNTS: &str = "stream's counters";

#[derive(Serialize, Deserialize)]
struct CountsRecord {
    views: u64,
    peak: u64,
    messages: u64,
}

pub(crate) fn encode_counts(counts: StreamCounts) -> Result<sled::IVec, StoreError> {
    let record = CountsRecord {
        views: counts.views,
        peak: counts.peak,
        messages: counts.messages,
    };
    codec::encode_record(COUNTS, &record)
}

pub(crate) fn decode_counts(bytes: &[u8]) -> Result<StreamCounts, StoreError> {
    let record: CountsRecord = codec::decode_record(COUNTS, bytes)?;
    Ok(StreamCounts {
        views: record.views,
        peak: record.peak,
        messages: record.messages,
    })
}

#[derive(Serialize, Deserialize)]
pub(crate) struct StreamRecord {
    id: Uuid,
    channel: Uuid,
    title: String,
    category: Option<String>,
    generation: u64,
    state: StateRecord,
    created_at: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StateRecord {
    Pending,
    Live {
        started_at: i64,
        ingest: IngestRecord,
    },
    Ended {
        started_at: i64,
        ended_at: i64,
        reason: EndReason,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum IngestRecord {
    Awaiting { until: i64 },
    Publishing { node: Uuid, key: Uuid, since: i64 },
    Interrupted { key: Uuid, since: i64, until: i64 },
}

impl Kept for Stream {
    const WHAT: &'static str = "stream";
    type Record = StreamRecord;

    fn key(&self) -> Key {
        keyspace::stream(self.id)
    }

    fn indexes(&self) -> Vec<Key> {
        let id = self.id.uuid();
        let by_channel = keyspace::streams_of(self.channel);
        let mut keys = vec![keyspace::to_id_by_time(by_channel, self.created_at, id)];
        if self.is_live() {
            keys.push(keyspace::to_id(keyspace::all(Space::LiveStream), id));
            keys.push(keyspace::to_id(keyspace::live_streams_of(self.channel), id));
        }
        if let Some(until) = self.deadline() {
            keys.push(keyspace::to_id(keyspace::streams_due(until), id));
        }
        keys
    }

    fn record(&self) -> StreamRecord {
        StreamRecord {
            id: self.id.uuid(),
            channel: self.channel.uuid(),
            title: self.title.as_str().to_owned(),
            category: self.category.as_ref().map(|c| c.as_str().to_owned()),
            generation: self.generation.0,
            state: match &self.state {
                StreamState::Pending => StateRecord::Pending,
                StreamState::Live { started_at, ingest } => StateRecord::Live {
                    started_at: started_at.micros(),
                    ingest: ingest_record(ingest),
                },
                StreamState::Ended {
                    started_at,
                    ended_at,
                    reason,
                } => StateRecord::Ended {
                    started_at: started_at.micros(),
                    ended_at: ended_at.micros(),
                    reason: *reason,
                },
            },
            created_at: self.created_at.micros(),
        }
    }

    fn parse(record: StreamRecord) -> Result<Self, BoxError> {
        Ok(Self {
            id: StreamId::from_uuid(record.id),
            channel: ChannelId::from_uuid(record.channel),
            title: ChannelTitle::parse(&record.title)?,
            category: record
                .category
                .as_deref()
                .map(Category::parse)
                .transpose()?,
            generation: Generation(record.generation),
            state: match record.state {
                StateRecord::Pending => StreamState::Pending,
                StateRecord::Live { started_at, ingest } => StreamState::Live {
                    started_at: Timestamp::from_micros(started_at),
                    ingest: parse_ingest(&ingest),
                },
                StateRecord::Ended {
                    started_at,
                    ended_at,
                    reason,
                } => StreamState::Ended {
                    started_at: Timestamp::from_micros(started_at),
                    ended_at: Timestamp::from_micros(ended_at),
                    reason,
                },
            },
            created_at: Timestamp::from_micros(record.created_at),
        })
    }
}

fn ingest_record(ingest: &Ingest) -> IngestRecord {
    match ingest {
        Ingest::Awaiting { until } => IngestRecord::Awaiting {
            until: until.micros(),
        },
        Ingest::Publishing(publisher) => IngestRecord::Publishing {
            node: publisher.node.uuid(),
            key: publisher.key.uuid(),
            since: publisher.since.micros(),
        },
        Ingest::Interrupted { key, since, until } => IngestRecord::Interrupted {
            key: key.uuid(),
            since: since.micros(),
            until: until.micros(),
        },
    }
}

fn parse_ingest(record: &IngestRecord) -> Ingest {
    match *record {
        IngestRecord::Awaiting { until } => Ingest::Awaiting {
            until: Timestamp::from_micros(until),
        },
        IngestRecord::Publishing { node, key, since } => Ingest::Publishing(Publisher {
            node: NodeId::from_uuid(node),
            key: StreamKeyId::from_uuid(key),
            since: Timestamp::from_micros(since),
        }),
        IngestRecord::Interrupted { key, since, until } => Ingest::Interrupted {
            key: StreamKeyId::from_uuid(key),
            since: Timestamp::from_micros(since),
            until: Timestamp::from_micros(until),
        },
    }
}
