use std::time::Duration;

use greenroom_domain::recording::{FileFormat, Recording, RecordingFailure, RecordingState};
use greenroom_domain::shared::clock::Timestamp;
use serde::Serialize;

/// What is kept of a stream, for whoever runs its channel.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "rest", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "rest", schema(as = Recording))]
pub struct RecordingJson {
    /// Its id.
    pub id: String,
    /// Of which stream.
    pub stream_id: String,
    /// Of whose.
    pub channel_id: String,
    /// How far it is.
    pub state: RecordingStateJson,
    /// When it was asked for, by RFC 3339.
    pub created_at: String,
    /// While it is recorded: since when. Once it is available: the time of its first frame.
    pub started_at: Option<String>,
    /// How long it plays, in milliseconds, once it is available.
    pub duration_ms: Option<u64>,
    /// In bytes, once it is available.
    pub size: Option<u64>,
    /// `mp4`, once it is available.
    pub format: Option<&'static str>,
    /// Where the recorder has put it, once it is available: a path, or a key of an object store.
    pub location: Option<String>,
    /// Whether a limit of size or time has closed it, rather than somebody's word or the
    /// stream's end.
    pub limit_reached: bool,
    /// Why it failed.
    pub error: Option<RecordingFailureJson>,
}

/// How far a recording is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "rest", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "rest", schema(as = RecordingState))]
#[cfg_attr(feature = "graphql", derive(async_graphql::Enum))]
#[cfg_attr(feature = "graphql", graphql(name = "RecordingState"))]
pub enum RecordingStateJson {
    /// It was asked for.
    Starting,
    /// What is published is kept.
    Recording,
    /// Nothing more comes to it; what was kept is made ready.
    Processing,
    /// It is where `location` says.
    Available,
    /// There is nothing to play.
    Failed,
}

/// Why there is nothing to play.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "rest", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "rest", schema(as = RecordingFailure))]
#[cfg_attr(feature = "graphql", derive(async_graphql::Enum))]
#[cfg_attr(feature = "graphql", graphql(name = "RecordingFailure"))]
pub enum RecordingFailureJson {
    /// The recorder could not do it; its log says why.
    RecorderFailed,
    /// It was given up before anything was kept.
    Aborted,
    /// The recorder knows nothing of it, or did not get ready in time.
    Lost,
}

impl From<&Recording> for RecordingJson {
    fn from(recording: &Recording) -> Self {
        let (file, error) = match &recording.state {
            RecordingState::Available(file) => (Some(file), None),
            RecordingState::Failed { reason, .. } => (None, Some((*reason).into())),
            RecordingState::Starting { .. }
            | RecordingState::Recording { .. }
            | RecordingState::Processing { .. } => (None, None),
        };
        Self {
            id: recording.id.to_string(),
            stream_id: recording.stream.to_string(),
            channel_id: recording.channel.to_string(),
            state: RecordingStateJson::from(&recording.state),
            created_at: recording.created_at.to_rfc3339(),
            started_at: recorded_since(&recording.state).map(Timestamp::to_rfc3339),
            duration_ms: file.map(|file| millis(file.duration)),
            size: file.map(|file| file.size),
            format: file.map(|file| recording_format_text(file.format)),
            location: file.map(|file| file.location.clone()),
            limit_reached: file.is_some_and(|file| file.limit_reached),
            error,
        }
    }
}

impl From<&RecordingState> for RecordingStateJson {
    fn from(state: &RecordingState) -> Self {
        match state {
            RecordingState::Starting { .. } => Self::Starting,
            RecordingState::Recording { .. } => Self::Recording,
            RecordingState::Processing { .. } => Self::Processing,
            RecordingState::Available(_) => Self::Available,
            RecordingState::Failed { .. } => Self::Failed,
        }
    }
}

impl From<RecordingFailure> for RecordingFailureJson {
    fn from(reason: RecordingFailure) -> Self {
        match reason {
            RecordingFailure::Recorder => Self::RecorderFailed,
            RecordingFailure::Aborted => Self::Aborted,
            RecordingFailure::Lost => Self::Lost,
        }
    }
}

/// Since when there is something of it, where that is known.
pub(crate) fn recorded_since(state: &RecordingState) -> Option<Timestamp> {
    match state {
        RecordingState::Recording { started_at } => Some(*started_at),
        RecordingState::Available(file) => Some(file.started_at),
        RecordingState::Starting { .. }
        | RecordingState::Processing { .. }
        | RecordingState::Failed { .. } => None,
    }
}

pub(crate) fn recording_format_text(format: FileFormat) -> &'static str {
    match format {
        FileFormat::Mp4 => "mp4",
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
