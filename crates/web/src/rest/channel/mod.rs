//! Channels and their stream keys.

mod channels;
mod ingest;
mod keys;
mod viewer;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Web;

pub(super) fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(channels::create))
        .routes(routes!(channels::get, channels::edit))
        .routes(routes!(channels::set_cover, channels::remove_cover))
        .routes(routes!(channels::own))
        .routes(routes!(viewer::get))
        .routes(routes!(channels::unlock))
        .routes(routes!(keys::create, keys::list))
        .routes(routes!(keys::reveal))
        .routes(routes!(keys::rotate))
        .routes(routes!(keys::revoke))
        .routes(routes!(ingest::show, ingest::withdraw))
        .routes(routes!(ingest::take_seat))
}
