//! Pictures that people uploaded, for everybody.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use greenroom_app::picture;
use greenroom_domain::shared::id::PictureId;
use http::header;

use crate::Web;
use crate::problem::Problem;

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/pictures/{file}", get(shown))
}

async fn shown(State(web): State<Web>, Path(file): Path<String>) -> Result<Response, Problem> {
    let id: Option<PictureId> = file
        .strip_suffix(".jpg")
        .and_then(|id| id.parse().ok())
        // One address for one picture.
        .filter(|id: &PictureId| file.starts_with(&id.to_string()));
    let found = match id {
        Some(id) => picture::get(&web.app, id).await?,
        None => None,
    };
    let jpeg = found.ok_or_else(Problem::not_found)?;
    let headers = [
        (header::CONTENT_TYPE, "image/jpeg"),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    Ok((headers, jpeg).into_response())
}
