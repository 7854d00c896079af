//! What a room keeps in view.

use axum::Json;
use greenroom_app::chat::pin;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::seq;
use crate::context::Context;
use crate::extract::Params;
use crate::problem::Problem;
use crate::rest::docs::{Always, Conflicts, Named, Restricted, Writes};
use crate::rest::{channel_of, handle};
use crate::wire::PinJson;

/// What a room keeps in view.
#[derive(Serialize, ToSchema)]
pub(super) struct PinList {
    /// Oldest first, five at most.
    items: Vec<PinJson>,
}

/// What a room keeps in view, for whoever may read its chat.
#[utoipa::path(get, path = "/channels/{handle}/pins", tag = "chat", operation_id = "list_pins",
    params(("handle" = String, Path)),
    responses((status = 200, body = PinList), Always, Restricted, Named))]
pub(super) async fn list(
    context: Context,
    Params(name): Params<String>,
) -> Result<Json<PinList>, Problem> {
    let pinned = pin::list(&context.app, &context.actor, &handle(&name)?).await?;
    let items = pinned.iter().map(PinJson::from).collect();
    Ok(Json(PinList { items }))
}

/// Keeps a message in view, for the room's staff. Again is no change.
#[utoipa::path(put, path = "/channels/{handle}/pins/{seq}", tag = "chat", operation_id = "pin",
    params(("handle" = String, Path), ("seq" = u64, Path)),
    responses((status = 204), Always, Restricted, Writes, Named, Conflicts))]
pub(super) async fn put(
    context: Context,
    Params((name, number)): Params<(String, String)>,
) -> Result<StatusCode, Problem> {
    let room = channel_of(&context, &name).await?.value.id;
    pin::execute(&context.app, &context.actor, room, seq(&number)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Keeps a message in view no more, for the room's staff. Again is no change.
#[utoipa::path(delete, path = "/channels/{handle}/pins/{seq}", tag = "chat",
    operation_id = "unpin",
    params(("handle" = String, Path), ("seq" = u64, Path)),
    responses((status = 204), Always, Restricted, Writes, Named))]
pub(super) async fn delete(
    context: Context,
    Params((name, number)): Params<(String, String)>,
) -> Result<StatusCode, Problem> {
    let room = channel_of(&context, &name).await?.value.id;
    pin::end(&context.app, &context.actor, room, seq(&number)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
