//! `PawfectMatch`'s document.

mod shape;

use axum::Router;

pub(crate) use self::shape::StreamJson;
use crate::Web;

pub(super) fn routes() -> Router<Web> {
    Router::new()
}
