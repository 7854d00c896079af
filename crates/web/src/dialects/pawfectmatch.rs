//! `PawfectMatch`'s document: REST below `/api/live`. Its events are Socket.IO's.
//!
//! Going live is one request here: it plans a stream and starts it. Its encoder publishes with a
//! key that `/ingress` makes for it.

mod ingress;
mod pins;
mod recording;
mod shape;
mod start;
mod watch;

use axum::routing::{get, post};
use axum::{Json, Router};
use greenroom_app::Refusal;
use greenroom_app::stream::{end, view};
use greenroom_domain::access::Denied;
use greenroom_domain::account::{Role, User};
use greenroom_domain::shared::id::StreamId;
use serde::Deserialize;

#[cfg(feature = "socketio")]
pub(crate) use self::pins::{of as pinned, pin};
#[cfg(feature = "socketio")]
pub(crate) use self::recording::{RecordingJson, WatchedRecordingJson, record, stop_recording};
#[cfg(feature = "socketio")]
pub(crate) use self::shape::PinnedJson;
pub(crate) use self::shape::StreamJson;
use super::body::AnyBody;
use super::person::SignedIn;
use super::{absent, live};
use crate::Web;
use crate::context::Context;
use crate::extract::Params;
use crate::problem::Problem;

pub(super) fn routes() -> Router<Web> {
    let live = Router::new()
        .route("/start", post(start::start))
        .route("/stop", post(stop))
        .route("/active", get(active))
        .route("/{id}/watch", get(watch::watch))
        .route("/{id}/ingress", post(ingress::create))
        .route("/{id}/pin-message", post(pins::create))
        .route("/{id}/end", post(kill))
        .route("/{id}/recording/start", post(recording::begin))
        .route("/{id}/recording/stop", post(recording::end))
        .route("/{id}/vod", get(async || absent::recordings()));
    Router::new().nest("/api/live", live)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stop {
    stream_id: String,
}

/// For its owner alone. Again is no change.
async fn stop(
    SignedIn { context, user }: SignedIn,
    AnyBody(body): AnyBody<Stop>,
) -> Result<Json<StreamJson>, Problem> {
    let stream = own_stream(&context, &user, &body.stream_id).await?;
    let view = end::execute(&context.app, &context.actor, stream).await?;
    let recording = recording::last(&context.app, &context.actor, stream).await?;
    Ok(Json(StreamJson::of(&view, None).recorded(recording)))
}

/// What is live, most viewers first.
async fn active(context: Context) -> Result<Json<Vec<StreamJson>>, Problem> {
    let live = live::all(&context.app).await?;
    let live = live.iter().map(|view| StreamJson::of(view, None));
    Ok(Json(live.collect()))
}

/// For administrators alone: the channel is locked until one lifts that.
async fn kill(
    SignedIn { context, user }: SignedIn,
    Params(id): Params<String>,
) -> Result<Json<StreamJson>, Problem> {
    if user.role != Role::Admin {
        return Err(Refusal::Denied(Denied::Forbidden).into());
    }
    let view = end::execute(&context.app, &context.actor, stream_id(&id)?).await?;
    Ok(Json(StreamJson::of(&view, None)))
}

/// A stream of whoever asks.
async fn own_stream(context: &Context, user: &User, id: &str) -> Result<StreamId, Refusal> {
    let view = view::execute(&context.app, stream_id(id)?).await?;
    if view.owner.id != user.id {
        return Err(Refusal::Denied(Denied::Forbidden));
    }
    Ok(view.stream.id)
}

/// What is no id names no stream.
fn stream_id(text: &str) -> Result<StreamId, Refusal> {
    text.parse().map_err(|_| Refusal::NoSuchStream)
}
