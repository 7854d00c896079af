//! What whoever asks is to a channel.

use axum::Json;
use greenroom_app::channel::relation;
use greenroom_app::social::follow;

use crate::context::Context;
use crate::extract::Params;
use crate::problem::Problem;
use crate::rest::channel_of;
use crate::rest::docs::{Always, Named};
use crate::wire::ViewerJson;

/// What one is to a channel: what a page shows one the buttons by. Whom its owner has blocked is
/// told what a banned one is.
#[utoipa::path(get, path = "/channels/{handle}/me", tag = "channels",
    operation_id = "get_channel_viewer",
    params(("handle" = String, Path)),
    responses((status = 200, body = ViewerJson), Always, Named))]
pub(super) async fn get(
    context: Context,
    Params(name): Params<String>,
) -> Result<Json<ViewerJson>, Problem> {
    let channel = channel_of(&context, &name).await?.value;
    let relation = relation::execute(&context.app, &context.actor, &channel).await?;
    let following = follow::current(&context.app, &context.actor, &channel.handle).await?;
    Ok(Json(ViewerJson::of(&relation, following)))
}
