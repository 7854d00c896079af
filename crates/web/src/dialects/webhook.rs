//! Where a media server that runs elsewhere posts, by the paths that the documents name: what
//! comes is what comes at our own path.

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;

use super::absent;
use crate::rest::webhooks;
use crate::{Dialect, Web};

/// Not guarded as the rest of a dialect: there are as many as viewers come and go, all from one
/// address.
pub(super) fn routes(dialect: Dialect) -> Router<Web> {
    match dialect {
        Dialect::PawfectMatch => Router::new().route("/api/webhooks/livekit", post(livekit)),
        Dialect::StreamIt => Router::new().route("/api/webhook/livekit", post(livekit)),
        Dialect::Circle | Dialect::HarmonieCore => Router::new(),
    }
}

async fn livekit(State(web): State<Web>, request: Request) -> Response {
    if web.config.media_webhooks.is_none() {
        return absent::livekit().into_response();
    }
    webhooks::livekit(State(web), request).await
}
