//! Other platforms' REST interfaces, each as its document describes it, so that its clients move
//! over unchanged. A dialect is served where [`WebConfig::dialects`](crate::WebConfig) names it.
//!
//! A dialect calls the use cases that `rest` calls, and answers in its document's envelope and
//! names. Where the document differs from `/api/v1` the dialect holds to the document;
//! `docs/api-map.md` has them side by side. What all of them share:
//!
//! - **Users are the host platform's.** A user's id in a document is the subject of their token
//!   ([`person::id`]); a local account's is its id. Both are accepted where a document takes a
//!   user's id, and an id that stands for whoever asks must be their own, else 403.
//! - **Bodies are JSON whatever their content type says** ([`body::AnyBody`]). No body is an empty
//!   object, and fields that a document does not have are passed over.
//! - **Nobody has to make a channel.** The documents know none: a creator's first stream makes it
//!   ([`creator::own_channel`]).
//! - **What is not there yet** answers 501 from one place ([`absent`]).

mod absent;
mod body;
mod circle;
pub(crate) mod creator;
pub(crate) mod harmoniecore;
mod live;
pub(crate) mod pawfectmatch;
pub(crate) mod person;
mod picture;
mod playback;
mod streamit;
mod webhook;

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, middleware};
use http::header;
use serde_json::{Value, json};

use crate::problem::ErrorJson;
use crate::{Dialect, Web, layers};

/// How a document writes why something was not done. Status and headers stay as they are.
type Envelope = fn(&ErrorJson) -> Value;

/// The dialects that the configuration names.
pub(crate) fn routes(web: &Web) -> Router<Web> {
    let dialects = web.config.dialects.iter();
    dialects
        .fold(Router::new(), |all, dialect| {
            let (routes, envelope): (_, Envelope) = match dialect {
                Dialect::Circle => (circle::routes(), circle::refused),
                Dialect::HarmonieCore => (harmoniecore::routes(), ours),
                Dialect::PawfectMatch => (pawfectmatch::routes(), ours),
                Dialect::StreamIt => (streamit::routes(), ours),
            };
            let guard = middleware::from_fn_with_state(web.clone(), layers::guard);
            let enveloped = middleware::map_response_with_state(envelope, enveloped);
            all.merge(routes.layer(guard).layer(enveloped))
                .merge(webhook::routes(*dialect))
        })
        .layer(layers::cors(&web.config))
}

/// As REST writes it: `{ error, code, details }`.
fn ours(error: &ErrorJson) -> Value {
    json!(error)
}

async fn enveloped(State(write): State<Envelope>, mut response: Response) -> Response {
    let Some(error) = response.extensions_mut().remove::<Arc<ErrorJson>>() else {
        return response;
    };
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    let body = Json(write(&error)).into_response().into_body();
    Response::from_parts(parts, body)
}
