//! What a channel's owner does with its streams.

use axum::Json;
use greenroom_app::stream::create::{self, CreateStream};
use greenroom_app::stream::view::{self, Encoder};
use greenroom_app::stream::{end, start};
use greenroom_domain::channel::{Category, ChannelTitle};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::stream_id;
use crate::context::Context;
use crate::extract::Params;
use crate::problem::Problem;
use crate::rest::docs::{Always, Conflicts, Ends, Named, Restricted, WithBody, Writes};
use crate::rest::handle;
use crate::rest::once::{BodyOnce, IdempotencyKey};
use crate::wire::{IngestStatusJson, StreamJson};

/// A stream that is planned.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewStream {
    /// 1 to 120 characters; the channel's title if not said.
    #[schema(min_length = 1)]
    title: Option<String>,
    /// 1 to 50 characters; the channel's category if not said.
    #[schema(min_length = 1)]
    category: Option<String>,
}

/// Plans a stream ahead, for the channel's owner.
#[utoipa::path(post, path = "/channels/{handle}/streams", tag = "streams",
    operation_id = "create_stream",
    params(("handle" = String, Path), IdempotencyKey),
    request_body = NewStream,
    responses((status = 201, body = StreamJson), Always, WithBody, Restricted, Writes, Named))]
pub(super) async fn create(
    context: Context,
    Params(name): Params<String>,
    BodyOnce(body, once): BodyOnce<NewStream>,
) -> Result<(StatusCode, Json<StreamJson>), Problem> {
    let title = body.title.as_deref().map(ChannelTitle::parse);
    let category = body.category.as_deref().map(Category::parse);
    let command = CreateStream {
        handle: handle(&name)?,
        title: title
            .transpose()
            .map_err(|error| Problem::text("title", error))?,
        category: category
            .transpose()
            .map_err(|error| Problem::text("category", error))?,
    };
    let view = create::execute_once(&context.app, &context.actor, command, once.as_ref()).await?;
    Ok((StatusCode::CREATED, Json(StreamJson::from(&view))))
}

/// Goes on air before the encoder has come, for the channel's owner. Again is no change.
#[utoipa::path(post, path = "/streams/{id}/start", tag = "streams", operation_id = "start_stream",
    params(("id" = String, Path)),
    responses((status = 200, body = StreamJson), Always, Restricted, Writes, Named, Conflicts,
        Ends))]
pub(super) async fn start(
    context: Context,
    Params(id): Params<String>,
) -> Result<Json<StreamJson>, Problem> {
    let view = start::execute(&context.app, &context.actor, stream_id(&id)?).await?;
    Ok(Json(StreamJson::from(&view)))
}

/// Ends a stream. The owner's end holds its key for a minute; an administrator's locks the
/// channel. Again is no change.
#[utoipa::path(post, path = "/streams/{id}/end", tag = "streams", operation_id = "end_stream",
    params(("id" = String, Path)),
    responses((status = 200, body = StreamJson), Always, Restricted, Writes, Named, Conflicts))]
pub(super) async fn end(
    context: Context,
    Params(id): Params<String>,
) -> Result<Json<StreamJson>, Problem> {
    let view = end::execute(&context.app, &context.actor, stream_id(&id)?).await?;
    Ok(Json(StreamJson::from(&view)))
}

/// How a stream's encoder is doing.
#[derive(Serialize, ToSchema)]
pub(super) struct EncoderStatus {
    /// `null` when there is none, or it publishes to another node.
    encoder: Option<IngestStatusJson>,
    /// It publishes to another node, and nothing more is known of it here.
    elsewhere: bool,
}

/// How a stream's encoder is doing, for whoever runs the channel.
#[utoipa::path(get, path = "/streams/{id}/ingest", tag = "streams",
    operation_id = "get_ingest_status",
    params(("id" = String, Path)),
    responses((status = 200, body = EncoderStatus), Always, Restricted, Named))]
pub(super) async fn ingest_status(
    context: Context,
    Params(id): Params<String>,
) -> Result<Json<EncoderStatus>, Problem> {
    let encoder = view::encoder(&context.app, &context.actor, stream_id(&id)?).await?;
    let (encoder, elsewhere) = match &encoder {
        Encoder::Absent => (None, false),
        Encoder::Here(status) => (Some(IngestStatusJson::from(status)), false),
        Encoder::Elsewhere => (None, true),
    };
    Ok(Json(EncoderStatus { encoder, elsewhere }))
}
