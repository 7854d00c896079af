//! Who did what to a channel and its room.

use axum::Json;
use greenroom_app::Refusal;
use greenroom_app::chat::audit;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::context::Context;
use crate::extract::{Params, Query, page};
use crate::problem::Problem;
use crate::rest::docs::{Always, Named, Paged, Restricted};
use crate::rest::handle;
use crate::wire::{AuditEventJson, PageJson, people_in};

/// Which part of a listing.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListAudit {
    /// Goes on after the page that gave it.
    cursor: Option<String>,
    /// 25 if not said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u16>,
}

/// Who did what to a channel and its room, the newest first, for the room's staff.
#[utoipa::path(get, path = "/channels/{handle}/audit", tag = "chat", operation_id = "list_audit",
    params(("handle" = String, Path), ListAudit),
    responses((status = 200, body = PageJson<AuditEventJson>), Always, Paged, Restricted, Named))]
pub(super) async fn list(
    context: Context,
    Params(name): Params<String>,
    Query(query): Query<ListAudit>,
) -> Result<Json<PageJson<AuditEventJson>>, Problem> {
    let page = page(query.cursor, query.limit)?;
    let page = audit::execute(&context.app, &context.actor, &handle(&name)?, &page).await?;
    let ids = people_in(&page.items);
    let users = context.app.ports.users.get_many(&ids).await;
    let users = users.map_err(Refusal::from)?;
    let people = users.into_iter().map(|user| (user.id, user)).collect();
    let events = page.items.iter();
    Ok(Json(PageJson {
        items: events
            .filter_map(|event| AuditEventJson::of(event, &people))
            .collect(),
        next_cursor: page.next.map(|cursor| cursor.0),
    }))
}
