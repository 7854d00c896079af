//! `HarmonieCORE`'s document: REST below `/api/streams` and `/api/recordings`. Its events are
//! Socket.IO's.

mod create;
mod recording;
mod shape;

use axum::routing::{get, post};
use axum::{Json, Router};
use greenroom_app::Refusal;
use greenroom_app::stream::view;
use greenroom_domain::shared::id::StreamId;
use http::StatusCode;

pub(crate) use self::create::NewStream;
#[cfg(feature = "socketio")]
pub(crate) use self::recording::RecordingJson;
use self::shape::StatsJson;
pub(crate) use self::shape::StreamJson;
use super::body::AnyBody;
use super::person::{self, SignedIn};
use super::{absent, live};
use crate::Web;
use crate::context::Context;
use crate::extract::Params;
use crate::problem::Problem;

pub(super) fn routes() -> Router<Web> {
    let recordings = Router::new()
        .route("/streams/{id}/recordings/start", post(recording::begin))
        .route("/streams/{id}/recordings/stop", post(recording::end))
        .route("/streams/{id}/recordings", get(recording::of_stream))
        .route(
            "/recordings/{id}",
            get(recording::by_id).delete(async || absent::recordings()),
        );
    let streams = Router::new()
        .route("/streams/create", post(create))
        .route("/streams", get(list))
        .route("/streams/{id}", get(by_id))
        .route("/streams/{id}/stats", get(stats));
    Router::new().nest("/api", streams.merge(recordings))
}

/// Plans a stream: `start-stream`, or an encoder, begins it.
async fn create(
    SignedIn { context, user }: SignedIn,
    AnyBody(body): AnyBody<NewStream>,
) -> Result<(StatusCode, Json<StreamJson>), Problem> {
    if let Some(artist) = &body.artist_id {
        person::require_own(&user, artist)?;
    }
    let view = body.create(&context.app, &context.actor, &user).await?;
    Ok((StatusCode::CREATED, Json(StreamJson::from(&view))))
}

/// What is live, most viewers first.
async fn list(context: Context) -> Result<Json<Vec<StreamJson>>, Problem> {
    let live = live::all(&context.app).await?;
    Ok(Json(live.iter().map(StreamJson::from).collect()))
}

async fn by_id(context: Context, Params(id): Params<String>) -> Result<Json<StreamJson>, Problem> {
    let view = view::execute(&context.app, stream_id(&id)?).await?;
    Ok(Json(StreamJson::from(&view)))
}

async fn stats(context: Context, Params(id): Params<String>) -> Result<Json<StatsJson>, Problem> {
    let view = view::execute(&context.app, stream_id(&id)?).await?;
    Ok(Json(StatsJson::of(&view, context.app.now())))
}

/// What is no id names no stream.
fn stream_id(text: &str) -> Result<StreamId, Refusal> {
    text.parse().map_err(|_| Refusal::NoSuchStream)
}
