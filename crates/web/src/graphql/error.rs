//! Errors as GraphQL writes them: what REST says, in `extensions`.

use async_graphql::{Error, ErrorExtensionValues, Response, ServerError, Value};

use crate::problem::Problem;

/// An input value that does not fit its type.
const BAD_INPUT: &str = "BAD_USER_INPUT";

impl From<Problem> for Error {
    /// `code`, `details` and `retryAfter` (in seconds, as the header of that name) are those of
    /// the one table.
    fn from(problem: Problem) -> Self {
        let told = problem.json();
        let extensions = extensions(&problem);
        Self {
            message: told.error,
            source: Some(std::sync::Arc::new(problem)),
            extensions: Some(extensions),
        }
    }
}

fn extensions(problem: &Problem) -> ErrorExtensionValues {
    let told = problem.json();
    let mut extensions = ErrorExtensionValues::default();
    extensions.set("code", told.code);
    // JSON values are GraphQL values.
    if let Ok(details) = Value::from_json(told.details.into()) {
        extensions.set("details", details);
    }
    if let Some(seconds) = problem.retry_after_seconds() {
        extensions.set("retryAfter", seconds);
    }
    extensions
}

/// A problem that concerns the whole request.
pub(super) fn whole(problem: Problem) -> ServerError {
    ServerError {
        extensions: Some(extensions(&problem)),
        message: problem.json().error,
        source: Some(std::sync::Arc::new(problem)),
        locations: Vec::new(),
        path: Vec::new(),
    }
}

/// The answer to a request that a problem concerns as a whole.
pub(super) fn answer(problem: Problem) -> Response {
    Response::from_errors(vec![whole(problem)])
}

/// The same error with a code, unless it has one.
pub(super) fn coded(mut error: ServerError, code: &'static str) -> ServerError {
    let extensions = error.extensions.get_or_insert_default();
    if extensions.get("code").is_none() {
        extensions.set("code", code);
    }
    error
}

/// Gives every error its code, and writes what broke to the log.
pub(super) fn finish(response: &mut Response) {
    for error in &mut response.errors {
        if let Some(problem) = error.source::<Problem>()
            && let Some(cause) = problem.cause()
        {
            tracing::error!(
                error = &*cause.0 as &dyn std::error::Error,
                code = problem.code(),
                "a field was not resolved"
            );
        }
        *error = coded(
            std::mem::replace(error, ServerError::new("", None)),
            BAD_INPUT,
        );
    }
}
