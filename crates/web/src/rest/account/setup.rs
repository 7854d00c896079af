//! The first administrator, by the one-time link that an empty server prints.

use axum::Json;
use greenroom_app::Refusal;
use greenroom_app::account::setup;
use greenroom_domain::account::SessionToken;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::NewAccount;
use crate::context::Context;
use crate::problem::Problem;
use crate::rest::docs::{Always, Conflicts, WithBody, Writes};
use crate::rest::once::{BodyOnce, IdempotencyKey};
use crate::wire::AccountJson;

/// Whether there is something to set up.
#[derive(Serialize, ToSchema)]
pub(super) struct SetupState {
    /// There is no administrator yet: the one-time link makes one.
    open: bool,
}

/// Whether the server still waits for its first administrator.
#[utoipa::path(get, path = "/setup", tag = "setup", operation_id = "setup_state",
    responses((status = 200, body = SetupState), Always))]
pub(super) async fn state(context: Context) -> Json<SetupState> {
    Json(SetupState {
        open: setup::is_open(&context.app),
    })
}

/// The first administrator's account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FirstAdministrator {
    /// The one-time secret of the link.
    token: String,
    /// 3 to 32 of `a-z 0-9 - _`.
    #[schema(pattern = "^[A-Za-z0-9][A-Za-z0-9_-]{2,31}$")]
    username: String,
    /// As shown; the user name if nothing else.
    #[schema(min_length = 1)]
    display_name: Option<String>,
    /// 10 to 256 bytes.
    password: String,
}

/// Makes the first administrator. The link works once.
#[utoipa::path(post, path = "/setup", tag = "setup", operation_id = "setup",
    params(IdempotencyKey),
    request_body = FirstAdministrator,
    responses((status = 201, body = AccountJson), Always, WithBody, Writes, Conflicts))]
pub(super) async fn execute(
    context: Context,
    BodyOnce(body, once): BodyOnce<FirstAdministrator>,
) -> Result<(StatusCode, Json<AccountJson>), Problem> {
    let token = SessionToken::parse(&body.token).ok_or(Refusal::SetupLinkInvalid)?;
    let account = NewAccount {
        username: body.username,
        display_name: body.display_name,
        password: body.password,
    };
    let command = account.command(&context)?;
    let user = setup::execute_once(&context.app, &token, command, once.as_ref()).await?;
    Ok((StatusCode::CREATED, Json(AccountJson::from(&user))))
}
