//! REST under `/api/v1`, and the document that describes it.

mod account;
mod channel;
mod chat;
mod docs;
mod setup_page;
mod stream;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use greenroom_app::Refusal;
use greenroom_domain::account::Username;
use greenroom_domain::channel::{Channel, Handle};
use greenroom_domain::shared::store::Stored;
use http::{HeaderValue, Method, StatusCode, header};
use tower_http::cors::{AllowOrigin, CorsLayer};
use utoipa_axum::router::OpenApiRouter;

use crate::problem::Problem;
use crate::{Web, WebConfig, context};

pub use docs::openapi;

/// Under which path all of it is.
const BASE: &str = "/api/v1";

pub(crate) fn routes(web: &Web) -> Router<Web> {
    let (api, document) = api().split_for_parts();
    let document = docs::json(&document);
    api.route(
        "/api/v1/openapi.json",
        get(async move || ([(header::CONTENT_TYPE, "application/json")], document)),
    )
    .layer(middleware::from_fn_with_state(web.clone(), guard))
    .layer(cors(&web.config))
    .merge(docs::page())
    .merge(setup_page::routes())
}

/// The routes, and with them the document.
fn api() -> OpenApiRouter<Web> {
    let api = OpenApiRouter::new()
        .merge(account::routes())
        .merge(channel::routes())
        .merge(stream::routes())
        .merge(chat::routes());
    OpenApiRouter::with_openapi(docs::base()).nest(BASE, api)
}

/// Refuses who asks too often, ends what takes too long, and keeps answers out of caches.
async fn guard(State(web): State<Web>, request: Request, next: Next) -> Response {
    let peer = context::peer(request.extensions());
    if let Err(retry_after) = web.limits.take(peer, web.app.now()) {
        return Problem::from(Refusal::TooMany { retry_after }).into_response();
    }
    let limit = web.config.request_timeout;
    let mut response = match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "TOOK_TOO_LONG",
            "the answer took too long; what was asked for may have been done",
        )
        .into_response(),
    };
    response
        .headers_mut()
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

fn cors(config: &WebConfig) -> CorsLayer {
    let origins = config
        .cors_origins
        .iter()
        .filter_map(|origin| HeaderValue::from_str(origin).ok());
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_credentials(true)
        .allow_methods([
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_MATCH,
        ])
        .expose_headers([header::ETAG, header::RETRY_AFTER])
        .max_age(std::time::Duration::from_secs(600))
}

/// The handle of a path; what cannot be one names no channel.
fn handle(text: &str) -> Result<Handle, Problem> {
    Handle::parse(text).map_err(|_| Refusal::NoSuchChannel.into())
}

/// The user name of a path; what cannot be one names nobody.
fn username(text: &str) -> Result<Username, Problem> {
    Username::parse(text).map_err(|_| Refusal::NoSuchUser.into())
}

/// The channel of a path.
async fn channel_of(web: &context::Context, text: &str) -> Result<Stored<Channel>, Problem> {
    let found = web.app.ports.channels.by_handle(&handle(text)?).await;
    let found = found.map_err(Refusal::from)?;
    Ok(found.ok_or(Refusal::NoSuchChannel)?)
}
