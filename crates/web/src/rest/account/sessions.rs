//! Local sessions.

use axum::Json;
use greenroom_app::Refusal;
use greenroom_app::account::sign_in::{self, SignIn};
use greenroom_app::account::sign_out;
use greenroom_domain::account::{Password, Username};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::context::Context;
use crate::problem::Problem;
use crate::rest::docs::{Always, Ends, WithBody, Writes};
use crate::rest::once::{BodyOnce, IdempotencyKey};
use crate::wire::AccountJson;

/// Name and password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Credentials {
    username: String,
    password: String,
}

/// Somebody is signed in.
#[derive(Serialize, ToSchema)]
pub(super) struct SignedIn {
    /// A bearer token; browsers have it as a cookie too.
    token: String,
    /// Until when it is worth something, by RFC 3339.
    expires_at: String,
    /// Who it is.
    user: AccountJson,
}

/// Signs in: answers with a token, and sets it as a cookie. Sent again, it is answered with the
/// same session; with 410 when that is over.
#[utoipa::path(post, path = "/sessions", tag = "accounts", operation_id = "sign_in",
    params(IdempotencyKey),
    request_body = Credentials,
    responses((status = 201, body = SignedIn), Always, WithBody, Writes, Ends))]
pub(super) async fn open(
    context: Context,
    BodyOnce(body, once): BodyOnce<Credentials>,
) -> Result<(StatusCode, Json<SignedIn>), Problem> {
    // What cannot be a name or password is a wrong one.
    let username = Username::parse(&body.username).map_err(|_| Refusal::WrongCredentials)?;
    let password = Password::parse(body.password).map_err(|_| Refusal::WrongCredentials)?;
    let command = SignIn {
        username,
        password,
        peer: context.peer,
    };
    let signed_in = sign_in::execute_once(&context.app, command, once.as_ref()).await?;
    context.keep_session(&signed_in.token, &signed_in.session);
    let body = SignedIn {
        token: signed_in.token.expose().to_owned(),
        expires_at: signed_in.session.expires_at.to_rfc3339(),
        user: AccountJson::from(&signed_in.user),
    };
    Ok((StatusCode::CREATED, Json(body)))
}

/// Who uses this client.
#[derive(Serialize, ToSchema)]
pub(super) struct Visitor {
    /// Their account; `null` for a guest, who has a cookie from now on and stays the same
    /// person by it.
    user: Option<AccountJson>,
}

/// Who is asking: what a page asks first. A guest is an answer too.
#[utoipa::path(get, path = "/sessions/current", tag = "accounts", operation_id = "current_session",
    responses((status = 200, body = Visitor), Always))]
pub(super) async fn current(context: Context) -> Json<Visitor> {
    context.keep_guest();
    Json(Visitor {
        user: context.user.as_ref().map(AccountJson::from),
    })
}

/// Signs out. Again is no change.
#[utoipa::path(delete, path = "/sessions/current", tag = "accounts", operation_id = "sign_out",
    responses((status = 204), Always, Writes))]
pub(super) async fn close(context: Context) -> Result<StatusCode, Problem> {
    if let Some(token) = &context.session {
        sign_out::execute(&context.app, token).await?;
    }
    context.forget_session();
    Ok(StatusCode::NO_CONTENT)
}
