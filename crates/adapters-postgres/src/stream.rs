//! Streams and what is counted of them.

use std::collections::HashMap;

use async_trait::async_trait;
use greenroom_domain::channel::{Category, ChannelTitle};
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::{ChannelId, NodeId, StreamId, StreamKeyId};
use greenroom_domain::shared::page::{Page, PageRequest, UnknownCursor};
use greenroom_domain::shared::store::{StoreError, Stored, Version};
use greenroom_domain::stream::{
    EndReason, Generation, Ingest, Publisher, Stream, StreamCounts, StreamState, Streams,
};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use crate::PgStore;
use crate::error::corrupt;
use crate::number::{bigint, count, limit};
use crate::read::{self, NEWEST, Place, Row};

const STREAM: &str = "stream";

/// The streams' rows that fit.
macro_rules! streams {
    ($where:tt $(, $argument:expr)*) => {
        sqlx::query_as!(
            StreamRow,
            r#"SELECT id, version, channel, title, category, generation, phase, deadline,
             state AS "state: Json<StateRecord>", created_at FROM streams "# + $where
            $(, $argument)*
        )
    };
}

#[async_trait]
impl Streams for PgStore {
    async fn get(&self, id: StreamId) -> Result<Option<Stored<Stream>>, StoreError> {
        read::one(
            self.read(|| streams!("WHERE id = $1", id.uuid()).fetch_optional(&self.pool))
                .await?,
        )
    }

    async fn live_of(&self, channel: ChannelId) -> Result<Option<Stored<Stream>>, StoreError> {
        read::one(
            self.read(|| {
                streams!(
                    "WHERE phase = 'live' AND channel = $1 ORDER BY id LIMIT 1",
                    channel.uuid()
                )
                .fetch_optional(&self.pool)
            })
            .await?,
        )
    }

    async fn live(&self) -> Result<Vec<Stored<Stream>>, StoreError> {
        read::all_stored(
            self.read(|| streams!("WHERE phase = 'live' ORDER BY id").fetch_all(&self.pool))
                .await?,
        )
    }

    async fn due(&self, now: Timestamp, most: usize) -> Result<Vec<Stored<Stream>>, StoreError> {
        read::all_stored(
            self.read(|| {
                streams!(
                    "WHERE deadline <= $1 ORDER BY deadline, id LIMIT $2",
                    now.micros(),
                    limit(most)
                )
                .fetch_all(&self.pool)
            })
            .await?,
        )
    }

    async fn of_channel(
        &self,
        channel: ChannelId,
        page: &PageRequest,
    ) -> Result<Result<Page<Stream>, UnknownCursor>, StoreError> {
        let name = format!("streams-{}", channel.uuid().simple());
        let find = |(at, id): Place, most: i64| {
            streams!(
                "WHERE channel = $1 AND (created_at, id) < ($2, $3) \
                 ORDER BY created_at DESC, id DESC LIMIT $4",
                channel.uuid(),
                at,
                id,
                most
            )
            .fetch_all(&self.pool)
        };
        let place = |it: &Stream| (it.created_at.micros(), it.id.uuid());
        self.listed(&name, page, NEWEST, find, place).await
    }

    async fn counts(&self, ids: &[StreamId]) -> Result<Vec<StreamCounts>, StoreError> {
        let wanted: Vec<Uuid> = ids.iter().copied().map(StreamId::uuid).collect();
        let rows = self
            .read(|| {
                sqlx::query_as!(
                    CountsRow,
                    "SELECT stream, views, peak, messages FROM stream_counts \
                     WHERE stream = ANY($1)",
                    &wanted
                )
                .fetch_all(&self.pool)
            })
            .await?;
        let counted: HashMap<_, _> = rows.into_iter().map(CountsRow::parse).collect();
        let of = |id| counted.get(id).copied().unwrap_or_default();
        Ok(ids.iter().map(of).collect())
    }
}

/// Some streams in the order of their ids, behind one.
pub(crate) async fn streams_behind(
    connection: &mut PgConnection,
    after: Uuid,
    most: i64,
) -> sqlx::Result<Vec<StreamRow>> {
    streams!("WHERE id > $1 ORDER BY id LIMIT $2", after, most)
        .fetch_all(connection)
        .await
}

/// Some of what was counted, in the order of the streams' ids, behind one.
pub(crate) async fn counts_behind(
    connection: &mut PgConnection,
    after: Uuid,
    most: i64,
) -> sqlx::Result<Vec<CountsRow>> {
    sqlx::query_as!(
        CountsRow,
        "SELECT stream, views, peak, messages FROM stream_counts \
         WHERE stream > $1 AND (views > 0 OR peak > 0 OR messages > 0) ORDER BY stream LIMIT $2",
        after,
        most
    )
    .fetch_all(connection)
    .await
}

#[derive(Serialize)]
pub(crate) struct CountsRow {
    stream: Uuid,
    views: i64,
    peak: i64,
    messages: i64,
}

impl CountsRow {
    pub(crate) fn of(stream: StreamId, counts: StreamCounts) -> Self {
        Self {
            stream: stream.uuid(),
            views: bigint(counts.views),
            peak: bigint(counts.peak),
            messages: bigint(counts.messages),
        }
    }

    pub(crate) fn parse(self) -> (StreamId, StreamCounts) {
        let counts = StreamCounts {
            views: count(self.views),
            peak: count(self.peak),
            messages: count(self.messages),
        };
        (StreamId::from_uuid(self.stream), counts)
    }
}

#[derive(Serialize)]
pub(crate) struct StreamRow {
    id: Uuid,
    version: i64,
    channel: Uuid,
    title: String,
    category: Option<String>,
    generation: i64,
    phase: String,
    deadline: Option<i64>,
    state: Json<StateRecord>,
    created_at: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
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

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum IngestRecord {
    Awaiting { until: i64 },
    Publishing { node: Uuid, key: Uuid, since: i64 },
    Interrupted { key: Uuid, since: i64, until: i64 },
}

impl StreamRow {
    pub(crate) fn of(stream: &Stream, version: Version) -> Self {
        let (phase, state) = match &stream.state {
            StreamState::Pending => ("pending", StateRecord::Pending),
            StreamState::Live { started_at, ingest } => (
                "live",
                StateRecord::Live {
                    started_at: started_at.micros(),
                    ingest: ingest_record(ingest),
                },
            ),
            StreamState::Ended {
                started_at,
                ended_at,
                reason,
            } => (
                "ended",
                StateRecord::Ended {
                    started_at: started_at.micros(),
                    ended_at: ended_at.micros(),
                    reason: *reason,
                },
            ),
        };
        Self {
            id: stream.id.uuid(),
            version: bigint(version.0),
            channel: stream.channel.uuid(),
            title: stream.title.as_str().to_owned(),
            category: stream.category.as_ref().map(|it| it.as_str().to_owned()),
            generation: bigint(stream.generation.0),
            phase: phase.to_owned(),
            deadline: stream.deadline().map(Timestamp::micros),
            state: Json(state),
            created_at: stream.created_at.micros(),
        }
    }
}

impl Row for StreamRow {
    type Aggregate = Stream;

    fn version(&self) -> i64 {
        self.version
    }

    fn parse(self) -> Result<Stream, StoreError> {
        let category = self.category.as_deref().map(Category::parse).transpose();
        Ok(Stream {
            id: StreamId::from_uuid(self.id),
            channel: ChannelId::from_uuid(self.channel),
            title: ChannelTitle::parse(&self.title).map_err(|e| corrupt(STREAM, e))?,
            category: category.map_err(|e| corrupt(STREAM, e))?,
            generation: Generation(count(self.generation)),
            state: match self.state.0 {
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
            created_at: Timestamp::from_micros(self.created_at),
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
