//! Streams, their audience and playback.

mod control;
mod listing;
mod watch;

use greenroom_app::Refusal;
use greenroom_domain::shared::id::StreamId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Web;
use crate::problem::Problem;

pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(listing::live))
        .routes(routes!(listing::get))
        .routes(routes!(control::create, listing::of_channel))
        .routes(routes!(control::start))
        .routes(routes!(control::end))
        .routes(routes!(control::ingest_status))
        .routes(routes!(watch::join))
        .routes(routes!(watch::viewers))
        .routes(routes!(watch::playback))
}

/// The stream of a path; what is no id names none.
pub(super) fn stream_id(text: &str) -> Result<StreamId, Problem> {
    text.parse().map_err(|_| Refusal::NoSuchStream.into())
}
