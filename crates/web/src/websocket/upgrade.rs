//! The opening handshake (RFC 6455 §4.2).

use axum::body::Body;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use sha1::{Digest, Sha1};

/// The answer that opens a WebSocket, if the request asks for one.
pub(crate) fn accept(headers: &HeaderMap) -> Option<Response> {
    let key = text(headers, &header::SEC_WEBSOCKET_KEY)?;
    let valid = lists(headers, &header::CONNECTION, "upgrade")
        && lists(headers, &header::UPGRADE, "websocket")
        && text(headers, &header::SEC_WEBSOCKET_VERSION) == Some("13")
        && STANDARD.decode(key).is_ok_and(|key| key.len() == 16);
    let digest = Sha1::new()
        .chain_update(key)
        .chain_update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11")
        .finalize();
    let accept = HeaderValue::from_str(&STANDARD.encode(digest)).ok();
    let accept = accept.filter(|_| valid)?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    Some(response)
}

/// Whether a header that is a list has this word.
pub(crate) fn lists(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    text(headers, name).is_some_and(|list| {
        list.split(',')
            .any(|item| item.trim().eq_ignore_ascii_case(word))
    })
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
