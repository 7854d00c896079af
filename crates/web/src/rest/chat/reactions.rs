//! Reactions: counted together, and kept by nobody.

use greenroom_app::chat::react;
use greenroom_domain::chat::Reaction;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::context::Context;
use crate::extract::{Body, Params};
use crate::problem::Problem;
use crate::rest::channel_of;
use crate::rest::docs::{Always, Named, Restricted, WithBody};

/// What somebody reacts with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewReaction {
    /// One emoji, or an emote's code (`:heart:`).
    #[schema(example = "🎉")]
    reaction: String,
}

/// Reacts to what is on, for whoever may chat. Everybody is shown how many do.
#[utoipa::path(post, path = "/channels/{handle}/reactions", tag = "chat",
    operation_id = "react",
    params(("handle" = String, Path)),
    request_body = NewReaction,
    responses((status = 204), Always, WithBody, Restricted, Named))]
pub(super) async fn post(
    context: Context,
    Params(name): Params<String>,
    Body(body): Body<NewReaction>,
) -> Result<StatusCode, Problem> {
    let reaction =
        Reaction::parse(&body.reaction).map_err(|error| Problem::text("reaction", error))?;
    let room = channel_of(&context, &name).await?.value.id;
    react::execute(&context.app, &context.actor, room, reaction).await?;
    context.keep_guest();
    Ok(StatusCode::NO_CONTENT)
}
