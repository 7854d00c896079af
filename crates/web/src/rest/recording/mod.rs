//! Recordings of streams, for whoever runs the channel.

use axum::Json;
use greenroom_app::Refusal;
use greenroom_app::recording::{start, stop, view};
use greenroom_domain::shared::id::RecordingId;
use http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Web;
use crate::context::Context;
use crate::extract::{Params, Query, page};
use crate::problem::Problem;
use crate::rest::docs::{Always, Conflicts, Named, Once, Paged, Restricted, Writes};
use crate::rest::once::{IdempotencyKey, SentOnce};
use crate::rest::stream::stream_id;
use crate::wire::{PageJson, RecordingJson};

pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(begin, of_stream))
        .routes(routes!(end))
        .routes(routes!(get))
}

/// Has a stream recorded while it is published. One recording of it runs at a time; it ends with
/// the stream at the latest.
#[utoipa::path(post, path = "/streams/{id}/recordings", tag = "recordings",
    operation_id = "start_recording",
    params(("id" = String, Path), IdempotencyKey),
    responses((status = 201, body = RecordingJson), Always, Once, Restricted, Writes, Named,
        Conflicts))]
async fn begin(
    context: Context,
    Params(id): Params<String>,
    SentOnce(once): SentOnce,
) -> Result<(StatusCode, Json<RecordingJson>), Problem> {
    let (stream, once) = (stream_id(&id)?, once.as_ref());
    let recording = start::execute_once(&context.app, &context.actor, stream, once).await?;
    Ok((StatusCode::CREATED, Json(RecordingJson::from(&recording))))
}

/// Ends a recording; what was kept is made ready. Again is no change until it is over.
#[utoipa::path(post, path = "/recordings/{id}/stop", tag = "recordings",
    operation_id = "stop_recording",
    params(("id" = String, Path)),
    responses((status = 200, body = RecordingJson), Always, Writes, Named, Conflicts))]
async fn end(context: Context, Params(id): Params<String>) -> Result<Json<RecordingJson>, Problem> {
    let recording = stop::execute(&context.app, &context.actor, recording_id(&id)?).await?;
    Ok(Json(RecordingJson::from(&recording)))
}

/// A recording.
#[utoipa::path(get, path = "/recordings/{id}", tag = "recordings",
    operation_id = "get_recording",
    params(("id" = String, Path)),
    responses((status = 200, body = RecordingJson), Always, Named))]
async fn get(context: Context, Params(id): Params<String>) -> Result<Json<RecordingJson>, Problem> {
    let recording = view::one(&context.app, &context.actor, recording_id(&id)?).await?;
    Ok(Json(RecordingJson::from(&recording)))
}

/// Which part of a listing.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListOfStream {
    /// Goes on after the page that gave it.
    cursor: Option<String>,
    /// 25 if not said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u16>,
}

/// A stream's recordings, the newest first.
#[utoipa::path(get, path = "/streams/{id}/recordings", tag = "recordings",
    operation_id = "list_recordings",
    params(("id" = String, Path), ListOfStream),
    responses((status = 200, body = PageJson<RecordingJson>), Always, Paged, Restricted, Named))]
async fn of_stream(
    context: Context,
    Params(id): Params<String>,
    Query(query): Query<ListOfStream>,
) -> Result<Json<PageJson<RecordingJson>>, Problem> {
    let page = page(query.cursor, query.limit)?;
    let stream = stream_id(&id)?;
    let recordings = view::of_stream(&context.app, &context.actor, stream, &page).await?;
    let write = |recording| RecordingJson::from(&recording);
    Ok(Json(PageJson::of(recordings, write)))
}

/// The recording of a path; what is no id names none.
fn recording_id(text: &str) -> Result<RecordingId, Problem> {
    text.parse().map_err(|_| Refusal::NoSuchRecording.into())
}
