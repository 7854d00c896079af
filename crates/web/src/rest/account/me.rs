//! One's own account.

use axum::Json;
use greenroom_app::account::{avatar, become_creator, change_password, profile};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{display_name, password};
use crate::context::Context;
use crate::extract::{Body, Upload};
use crate::problem::Problem;
use crate::rest::docs::{
    Always, Conflicts, PictureBytes, Restricted, WithBody, WithPicture, Writes,
};
use crate::wire::AccountJson;

/// One's own account.
#[utoipa::path(get, path = "/me", tag = "accounts", operation_id = "get_me",
    responses((status = 200, body = AccountJson), Always, Restricted))]
pub(super) async fn own(context: Context) -> Result<Json<AccountJson>, Problem> {
    let user = profile::own(&context.app, &context.actor).await?;
    Ok(Json(AccountJson::from(&user)))
}

/// What is to be different.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EditMe {
    /// As shown, 1 to 50 characters.
    #[schema(min_length = 1)]
    display_name: String,
}

/// Changes how one is called.
#[utoipa::path(patch, path = "/me", tag = "accounts", operation_id = "edit_me",
    request_body = EditMe,
    responses((status = 200, body = AccountJson), Always, WithBody, Restricted, Writes))]
pub(super) async fn rename(
    context: Context,
    Body(body): Body<EditMe>,
) -> Result<Json<AccountJson>, Problem> {
    let name = display_name(&body.display_name)?;
    let user = profile::rename(&context.app, &context.actor, name).await?;
    Ok(Json(AccountJson::from(&user)))
}

/// Shows another picture beside one's name. It is cut to 256 by 256 pixels and made anew:
/// nothing of the upload but its pixels is kept.
#[utoipa::path(put, path = "/me/avatar", tag = "accounts", operation_id = "set_avatar",
    request_body(content((PictureBytes = "image/jpeg"), (PictureBytes = "image/png"),
        (PictureBytes = "image/webp")), description = "Up to 2 MiB and 20 million pixels"),
    responses((status = 200, body = AccountJson), Always, WithPicture, Restricted, Writes))]
pub(super) async fn set_avatar(
    context: Context,
    Upload(upload): Upload,
) -> Result<Json<AccountJson>, Problem> {
    let user = avatar::set(&context.app, &context.actor, upload).await?;
    Ok(Json(AccountJson::from(&user)))
}

/// Shows no picture any more.
#[utoipa::path(delete, path = "/me/avatar", tag = "accounts", operation_id = "remove_avatar",
    responses((status = 200, body = AccountJson), Always, Restricted, Writes))]
pub(super) async fn remove_avatar(context: Context) -> Result<Json<AccountJson>, Problem> {
    let user = avatar::remove(&context.app, &context.actor).await?;
    Ok(Json(AccountJson::from(&user)))
}

/// The old password and the new one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangePassword {
    old_password: String,
    /// 10 to 256 bytes.
    new_password: String,
}

/// Changes one's password, and ends every session.
#[utoipa::path(put, path = "/me/password", tag = "accounts", operation_id = "change_password",
    request_body = ChangePassword,
    responses((status = 204), Always, WithBody, Restricted, Writes, Conflicts))]
pub(super) async fn change_password(
    context: Context,
    Body(body): Body<ChangePassword>,
) -> Result<StatusCode, Problem> {
    let old = password("old_password", body.old_password)?;
    let new = password("new_password", body.new_password)?;
    change_password::execute(&context.app, &context.actor, old, new).await?;
    context.forget_session();
    Ok(StatusCode::NO_CONTENT)
}

/// Asks to become a creator: approved at once, or put before an administrator.
#[utoipa::path(post, path = "/me/creator", tag = "accounts", operation_id = "become_creator",
    responses((status = 200, body = AccountJson), Always, Restricted, Writes))]
pub(super) async fn become_creator(context: Context) -> Result<Json<AccountJson>, Problem> {
    let user = become_creator::execute(&context.app, &context.actor).await?;
    Ok(Json(AccountJson::from(&user)))
}
