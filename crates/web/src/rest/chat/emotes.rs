//! The emotes that messages may name: the same for all, as long as the server runs.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use greenroom_domain::chat::every_emote;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;
use sha1::{Digest, Sha1};
use utoipa::ToSchema;

use crate::problem::Problem;
use crate::rest::docs::Always;

/// The emotes that messages may name.
#[derive(Serialize, ToSchema)]
pub(super) struct Emotes {
    /// The emoji of each code, which stands between colons in a text.
    #[schema(value_type = std::collections::HashMap<String, String>)]
    emotes: BTreeMap<&'static str, &'static str>,
}

/// How long a client need not ask again.
const FRESH: HeaderValue = HeaderValue::from_static("public, max-age=3600");

static LIST: LazyLock<(HeaderValue, Bytes)> = LazyLock::new(|| {
    let emotes = every_emote().map(|emote| (emote.code, emote.shown));
    let list = Emotes {
        emotes: emotes.collect(),
    };
    let json = serde_json::to_vec(&list).unwrap_or_default();
    let digest = URL_SAFE_NO_PAD.encode(Sha1::digest(&json));
    let tag = HeaderValue::try_from(format!("\"{digest}\""));
    let tag = tag.unwrap_or(HeaderValue::from_static("\"emotes\""));
    (tag, Bytes::from(json))
});

/// The emotes that messages may name, with a tag by which they need not be read again.
#[utoipa::path(get, path = "/emotes", tag = "chat", operation_id = "list_emotes",
    responses((status = 200, body = Emotes, headers(("etag" = String))), Always))]
pub(super) async fn list(headers: HeaderMap) -> Result<Response, Problem> {
    let (tag, json) = &*LIST;
    let known = headers.get_all(header::IF_NONE_MATCH).iter();
    let known = known.filter_map(|value| value.to_str().ok());
    let mut tags = known.flat_map(|value| value.split(','));
    let is_known = tags.any(|known| {
        let known = known.trim().trim_start_matches("W/");
        known == "*" || known.as_bytes() == tag.as_bytes()
    });
    let caching = [(header::ETAG, tag.clone()), (header::CACHE_CONTROL, FRESH)];
    if is_known {
        return Ok((StatusCode::NOT_MODIFIED, caching).into_response());
    }
    let kind = HeaderValue::from_static("application/json");
    Ok((caching, [(header::CONTENT_TYPE, kind)], json.clone()).into_response())
}
