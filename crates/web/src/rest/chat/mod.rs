//! A channel's chat room.

mod messages;
mod restrictions;
mod settings;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Web;

pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(messages::history, messages::post))
        .routes(routes!(messages::delete))
        .routes(routes!(settings::get, settings::put))
        .routes(routes!(restrictions::list))
        .routes(routes!(restrictions::put, restrictions::lift))
}
