//! Bodies as the documents' clients send them.

use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;

use crate::Web;
use crate::extract::{read, read_object, unreadable};
use crate::problem::Problem;

/// A JSON object, whatever its content type says; an empty one where there is no body.
///
/// A type of these does not refuse fields that it does not have.
pub(super) struct AnyBody<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Web> for AnyBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Problem> {
        let bytes = read(request, web.config.body_limit, web.config.body_timeout).await?;
        let bytes = match bytes.trim_ascii() {
            [] => b"{}",
            bytes => bytes,
        };
        read_object(bytes)
            .map(Self)
            .map_err(|error| unreadable(&error))
    }
}
