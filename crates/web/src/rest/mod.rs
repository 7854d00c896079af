//! REST under `/api/v1`, and the document that describes it.

mod account;
mod channel;
mod chat;
mod docs;
mod once;
mod pictures;
mod recording;
pub(crate) mod setup_page;
mod social;
mod stream;
pub(crate) mod webhooks;

use axum::Router;
use axum::routing::get;
use greenroom_app::Refusal;
use greenroom_domain::account::Username;
use greenroom_domain::channel::{Channel, Handle};
use greenroom_domain::shared::store::Stored;
use http::header;
use utoipa_axum::router::OpenApiRouter;

use crate::problem::Problem;
use crate::{Web, WebConfig, context};

pub use docs::openapi;

/// Under which path all of it is.
const BASE: &str = "/api/v1";

pub(crate) fn routes(config: &WebConfig) -> Router<Web> {
    let (api, mut document) = api().split_for_parts();
    document.servers = docs::servers(config);
    let document = docs::json(&document);
    api.route(
        "/api/v1/openapi.json",
        get(async move || ([(header::CONTENT_TYPE, "application/json")], document)),
    )
    .merge(docs::page())
    .merge(pictures::routes())
}

/// The routes, and with them the document.
fn api() -> OpenApiRouter<Web> {
    let api = OpenApiRouter::new()
        .merge(account::routes())
        .merge(channel::routes())
        .merge(stream::routes())
        .merge(recording::routes())
        .merge(chat::routes())
        .merge(social::routes());
    OpenApiRouter::with_openapi(docs::base()).nest(BASE, api)
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
