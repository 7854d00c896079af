//! Stream keys: for the channel's owner alone.

use axum::Json;
use greenroom_app::Refusal;
use greenroom_app::channel::keys::{self, CreateKey};
use greenroom_domain::channel::KeyLabel;
use greenroom_domain::shared::id::StreamKeyId;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::context::Context;
use crate::extract::Params;
use crate::problem::Problem;
use crate::rest::docs::{Always, Conflicts, Ends, Named, Restricted, WithBody, Writes};
use crate::rest::handle;
use crate::rest::once::{BodyOnce, IdempotencyKey};
use crate::wire::{KeyJson, KeySecretJson};

/// A new stream key.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewKey {
    /// What its owner calls it, 1 to 50 characters.
    #[schema(min_length = 1)]
    label: String,
    /// It serves only this stream, which was created ahead.
    stream_id: Option<String>,
}

/// Makes a stream key, and shows its secret.
#[utoipa::path(post, path = "/channels/{handle}/keys", tag = "channels",
    operation_id = "create_key",
    params(("handle" = String, Path), IdempotencyKey),
    request_body = NewKey,
    responses((status = 201, body = KeySecretJson), Always, WithBody, Restricted, Writes, Named,
        Conflicts, Ends))]
pub(super) async fn create(
    context: Context,
    Params(name): Params<String>,
    BodyOnce(body, once): BodyOnce<NewKey>,
) -> Result<(StatusCode, Json<KeySecretJson>), Problem> {
    let bound_to = body.stream_id.map(|id| id.parse());
    let command = CreateKey {
        handle: handle(&name)?,
        label: KeyLabel::parse(&body.label).map_err(|error| Problem::text("label", error))?,
        bound_to: bound_to
            .transpose()
            .map_err(|error| Problem::field("stream_id", &error))?,
    };
    let revealed = keys::create_once(&context.app, &context.actor, command, once.as_ref()).await?;
    Ok((StatusCode::CREATED, Json(KeySecretJson::from(&revealed))))
}

/// A channel's stream keys.
#[derive(Serialize, ToSchema)]
pub(super) struct KeyList {
    /// Oldest first, revoked ones too.
    items: Vec<KeyJson>,
}

/// All stream keys of a channel, without their secrets.
#[utoipa::path(get, path = "/channels/{handle}/keys", tag = "channels",
    operation_id = "list_keys",
    params(("handle" = String, Path)),
    responses((status = 200, body = KeyList), Always, Restricted, Named))]
pub(super) async fn list(
    context: Context,
    Params(name): Params<String>,
) -> Result<Json<KeyList>, Problem> {
    let keys = keys::list(&context.app, &context.actor, &handle(&name)?).await?;
    let items = keys.iter().map(KeyJson::from).collect();
    Ok(Json(KeyList { items }))
}

/// Shows a key's secret.
#[utoipa::path(get, path = "/keys/{id}/secret", tag = "channels", operation_id = "reveal_key",
    params(("id" = String, Path)),
    responses((status = 200, body = KeySecretJson), Always, Restricted, Named, Ends))]
pub(super) async fn reveal(
    context: Context,
    Params(id): Params<String>,
) -> Result<Json<KeySecretJson>, Problem> {
    let revealed = keys::reveal(&context.app, &context.actor, key_id(&id)?).await?;
    Ok(Json(KeySecretJson::from(&revealed)))
}

/// Gives a key another secret; whoever publishes with the old one is cut off.
#[utoipa::path(post, path = "/keys/{id}/rotate", tag = "channels", operation_id = "rotate_key",
    params(("id" = String, Path)),
    responses((status = 200, body = KeySecretJson), Always, Restricted, Writes, Named, Ends))]
pub(super) async fn rotate(
    context: Context,
    Params(id): Params<String>,
) -> Result<Json<KeySecretJson>, Problem> {
    let revealed = keys::rotate(&context.app, &context.actor, key_id(&id)?).await?;
    Ok(Json(KeySecretJson::from(&revealed)))
}

/// Revokes a key; whoever publishes with it is cut off. Again is no change.
#[utoipa::path(delete, path = "/keys/{id}", tag = "channels", operation_id = "revoke_key",
    params(("id" = String, Path)),
    responses((status = 200, body = KeyJson), Always, Restricted, Writes, Named))]
pub(super) async fn revoke(
    context: Context,
    Params(id): Params<String>,
) -> Result<Json<KeyJson>, Problem> {
    let key = keys::revoke(&context.app, &context.actor, key_id(&id)?).await?;
    Ok(Json(KeyJson::from(&key)))
}

pub(super) fn key_id(text: &str) -> Result<StreamKeyId, Problem> {
    text.parse().map_err(|_| Refusal::NoSuchKey.into())
}
