//! What is published with: for the channel's owner alone.

use axum::Json;
use greenroom_app::stream::credentials;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::keys::key_id;
use crate::context::Context;
use crate::extract::Params;
use crate::problem::Problem;
use crate::rest::docs::{Always, Conflicts, Ends, Named, Restricted, Writes};
use crate::wire::{IngestCredentialJson, PlaybackAddressJson};

/// What encoders are given for a key.
#[derive(Serialize, ToSchema)]
#[schema(as = IngestCredentials)]
pub(super) struct Credentials {
    /// One for each way in which they may publish.
    items: Vec<IngestCredentialJson>,
}

/// What an encoder is given for a key: where to publish, and with what. Where the media engine
/// makes credentials of its own, they are made at the first time.
#[utoipa::path(get, path = "/keys/{id}/ingest", tag = "channels", operation_id = "get_ingest",
    params(("id" = String, Path)),
    responses((status = 200, body = Credentials), Always, Restricted, Named, Ends))]
pub(super) async fn show(
    context: Context,
    Params(id): Params<String>,
) -> Result<Json<Credentials>, Problem> {
    let made = credentials::show(&context.app, &context.actor, key_id(&id)?).await?;
    let items = made.into_iter().map(IngestCredentialJson::from).collect();
    Ok(Json(Credentials { items }))
}

/// Withdraws what the media engine made for a key: nobody comes in with it any more, and others
/// are made the next time. Where encoders are given the key's own secret, nothing changes:
/// rotate the key.
#[utoipa::path(delete, path = "/keys/{id}/ingest", tag = "channels",
    operation_id = "withdraw_ingest",
    params(("id" = String, Path)),
    responses((status = 204), Always, Restricted, Writes, Named, Ends))]
pub(super) async fn withdraw(
    context: Context,
    Params(id): Params<String>,
) -> Result<StatusCode, Problem> {
    credentials::withdraw(&context.app, &context.actor, key_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A seat in the channel's room to publish from a browser with this key; a conflict
/// (`NO_ROOMS`) where the media engine has no rooms.
#[utoipa::path(post, path = "/keys/{id}/seat", tag = "channels", operation_id = "take_seat",
    params(("id" = String, Path)),
    responses((status = 200, body = PlaybackAddressJson), Always, Restricted, Writes, Named,
        Conflicts, Ends))]
pub(super) async fn take_seat(
    context: Context,
    Params(id): Params<String>,
) -> Result<Json<PlaybackAddressJson>, Problem> {
    let seat = credentials::seat(&context.app, &context.actor, key_id(&id)?).await?;
    let seat = seat.ok_or_else(Problem::no_rooms)?;
    Ok(Json(PlaybackAddressJson::seat(&seat)))
}
