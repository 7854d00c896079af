//! Accounts: made, looked up, and reviewed by administrators.

use axum::Json;
use greenroom_app::account::review_creator::{self, Review};
use greenroom_app::account::{list, profile, register};
use greenroom_domain::account::CreatorStatus;
use http::StatusCode;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::NewAccount;
use crate::context::Context;
use crate::extract::{Body, Params, Query, page};
use crate::problem::Problem;
use crate::rest::docs::{Always, Conflicts, Named, Paged, Restricted, WithBody, Writes};
use crate::rest::once::{BodyOnce, IdempotencyKey};
use crate::rest::username;
use crate::wire::{AccountJson, PageJson, UserJson};

/// Makes a local account.
#[utoipa::path(post, path = "/users", tag = "accounts", operation_id = "register",
    params(IdempotencyKey),
    request_body = NewAccount,
    responses((status = 201, body = AccountJson), Always, WithBody, Writes, Conflicts))]
pub(super) async fn register(
    context: Context,
    BodyOnce(body, once): BodyOnce<NewAccount>,
) -> Result<(StatusCode, Json<AccountJson>), Problem> {
    let command = body.command(&context)?;
    let user = register::execute_once(&context.app, &context.actor, command, once.as_ref()).await?;
    Ok((StatusCode::CREATED, Json(AccountJson::from(&user))))
}

/// Which accounts.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListUsers {
    /// Only those of this creator status.
    #[param(inline)]
    creator_status: Option<CreatorStatusFilter>,
    /// Goes on after the page that gave it.
    cursor: Option<String>,
    /// 25 if not said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u16>,
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum CreatorStatusFilter {
    None,
    Requested,
    Approved,
    Suspended,
}

/// All accounts, for administrators.
#[utoipa::path(get, path = "/users", tag = "accounts", operation_id = "list_users",
    params(ListUsers),
    responses((status = 200, body = PageJson<AccountJson>), Always, Paged, Restricted))]
pub(super) async fn list(
    context: Context,
    Query(query): Query<ListUsers>,
) -> Result<Json<PageJson<AccountJson>>, Problem> {
    let page = page(query.cursor, query.limit)?;
    let status = query.creator_status.map(|status| match status {
        CreatorStatusFilter::None => CreatorStatus::None,
        CreatorStatusFilter::Requested => CreatorStatus::Requested,
        CreatorStatusFilter::Approved => CreatorStatus::Approved,
        CreatorStatusFilter::Suspended => CreatorStatus::Suspended,
    });
    let users = list::execute(&context.app, &context.actor, status, &page).await?;
    Ok(Json(PageJson::of(users, |user| AccountJson::from(&user))))
}

/// Somebody, as everybody may see them.
#[utoipa::path(get, path = "/users/{username}", tag = "accounts", operation_id = "get_user",
    params(("username" = String, Path)),
    responses((status = 200, body = UserJson), Always, Named))]
pub(super) async fn profile(
    context: Context,
    Params(name): Params<String>,
) -> Result<Json<UserJson>, Problem> {
    let user = profile::by_username(&context.app, &username(&name)?).await?;
    Ok(Json(UserJson::from(&user)))
}

/// What an administrator says of a creator.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReviewCreator {
    status: Verdict,
}

/// They may create, or may not.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CreatorVerdict)]
enum Verdict {
    Approved,
    Suspended,
}

/// Approves or suspends a creator, for administrators. A suspended one's stream ends.
#[utoipa::path(put, path = "/users/{username}/creator", tag = "accounts",
    operation_id = "review_creator",
    params(("username" = String, Path)),
    request_body = ReviewCreator,
    responses((status = 200, body = AccountJson), Always, WithBody, Restricted, Writes, Named))]
pub(super) async fn review(
    context: Context,
    Params(name): Params<String>,
    Body(body): Body<ReviewCreator>,
) -> Result<Json<AccountJson>, Problem> {
    let user = profile::by_username(&context.app, &username(&name)?).await?;
    let review = match body.status {
        Verdict::Approved => Review::Approve,
        Verdict::Suspended => Review::Suspend,
    };
    let user = review_creator::execute(&context.app, &context.actor, user.id, review).await?;
    Ok(Json(AccountJson::from(&user)))
}
