//! Circle's document.

use axum::Router;
use serde_json::{Value, json};

use crate::Web;
use crate::problem::ErrorJson;

pub(super) fn routes() -> Router<Web> {
    Router::new()
}

/// `{ success, data, message }`.
pub(super) fn refused(error: &ErrorJson) -> Value {
    json!({ "success": false, "data": null, "message": error.error })
}
