//! Watching, as applications ask for it. It is not among the document's endpoints; its screens
//! do not work without.

use axum::Json;
use greenroom_app::Refusal;
use greenroom_app::stream::view;
use serde::Serialize;

use super::shape::{SeatJson, room_name};
use super::stream_id;
use crate::dialects::person::SignedIn;
use crate::dialects::playback;
use crate::extract::Params;
use crate::problem::Problem;
use crate::wire::picture_url;

/// Where a stream is watched, by whoever asked.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WatchJson {
    room_name: String,
    title: String,
    cover_url: Option<String>,
    #[serde(flatten)]
    seat: Option<SeatJson>,
    playback_url: Option<String>,
}

/// For whoever has an account and may watch.
pub(super) async fn watch(
    SignedIn { context, .. }: SignedIn,
    Params(id): Params<String>,
) -> Result<Json<WatchJson>, Problem> {
    let view = view::execute(&context.app, stream_id(&id)?).await?;
    view.stream.require_joinable().map_err(Refusal::from)?;
    let (playback_url, seat) = playback::with_seat(&context, &view.channel.handle).await?;
    Ok(Json(WatchJson {
        room_name: room_name(&view),
        title: view.stream.title.to_string(),
        cover_url: view.channel.cover.map(picture_url),
        seat: seat.map(SeatJson::from),
        playback_url,
    }))
}
