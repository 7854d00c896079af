//! Recordings, by REST and by Socket.IO, for whoever runs the channel.

use axum::Json;
use greenroom_app::Refusal;
use greenroom_app::recording::{start, stop, view};
use greenroom_domain::recording::{Recording, RecordingState};
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::RecordingId;
use http::StatusCode;
use serde::Serialize;

use super::stream_id;
use crate::context::Context;
use crate::dialects::live;
use crate::extract::Params;
use crate::problem::Problem;
use crate::wire::{
    RecordingFailureJson, RecordingStateJson, recorded_since, recording_format_text,
};

/// A recording.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RecordingJson {
    id: String,
    /// The same, as the requests name it.
    recording_id: String,
    stream_id: String,
    /// `starting`, `recording`, `processing`, `available` or `failed`.
    status: RecordingStateJson,
    created_at: String,
    started_at: Option<String>,
    /// In seconds.
    duration: Option<f64>,
    /// In bytes.
    file_size: Option<u64>,
    format: Option<&'static str>,
    /// Where the recorder has put it.
    file_path: Option<String>,
    /// A limit of size or time has closed it.
    limit_reached: bool,
    error: Option<RecordingFailureJson>,
}

impl From<&Recording> for RecordingJson {
    fn from(recording: &Recording) -> Self {
        let (file, error) = match &recording.state {
            RecordingState::Available(file) => (Some(file), None),
            RecordingState::Failed { reason, .. } => (None, Some((*reason).into())),
            _ => (None, None),
        };
        Self {
            id: recording.id.to_string(),
            recording_id: recording.id.to_string(),
            stream_id: recording.stream.to_string(),
            status: RecordingStateJson::from(&recording.state),
            created_at: recording.created_at.to_rfc3339(),
            started_at: recorded_since(&recording.state).map(Timestamp::to_rfc3339),
            duration: file.map(|file| file.duration.as_secs_f64()),
            file_size: file.map(|file| file.size),
            format: file.map(|file| recording_format_text(file.format)),
            file_path: file.map(|file| file.location.clone()),
            limit_reached: file.is_some_and(|file| file.limit_reached),
            error,
        }
    }
}

/// For what kind of device is passed over: what is published is kept as it is.
pub(super) async fn begin(
    context: Context,
    Params(id): Params<String>,
) -> Result<(StatusCode, Json<RecordingJson>), Problem> {
    let recording = start::execute(&context.app, &context.actor, stream_id(&id)?).await?;
    Ok((StatusCode::CREATED, Json(RecordingJson::from(&recording))))
}

/// The stream's last one.
pub(super) async fn end(
    context: Context,
    Params(id): Params<String>,
) -> Result<Json<RecordingJson>, Problem> {
    let recording = stop::last_of(&context.app, &context.actor, stream_id(&id)?).await?;
    Ok(Json(RecordingJson::from(&recording)))
}

/// The newest first, 100 at most.
pub(super) async fn of_stream(
    context: Context,
    Params(id): Params<String>,
) -> Result<Json<Vec<RecordingJson>>, Problem> {
    let (stream, page) = (stream_id(&id)?, live::first_page());
    let recordings = view::of_stream(&context.app, &context.actor, stream, &page).await?;
    let recordings = recordings.items.iter().map(RecordingJson::from);
    Ok(Json(recordings.collect()))
}

pub(super) async fn by_id(
    context: Context,
    Params(id): Params<String>,
) -> Result<Json<RecordingJson>, Problem> {
    let id = id.parse::<RecordingId>();
    let id = id.map_err(|_| Refusal::NoSuchRecording)?;
    let recording = view::one(&context.app, &context.actor, id).await?;
    Ok(Json(RecordingJson::from(&recording)))
}
