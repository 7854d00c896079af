//! Who follows whom, and who wants nothing to do with whom.

mod blocks;
mod follows;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Web;

pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(follows::get, follows::put, follows::delete))
        .routes(routes!(follows::followers))
        .routes(routes!(follows::following))
        .routes(routes!(blocks::list))
        .routes(routes!(blocks::put, blocks::delete))
}
