//! A channel's chat room.

mod audit;
mod emotes;
mod messages;
mod pins;
mod reactions;
mod restrictions;
mod roles;
mod settings;

use greenroom_app::Refusal;
use greenroom_domain::chat::{ChatError, Seq};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Web;
use crate::problem::Problem;

pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(messages::history, messages::post))
        .routes(routes!(messages::delete))
        .routes(routes!(messages::clear))
        .routes(routes!(pins::list))
        .routes(routes!(pins::put, pins::delete))
        .routes(routes!(reactions::post))
        .routes(routes!(emotes::list))
        .routes(routes!(audit::list))
        .routes(routes!(roles::list))
        .routes(routes!(roles::put_moderator, roles::delete_moderator))
        .routes(routes!(roles::put_vip, roles::delete_vip))
        .routes(routes!(settings::get, settings::put))
        .routes(routes!(restrictions::list))
        .routes(routes!(restrictions::put, restrictions::lift))
}

/// The number of a path; what is none names no message.
fn seq(text: &str) -> Result<Seq, Problem> {
    let no_such = |_| Problem::from(Refusal::from(ChatError::NoSuchMessage));
    text.parse().map(Seq).map_err(no_such)
}
