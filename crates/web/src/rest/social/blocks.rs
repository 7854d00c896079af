//! Blocking somebody: who is blocked can neither watch one's channel nor chat there.

use axum::Json;
use greenroom_app::Refusal;
use greenroom_app::account::profile;
use greenroom_app::social::block;
use greenroom_app::social::list::{self, Blocked};
use greenroom_domain::shared::id::UserId;
use greenroom_domain::shared::page::{Cursor, Page, UnknownCursor};
use http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::context::Context;
use crate::extract::{Params, Query, page_limit};
use crate::problem::Problem;
use crate::rest::docs::{Always, Conflicts, Named, Paged, Restricted, Writes};
use crate::rest::username;
use crate::wire::{BlockedJson, PageJson};

/// Which part of a listing.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListBlocks {
    /// Goes on after the page that gave it.
    cursor: Option<String>,
    /// 25 if not said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u16>,
}

/// Whom one has blocked.
#[utoipa::path(get, path = "/me/blocks", tag = "social", operation_id = "list_blocks",
    params(ListBlocks),
    responses((status = 200, body = PageJson<BlockedJson>), Always, Paged, Restricted))]
pub(super) async fn list(
    context: Context,
    Query(query): Query<ListBlocks>,
) -> Result<Json<PageJson<BlockedJson>>, Problem> {
    let limit = page_limit(query.limit)?.get();
    let after = query.cursor.as_deref().map(str::parse::<UserId>);
    let after = after
        .transpose()
        .map_err(|_| Refusal::from(UnknownCursor))?;
    let mut items = list::blocked(&context.app, &context.actor, after, limit + 1).await?;
    let more = items.len() > limit;
    items.truncate(limit);
    let last = items.last().filter(|_| more);
    let next = last.map(|last| Cursor(last.user.id.to_string()));
    let page = Page { items, next };
    Ok(Json(PageJson::of(page, |it| BlockedJson::from(&it))))
}

/// Blocks somebody: within a second they can neither watch one's channel nor chat there, and
/// they do not follow it any more. Again is no change.
#[utoipa::path(put, path = "/me/blocks/{username}", tag = "social", operation_id = "block",
    params(("username" = String, Path)),
    responses((status = 200, body = BlockedJson), Always, Restricted, Writes, Named, Conflicts))]
pub(super) async fn put(
    context: Context,
    Params(name): Params<String>,
) -> Result<Json<BlockedJson>, Problem> {
    let user = profile::by_username(&context.app, &username(&name)?).await?;
    let block = block::execute(&context.app, &context.actor, user.id).await?;
    Ok(Json(BlockedJson::from(&Blocked { user, block })))
}

/// Makes up with somebody. Again is no change.
#[utoipa::path(delete, path = "/me/blocks/{username}", tag = "social", operation_id = "unblock",
    params(("username" = String, Path)),
    responses((status = 204), Always, Restricted, Writes, Named))]
pub(super) async fn delete(
    context: Context,
    Params(name): Params<String>,
) -> Result<StatusCode, Problem> {
    let user = profile::by_username(&context.app, &username(&name)?).await?;
    block::end(&context.app, &context.actor, user.id).await?;
    Ok(StatusCode::NO_CONTENT)
}
