//! The page behind the one-time link that an empty server prints, where there is no interface
//! to have it.

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderValue, header};

use crate::Web;

/// It shows a form and speaks to this server's API, and nothing else.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     form-action 'none'; frame-ancestors 'none'",
);

pub(crate) fn routes() -> Router<Web> {
    Router::new()
        .route("/setup", get(page))
        .route("/setup/page.css", get(style))
        .route("/setup/page.js", get(script))
}

async fn page() -> Response {
    file(
        "text/html; charset=utf-8",
        include_str!("setup_page/index.html"),
    )
}

async fn style() -> Response {
    file(
        "text/css; charset=utf-8",
        include_str!("setup_page/page.css"),
    )
}

async fn script() -> Response {
    file(
        "text/javascript; charset=utf-8",
        include_str!("setup_page/page.js"),
    )
}

fn file(kind: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    (headers, text).into_response()
}
