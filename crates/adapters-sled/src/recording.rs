//! Recordings: what was kept of streams.

use async_trait::async_trait;
use greenroom_domain::recording::{
    RecordedFile, Recording, RecordingFailure, RecordingState, Recordings,
};
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::{ChannelId, RecordingId, StreamId};
use greenroom_domain::shared::page::{Page, PageRequest, UnknownCursor};
use greenroom_domain::shared::store::{StoreError, Stored};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::codec::{BoxError, Kept};
use crate::keyspace::{self, Key, Space};
use crate::read::{Listing, Order};
use crate::{SledStore, read};

#[async_trait]
impl Recordings for SledStore {
    async fn get(&self, id: RecordingId) -> Result<Option<Stored<Recording>>, StoreError> {
        self.read(|tree| read::stored(tree, &keyspace::recording(id)))
    }

    async fn of_stream(
        &self,
        stream: StreamId,
        page: &PageRequest,
    ) -> Result<Result<Page<Recording>, UnknownCursor>, StoreError> {
        let listing = Listing {
            name: format!("recordings-{}", stream.uuid().simple()),
            prefix: keyspace::recordings_of(stream),
            order: Order::Descending,
        };
        let page = page.clone();
        self.scan(move |tree| listing.page(tree, &page, recording_key, |_: &Recording| true))
            .await
    }

    async fn open(&self) -> Result<Vec<Stored<Recording>>, StoreError> {
        self.scan(|tree| {
            let prefix = keyspace::all(Space::OpenRecording);
            let indexes = tree.scan_prefix(prefix).keys();
            read::all_indexed(tree, indexes, recording_key, Recording::is_open, usize::MAX)
        })
        .await
    }
}

fn recording_key(index: &[u8]) -> Option<Key> {
    keyspace::last_id(index).map(|id| keyspace::recording(RecordingId::from_uuid(id)))
}

#[derive(Serialize, Deserialize)]
pub(crate) struct RecordingRecord {
    id: Uuid,
    channel: Uuid,
    stream: Uuid,
    state: StateRecord,
    created_at: i64,
}

#[derive(Serialize, Deserialize)]
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

impl Kept for Recording {
    const WHAT: &'static str = "recording";
    type Record = RecordingRecord;

    fn key(&self) -> Key {
        keyspace::recording(self.id)
    }

    fn indexes(&self) -> Vec<Key> {
        let id = self.id.uuid();
        let by_stream = keyspace::recordings_of(self.stream);
        let mut keys = vec![keyspace::to_id_by_time(by_stream, self.created_at, id)];
        if self.is_open() {
            keys.push(keyspace::to_id(keyspace::all(Space::OpenRecording), id));
        }
        keys
    }

    fn record(&self) -> RecordingRecord {
        RecordingRecord {
            id: self.id.uuid(),
            channel: self.channel.uuid(),
            stream: self.stream.uuid(),
            state: match self.state.clone() {
                RecordingState::Starting { until } => StateRecord::Starting { until },
                RecordingState::Recording { started_at } => StateRecord::Recording { started_at },
                RecordingState::Processing { since, until } => {
                    StateRecord::Processing { since, until }
                }
                RecordingState::Available(file) => StateRecord::Available(file),
                RecordingState::Failed { reason, at } => StateRecord::Failed { reason, at },
            },
            created_at: self.created_at.micros(),
        }
    }

    fn parse(record: RecordingRecord) -> Result<Self, BoxError> {
        Ok(Self {
            id: RecordingId::from_uuid(record.id),
            channel: ChannelId::from_uuid(record.channel),
            stream: StreamId::from_uuid(record.stream),
            state: match record.state {
                StateRecord::Starting { until } => RecordingState::Starting { until },
                StateRecord::Recording { started_at } => RecordingState::Recording { started_at },
                StateRecord::Processing { since, until } => {
                    RecordingState::Processing { since, until }
                }
                StateRecord::Available(file) => RecordingState::Available(file),
                StateRecord::Failed { reason, at } => RecordingState::Failed { reason, at },
            },
            created_at: Timestamp::from_micros(record.created_at),
        })
    }
}
