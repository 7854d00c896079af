//! `StreamIt`'s document: REST below `/api/stream`, for approved creators, and `/api/viewer`.
//!
//! A user has one stream for ever, so it is our channel: its id, its title, live or not. Its
//! ingress is one of the channel's stream keys, known by its label.

mod ingress;
mod shape;
mod stream;
mod viewer;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::routing::{get, post, put};
use greenroom_app::Refusal;
use greenroom_domain::account::User;
use http::request::Parts;

use super::person::SignedIn;
use crate::Web;
use crate::context::Context;
use crate::problem::Problem;

pub(super) fn routes() -> Router<Web> {
    let stream = Router::new()
        .route("/create", post(stream::create))
        .route("/ingress", post(ingress::create).delete(ingress::delete))
        .route("/info", get(stream::info).put(stream::set_info))
        .route("/credentials", get(ingress::credentials))
        .route("/chat-settings", put(stream::set_chat))
        .route("/status", get(stream::status))
        .route("/creator-token", post(viewer::creator_token));
    let viewer = Router::new()
        .route("/stream/{username}", get(viewer::stream))
        .route("/token", post(viewer::token))
        .route("/live", get(viewer::live))
        .route("/following", get(viewer::following))
        .route("/recommended", get(viewer::recommended));
    Router::new()
        .nest("/api/stream", stream)
        .nest("/api/viewer", viewer)
}

/// Whoever asks, approved to create.
struct Creator {
    context: Context,
    user: User,
}

impl FromRequestParts<Web> for Creator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        let SignedIn { context, user } = SignedIn::from_request_parts(parts, web).await?;
        user.require_creator().map_err(Refusal::from)?;
        Ok(Self { context, user })
    }
}
