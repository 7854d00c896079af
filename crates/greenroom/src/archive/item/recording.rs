//! Recordings.

use greenroom_domain::recording::{RecordedFile, Recording, RecordingFailure, RecordingState};
use greenroom_domain::shared::archive::BoxError;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::{ChannelId, RecordingId, StreamId};
use greenroom_domain::shared::store::Stored;
use serde::{Deserialize, Serialize};

use super::stored;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::archive) struct RecordingEntry {
    version: u64,
    id: RecordingId,
    channel: ChannelId,
    stream: StreamId,
    state: StateEntry,
    created_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StateEntry {
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

impl From<Stored<Recording>> for RecordingEntry {
    fn from(recording: Stored<Recording>) -> Self {
        let Stored { value, version } = recording;
        Self {
            version: version.0,
            id: value.id,
            channel: value.channel,
            stream: value.stream,
            state: match value.state {
                RecordingState::Starting { until } => StateEntry::Starting { until },
                RecordingState::Recording { started_at } => StateEntry::Recording { started_at },
                RecordingState::Processing { since, until } => {
                    StateEntry::Processing { since, until }
                }
                RecordingState::Available(file) => StateEntry::Available(file),
                RecordingState::Failed { reason, at } => StateEntry::Failed { reason, at },
            },
            created_at: value.created_at,
        }
    }
}

impl RecordingEntry {
    pub(super) fn parse(self) -> Result<Stored<Recording>, BoxError> {
        let recording = Recording {
            id: self.id,
            channel: self.channel,
            stream: self.stream,
            state: match self.state {
                StateEntry::Starting { until } => RecordingState::Starting { until },
                StateEntry::Recording { started_at } => RecordingState::Recording { started_at },
                StateEntry::Processing { since, until } => {
                    RecordingState::Processing { since, until }
                }
                StateEntry::Available(file) => RecordingState::Available(file),
                StateEntry::Failed { reason, at } => RecordingState::Failed { reason, at },
            },
            created_at: self.created_at,
        };
        stored(recording, self.version)
    }
}
