use async_graphql::{ID, Object};
use greenroom_domain::recording as domain;

use crate::graphql::id::global;
use crate::graphql::scalar::Time;
use crate::wire::{RecordingFailureJson, RecordingJson, RecordingStateJson, recorded_since};

/// What is kept of a stream.
pub struct Recording {
    recording: domain::Recording,
    told: RecordingJson,
}

impl From<domain::Recording> for Recording {
    fn from(recording: domain::Recording) -> Self {
        Self {
            told: RecordingJson::from(&recording),
            recording,
        }
    }
}

/// What is kept of a stream, for whoever runs its channel.
#[Object]
impl Recording {
    /// Its global id.
    pub(in crate::graphql) async fn id(&self) -> ID {
        global(self.recording.id)
    }

    /// Of which stream.
    async fn stream_id(&self) -> ID {
        global(self.recording.stream)
    }

    /// Of whose.
    async fn channel_id(&self) -> ID {
        global(self.recording.channel)
    }

    /// How far it is.
    async fn state(&self) -> RecordingStateJson {
        self.told.state
    }

    /// When it was asked for.
    async fn created_at(&self) -> Time {
        self.recording.created_at.into()
    }

    /// While it is recorded: since when. Once it is available: the time of its first frame.
    async fn started_at(&self) -> Option<Time> {
        recorded_since(&self.recording.state).map(Time::from)
    }

    /// How long it plays, in milliseconds, once it is available.
    async fn duration_ms(&self) -> Option<u64> {
        self.told.duration_ms
    }

    /// In bytes, once it is available.
    async fn size(&self) -> Option<u64> {
        self.told.size
    }

    /// `mp4`, once it is available.
    async fn format(&self) -> Option<&str> {
        self.told.format
    }

    /// Where the recorder has put it, once it is available: a path, or a key of an object store.
    async fn location(&self) -> Option<&str> {
        self.told.location.as_deref()
    }

    /// Whether a limit of size or time has closed it, rather than somebody's word or the
    /// stream's end.
    async fn limit_reached(&self) -> bool {
        self.told.limit_reached
    }

    /// Why it failed.
    async fn error(&self) -> Option<RecordingFailureJson> {
        self.told.error
    }
}
