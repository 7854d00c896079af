//! Recordings of a stream, by REST and by Socket.IO. To us they are for whoever runs the channel;
//! here they are the owner's alone.

use std::sync::Arc;

use axum::Json;
use greenroom_app::recording::{start, stop, view};
use greenroom_app::stream::view as stream_view;
use greenroom_app::{App, Refusal};
use greenroom_domain::access::Denied;
use greenroom_domain::recording::{Recording, RecordingState};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::StreamId;
use greenroom_domain::shared::page::{PageLimit, PageRequest};
use serde::Serialize;

use super::shape::StreamJson;
use super::stream_id;
use crate::dialects::person::SignedIn;
use crate::extract::Params;
use crate::problem::Problem;
use crate::wire::{RecordingFailureJson, recorded_since, recording_format_text};

/// What is kept of a stream, for its owner.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RecordingJson {
    status: Status,
    egress_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    storage: Option<StorageJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completed_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<RecordingFailureJson>,
}

/// Where the recorder has put it. Of which kind that place is, is the recorder's own business.
#[derive(Debug, Serialize)]
struct StorageJson {
    path: String,
    /// In bytes.
    size: u64,
    /// In seconds.
    duration: f64,
    format: &'static str,
}

/// How far a recording is, in the words of the document's schema.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Recording,
    Uploading,
    Completed,
    Failed,
}

/// What whoever watches is told of it.
#[cfg(feature = "socketio")]
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WatchedRecordingJson {
    stream_id: String,
    status: Status,
}

#[cfg(feature = "socketio")]
impl From<&Recording> for WatchedRecordingJson {
    fn from(recording: &Recording) -> Self {
        Self {
            stream_id: recording.stream.to_string(),
            status: Status::from(&recording.state),
        }
    }
}

impl From<&RecordingState> for Status {
    fn from(state: &RecordingState) -> Self {
        match state {
            RecordingState::Starting { .. } | RecordingState::Recording { .. } => Self::Recording,
            RecordingState::Processing { .. } => Self::Uploading,
            RecordingState::Available(_) => Self::Completed,
            RecordingState::Failed { .. } => Self::Failed,
        }
    }
}

impl From<&Recording> for RecordingJson {
    fn from(recording: &Recording) -> Self {
        let (file, error) = match &recording.state {
            RecordingState::Available(file) => (Some(file), None),
            RecordingState::Failed { reason, .. } => (None, Some((*reason).into())),
            _ => (None, None),
        };
        Self {
            status: Status::from(&recording.state),
            egress_id: recording.id.to_string(),
            storage: file.map(|file| StorageJson {
                path: file.location.clone(),
                size: file.size,
                duration: file.duration.as_secs_f64(),
                format: recording_format_text(file.format),
            }),
            started_at: recorded_since(&recording.state).map(Timestamp::to_rfc3339),
            completed_at: file.map(|file| (file.started_at + file.duration).to_rfc3339()),
            error,
        }
    }
}

/// The stream, with its recording.
pub(super) async fn begin(
    SignedIn { context, .. }: SignedIn,
    Params(id): Params<String>,
) -> Result<Json<StreamJson>, Problem> {
    let (app, actor, stream) = (&context.app, &context.actor, stream_id(&id)?);
    let recording = record(app, actor, stream).await?;
    recorded(app, stream, &recording).await
}

/// The same once its last one is stopped.
pub(super) async fn end(
    SignedIn { context, .. }: SignedIn,
    Params(id): Params<String>,
) -> Result<Json<StreamJson>, Problem> {
    let (app, actor, stream) = (&context.app, &context.actor, stream_id(&id)?);
    let recording = stop_recording(app, actor, stream).await?;
    recorded(app, stream, &recording).await
}

async fn recorded(
    app: &App,
    stream: StreamId,
    recording: &Recording,
) -> Result<Json<StreamJson>, Problem> {
    let view = stream_view::execute(app, stream).await?;
    let stream = StreamJson::of(&view, None).recorded(Some(recording.into()));
    Ok(Json(stream))
}

/// Has a stream recorded, for its owner alone.
pub(crate) async fn record(
    app: &Arc<App>,
    actor: &Actor,
    stream: StreamId,
) -> Result<Recording, Refusal> {
    require_own(app, actor, stream).await?;
    start::execute(app, actor, stream).await
}

/// Stops a stream's last recording, for its owner alone.
pub(crate) async fn stop_recording(
    app: &Arc<App>,
    actor: &Actor,
    stream: StreamId,
) -> Result<Recording, Refusal> {
    require_own(app, actor, stream).await?;
    stop::last_of(app, actor, stream).await
}

/// A stream's last recording, for its owner.
pub(super) async fn last(
    app: &App,
    actor: &Actor,
    stream: StreamId,
) -> Result<Option<RecordingJson>, Refusal> {
    let page = PageRequest::first(PageLimit::new(1).unwrap_or_default());
    let recordings = view::of_stream(app, actor, stream, &page).await?;
    Ok(recordings.items.first().map(RecordingJson::from))
}

async fn require_own(app: &App, actor: &Actor, stream: StreamId) -> Result<(), Refusal> {
    let view = stream_view::execute(app, stream).await?;
    match actor.user() {
        None => Err(Refusal::Denied(Denied::SignInFirst)),
        Some(user) if user == view.owner.id => Ok(()),
        Some(_) => Err(Refusal::Denied(Denied::Forbidden)),
    }
}
