//! A room's rules.

use axum::Json;
use axum::response::{IntoResponse, Response};
use greenroom_app::Refusal;
use greenroom_app::chat::configure;
use greenroom_domain::chat::{ChatSettings, Room};
use greenroom_domain::shared::store::Stored;

use crate::context::Context;
use crate::extract::{Body, IfMatch, Params, etag};
use crate::problem::Problem;
use crate::rest::docs::{Always, Named, Restricted, Versioned, WithBody, Writes};
use crate::rest::handle;
use crate::wire::ChatSettingsJson;

/// A room's rules.
#[utoipa::path(get, path = "/channels/{handle}/chat/settings", tag = "chat",
    operation_id = "get_chat_settings",
    params(("handle" = String, Path)),
    responses((status = 200, body = ChatSettingsJson, headers(("etag" = String))), Always, Named))]
pub(super) async fn get(
    context: Context,
    Params(name): Params<String>,
) -> Result<Response, Problem> {
    let room = configure::current(&context.app, &handle(&name)?).await?;
    Ok(shown(&room))
}

/// Gives a room other rules, for whoever runs the channel.
#[utoipa::path(put, path = "/channels/{handle}/chat/settings", tag = "chat",
    operation_id = "put_chat_settings",
    params(("handle" = String, Path), ("if-match" = Option<String>, Header)),
    request_body = ChatSettingsJson,
    responses((status = 200, body = ChatSettingsJson, headers(("etag" = String))), Always,
        WithBody, Restricted, Writes, Named, Versioned))]
pub(super) async fn put(
    context: Context,
    Params(name): Params<String>,
    IfMatch(seen): IfMatch,
    Body(body): Body<ChatSettingsJson>,
) -> Result<Response, Problem> {
    let settings = ChatSettings::try_from(body).map_err(Refusal::from)?;
    let handle = handle(&name)?;
    let room = configure::execute(&context.app, &context.actor, &handle, settings, seen).await?;
    Ok(shown(&room))
}

fn shown(room: &Stored<Room>) -> Response {
    let json = ChatSettingsJson::from(room.value.settings);
    (etag(room.version), Json(json)).into_response()
}
