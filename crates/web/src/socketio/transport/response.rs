//! What requests are answered.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};

use crate::socketio::engine::handshake::Refusal;
use crate::socketio::engine::websocket;

/// Frames as a polling payload; one alone is not even copied.
pub(super) fn packets(frames: impl Iterator<Item = Bytes>) -> Response {
    let mut texts: Vec<Bytes> = frames.map(|frame| websocket::payload_of(&frame)).collect();
    let body = match (texts.pop(), texts.is_empty()) {
        (Some(only), true) => only,
        (last, _) => {
            texts.extend(last);
            texts.join(&b"\x1e"[..]).into()
        }
    };
    respond(
        StatusCode::OK,
        "text/plain; charset=UTF-8",
        Body::from(body),
    )
}

pub(super) fn respond(status: StatusCode, content_type: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

pub(super) fn preflight() -> Response {
    let mut response = respond(StatusCode::NO_CONTENT, "text/plain", Body::empty());
    let headers = response.headers_mut();
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("GET, POST"),
    );
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("authorization, content-type"),
    );
    headers.insert(
        header::ACCESS_CONTROL_MAX_AGE,
        HeaderValue::from_static("600"),
    );
    response
}

pub(super) fn refusal(refusal: Refusal) -> Response {
    let status = match refusal {
        Refusal::ForeignOrigin => StatusCode::FORBIDDEN,
        Refusal::TooManyFromAddress => StatusCode::TOO_MANY_REQUESTS,
        Refusal::Full | Refusal::ShuttingDown => StatusCode::SERVICE_UNAVAILABLE,
        Refusal::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Refusal::TooSlow => StatusCode::REQUEST_TIMEOUT,
        Refusal::UnknownTransport
        | Refusal::UnknownSession
        | Refusal::BadMethod
        | Refusal::BadRequest
        | Refusal::UnsupportedVersion => StatusCode::BAD_REQUEST,
    };
    let json = serde_json::json!({ "code": refusal.code(), "message": refusal.to_string() });
    let mut response = respond(status, "application/json", Body::from(json.to_string()));
    if matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
    ) {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    }
    if matches!(refusal, Refusal::TooLarge | Refusal::TooSlow) {
        // The rest of the body is not waited for.
        response
            .headers_mut()
            .insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}
