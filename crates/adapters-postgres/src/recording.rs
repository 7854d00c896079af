//! Recordings: what was kept of streams.

use async_trait::async_trait;
use greenroom_domain::recording::{
    RecordedFile, Recording, RecordingFailure, RecordingState, Recordings,
};
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::{ChannelId, RecordingId, StreamId};
use greenroom_domain::shared::page::{Page, PageRequest, UnknownCursor};
use greenroom_domain::shared::store::{StoreError, Stored, Version};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use crate::PgStore;
use crate::number::bigint;
use crate::read::{self, NEWEST, Place, Row};

/// The recordings' rows that fit.
macro_rules! recordings {
    ($where:tt $(, $argument:expr)*) => {
        sqlx::query_as!(
            RecordingRow,
            r#"SELECT id, version, channel, stream, is_open,
             state AS "state: Json<StateRecord>", created_at FROM recordings "# + $where
            $(, $argument)*
        )
    };
}

#[async_trait]
impl Recordings for PgStore {
    async fn get(&self, id: RecordingId) -> Result<Option<Stored<Recording>>, StoreError> {
        read::one(
            self.read(|| recordings!("WHERE id = $1", id.uuid()).fetch_optional(&self.pool))
                .await?,
        )
    }

    async fn of_stream(
        &self,
        stream: StreamId,
        page: &PageRequest,
    ) -> Result<Result<Page<Recording>, UnknownCursor>, StoreError> {
        let name = format!("recordings-{}", stream.uuid().simple());
        let find = |(at, id): Place, most: i64| {
            recordings!(
                "WHERE stream = $1 AND (created_at, id) < ($2, $3) \
                 ORDER BY created_at DESC, id DESC LIMIT $4",
                stream.uuid(),
                at,
                id,
                most
            )
            .fetch_all(&self.pool)
        };
        let place = |it: &Recording| (it.created_at.micros(), it.id.uuid());
        self.listed(&name, page, NEWEST, find, place).await
    }

    async fn open(&self) -> Result<Vec<Stored<Recording>>, StoreError> {
        read::all_stored(
            self.read(|| recordings!("WHERE is_open ORDER BY id").fetch_all(&self.pool))
                .await?,
        )
    }
}

/// Some recordings in the order of their ids, behind one.
pub(crate) async fn recordings_behind(
    connection: &mut PgConnection,
    after: Uuid,
    most: i64,
) -> sqlx::Result<Vec<RecordingRow>> {
    recordings!("WHERE id > $1 ORDER BY id LIMIT $2", after, most)
        .fetch_all(connection)
        .await
}

#[derive(Serialize)]
pub(crate) struct RecordingRow {
    id: Uuid,
    version: i64,
    channel: Uuid,
    stream: Uuid,
    is_open: bool,
    state: Json<StateRecord>,
    created_at: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StateRecord {
    Starting {
        until: Timestamp,
    },
    Recording {
        started_at: Timestamp,
    },
    Processing {
        since: Timestamp,
        until: Timestamp,
    },
    Available(RecordedFile),
    Failed {
        reason: RecordingFailure,
        at: Timestamp,
    },
}

impl RecordingRow {
    pub(crate) fn of(recording: &Recording, version: Version) -> Self {
        let state = match recording.state.clone() {
            RecordingState::Starting { until } => StateRecord::Starting { until },
            RecordingState::Recording { started_at } => StateRecord::Recording { started_at },
            RecordingState::Processing { since, until } => StateRecord::Processing { since, until },
            RecordingState::Available(file) => StateRecord::Available(file),
            RecordingState::Failed { reason, at } => StateRecord::Failed { reason, at },
        };
        Self {
            id: recording.id.uuid(),
            version: bigint(version.0),
            channel: recording.channel.uuid(),
            stream: recording.stream.uuid(),
            is_open: recording.is_open(),
            state: Json(state),
            created_at: recording.created_at.micros(),
        }
    }
}

impl Row for RecordingRow {
    type Aggregate = Recording;

    fn version(&self) -> i64 {
        self.version
    }

    fn parse(self) -> Result<Recording, StoreError> {
        Ok(Recording {
            id: RecordingId::from_uuid(self.id),
            channel: ChannelId::from_uuid(self.channel),
            stream: StreamId::from_uuid(self.stream),
            state: match self.state.0 {
                StateRecord::Starting { until } => RecordingState::Starting { until },
                StateRecord::Recording { started_at } => RecordingState::Recording { started_at },
                StateRecord::Processing { since, until } => {
                    RecordingState::Processing { since, until }
                }
                StateRecord::Available(file) => RecordingState::Available(file),
                StateRecord::Failed { reason, at } => RecordingState::Failed { reason, at },
            },
            created_at: Timestamp::from_micros(self.created_at),
        })
    }
}
