//! What a media server that runs elsewhere posts. Outside of the document: it is for that
//! server alone.

use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use greenroom_domain::media::WebhookRefused;
use http::{StatusCode, header};

use crate::Web;
use crate::extract::read;
use crate::problem::Problem;

/// The largest delivery that is read, in bytes: of one event, in JSON.
const MAX_DELIVERY: usize = 256 * 1024;
/// How soon a delivery may come again that found no room.
const AGAIN: Duration = Duration::from_secs(1);

pub(crate) fn routes() -> Router<Web> {
    Router::new().route("/api/v1/webhooks/livekit", post(livekit))
}

pub(crate) async fn livekit(State(web): State<Web>, request: Request) -> Response {
    match take(&web, request).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(problem) => problem.into_response(),
    }
}

async fn take(web: &Web, request: Request) -> Result<(), Problem> {
    let Some(webhooks) = &web.config.media_webhooks else {
        return Err(Problem::not_found());
    };
    let header = request.headers().get(header::AUTHORIZATION);
    let authorization = header.and_then(|value| value.to_str().ok());
    let authorization = authorization.unwrap_or_default().to_owned();
    let body = read(request, MAX_DELIVERY, web.config.body_timeout).await?;
    let taken = webhooks.receive(&authorization, &body).await;
    taken.map_err(|refused| {
        let (status, code) = match refused {
            WebhookRefused::Unsigned => (StatusCode::UNAUTHORIZED, "NOT_SIGNED"),
            WebhookRefused::Malformed => (StatusCode::BAD_REQUEST, "MALFORMED"),
            WebhookRefused::Busy => (StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE"),
        };
        let problem = Problem::new(status, code, refused.to_string());
        match refused {
            WebhookRefused::Busy => problem.retry_after(AGAIN),
            WebhookRefused::Unsigned | WebhookRefused::Malformed => problem,
        }
    })
}
