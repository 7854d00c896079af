//! Following a channel.

use axum::Json;
use greenroom_app::social::{follow, list};
use greenroom_domain::social::Notify;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::context::Context;
use crate::extract::{BodyOrNone, Params, Query, page};
use crate::problem::Problem;
use crate::rest::docs::{Always, Conflicts, Named, Paged, Restricted, WithBody, Writes};
use crate::rest::handle;
use crate::wire::{FollowedJson, FollowerJson, FollowingJson, NotifyJson, PageJson};

/// How one stands to a channel as a follower.
#[utoipa::path(get, path = "/channels/{handle}/follow", tag = "social",
    operation_id = "get_follow",
    params(("handle" = String, Path)),
    responses((status = 200, body = FollowingJson), Always, Named))]
pub(super) async fn get(
    context: Context,
    Params(name): Params<String>,
) -> Result<Json<FollowingJson>, Problem> {
    let following = follow::current(&context.app, &context.actor, &handle(&name)?).await?;
    Ok(Json(following.into()))
}

/// What a follower wishes.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FollowWishes)]
pub(super) struct Wishes {
    /// To be told that it goes live, if nothing else is said.
    notify: Option<NotifyJson>,
}

/// Follows a channel, or wants to be told something else of it. Again is no change.
#[utoipa::path(put, path = "/channels/{handle}/follow", tag = "social", operation_id = "follow",
    params(("handle" = String, Path)),
    request_body = Option<Wishes>,
    responses((status = 200, body = FollowingJson), Always, WithBody, Restricted, Writes, Named,
        Conflicts))]
pub(super) async fn put(
    context: Context,
    Params(name): Params<String>,
    BodyOrNone(wishes): BodyOrNone<Wishes>,
) -> Result<Json<FollowingJson>, Problem> {
    let notify = wishes.notify.map(Notify::from).unwrap_or_default();
    let handle = handle(&name)?;
    let following = follow::execute(&context.app, &context.actor, &handle, notify).await?;
    Ok(Json(following.into()))
}

/// Follows a channel no more. Again is no change.
#[utoipa::path(delete, path = "/channels/{handle}/follow", tag = "social",
    operation_id = "unfollow",
    params(("handle" = String, Path)),
    responses((status = 200, body = FollowingJson), Always, Restricted, Writes, Named))]
pub(super) async fn delete(
    context: Context,
    Params(name): Params<String>,
) -> Result<Json<FollowingJson>, Problem> {
    let following = follow::end(&context.app, &context.actor, &handle(&name)?).await?;
    Ok(Json(following.into()))
}

/// Which part of a listing.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListFollows {
    /// Goes on after the page that gave it.
    cursor: Option<String>,
    /// 25 if not said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u16>,
}

/// Who follows a channel, the newest first.
#[utoipa::path(get, path = "/channels/{handle}/followers", tag = "social",
    operation_id = "list_followers",
    params(("handle" = String, Path), ListFollows),
    responses((status = 200, body = PageJson<FollowerJson>), Always, Paged, Named))]
pub(super) async fn followers(
    context: Context,
    Params(name): Params<String>,
    Query(query): Query<ListFollows>,
) -> Result<Json<PageJson<FollowerJson>>, Problem> {
    let page = page(query.cursor, query.limit)?;
    let found = list::followers(&context.app, &handle(&name)?, &page).await?;
    Ok(Json(PageJson::of(found, |it| FollowerJson::from(&it))))
}

/// What one follows oneself, the newest first.
#[utoipa::path(get, path = "/me/following", tag = "social", operation_id = "list_following",
    params(ListFollows),
    responses((status = 200, body = PageJson<FollowedJson>), Always, Paged, Restricted))]
pub(super) async fn following(
    context: Context,
    Query(query): Query<ListFollows>,
) -> Result<Json<PageJson<FollowedJson>>, Problem> {
    let page = page(query.cursor, query.limit)?;
    let found = list::following(&context.app, &context.actor, &page).await?;
    Ok(Json(PageJson::of(found, |it| FollowedJson::from(&it))))
}
