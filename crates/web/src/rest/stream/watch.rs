//! What viewers ask for. Who a viewer is goes by sockets and players: asking here makes none.

use axum::Json;
use greenroom_app::Refusal;
use greenroom_app::stream::{join, playback, view};
use greenroom_domain::channel::Handle;
use serde::Serialize;
use utoipa::ToSchema;

use super::stream_id;
use crate::context::Context;
use crate::extract::Params;
use crate::problem::Problem;
use crate::rest::docs::{Always, Conflicts, Ends, Named, Restricted};
use crate::rest::handle;
use crate::wire::{PlaybackAddressJson, StreamJson, ViewersJson};

/// A stream, and where it is played.
#[derive(Serialize, ToSchema)]
pub(super) struct Joined {
    /// The stream.
    stream: StreamJson,
    /// Where it is played, with a grant for whoever asked.
    playback: Vec<PlaybackAddressJson>,
}

/// A live stream and where it is played, for whoever may watch it.
#[utoipa::path(post, path = "/streams/{id}/join", tag = "streams", operation_id = "join_stream",
    params(("id" = String, Path)),
    responses((status = 200, body = Joined), Always, Restricted, Named, Conflicts, Ends))]
pub(super) async fn join(
    context: Context,
    Params(id): Params<String>,
) -> Result<Json<Joined>, Problem> {
    let view = view::execute(&context.app, stream_id(&id)?).await?;
    view.stream.require_joinable().map_err(Refusal::from)?;
    let playback = addresses(&context, &view.channel.handle).await?;
    Ok(Json(Joined {
        stream: StreamJson::from(&view),
        playback,
    }))
}

/// Who watches a stream.
#[utoipa::path(get, path = "/streams/{id}/viewers", tag = "streams", operation_id = "list_viewers",
    params(("id" = String, Path)),
    responses((status = 200, body = ViewersJson), Always, Restricted, Named))]
pub(super) async fn viewers(
    context: Context,
    Params(id): Params<String>,
) -> Result<Json<ViewersJson>, Problem> {
    let viewers = join::participants(&context.app, &context.actor, stream_id(&id)?).await?;
    Ok(Json(ViewersJson::from(&viewers)))
}

/// Where a channel is played.
#[derive(Serialize, ToSchema)]
pub(super) struct Playback {
    /// Each with a grant for whoever asked.
    addresses: Vec<PlaybackAddressJson>,
}

/// Where a channel is played, live or not: one address for ever, but for the grant in it.
#[utoipa::path(get, path = "/channels/{handle}/playback", tag = "streams",
    operation_id = "get_playback",
    params(("handle" = String, Path)),
    responses((status = 200, body = Playback), Always, Restricted, Named))]
pub(super) async fn playback(
    context: Context,
    Params(name): Params<String>,
) -> Result<Json<Playback>, Problem> {
    let addresses = addresses(&context, &handle(&name)?).await?;
    Ok(Json(Playback { addresses }))
}

async fn addresses(
    context: &Context,
    handle: &Handle,
) -> Result<Vec<PlaybackAddressJson>, Problem> {
    // The grant is theirs: they are to be the same person when they come back, also when they are
    // only told to come back.
    context.keep_guest();
    let playback = playback::addresses(&context.app, &context.actor, handle).await?;
    let url = |path: &str| match &playback.node {
        Some(node) => node.url(path),
        None => context.config.url(path),
    };
    Ok(PlaybackAddressJson::all(&playback, url))
}
