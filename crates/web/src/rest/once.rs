//! Requests that make something once, however often they are sent: the header `Idempotency-Key`
//! (draft-ietf-httpapi-idempotency-key-header).

use axum::extract::{FromRequest, FromRequestParts, Request};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use greenroom_domain::chat::ClientMessageId;
use greenroom_domain::shared::once::{Once, RequestKey};
use http::request::Parts;
use http::{HeaderMap, HeaderName, Method, StatusCode, Uri};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use utoipa::IntoParams;

use crate::Web;
use crate::extract::{json_bytes, read_object, unreadable};
use crate::problem::Problem;

const HEADER: HeaderName = HeaderName::from_static("idempotency-key");

/// How a request says that it is to be done once.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it describes the header for the OpenAPI document")]
pub(super) struct IdempotencyKey {
    /// What the client calls this request, 1 to 255 printable ASCII characters. Sent again with
    /// the same within 24 hours, by the same user or guest, it is answered with what it has made;
    /// another request under the same key is refused. Who signs in or makes an account is that
    /// account's user, by its password.
    #[param(
        rename = "Idempotency-Key",
        min_length = 1,
        max_length = 255,
        pattern = "^[!-~]+$"
    )]
    idempotency_key: Option<String>,
}

/// A JSON body, and what the request is called if it is to be done once.
pub(super) struct BodyOnce<T>(pub(super) T, pub(super) Option<Once>);

impl<T: DeserializeOwned> FromRequest<Web> for BodyOnce<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Problem> {
        let key = key(request.headers())?;
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let bytes = json_bytes(request, web).await?;
        let body = read_object(&bytes).map_err(|error| unreadable(&error))?;
        let fields = read_object(&bytes).map_err(|error| unreadable(&error))?;
        let once = key.map(|key| Once {
            key,
            request: digest(&method, &uri, fields),
        });
        Ok(Self(body, once))
    }
}

/// What a request is called that has no body, if it is to be done once.
pub(super) struct SentOnce(pub(super) Option<Once>);

impl FromRequestParts<Web> for SentOnce {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Web) -> Result<Self, Problem> {
        let once = key(&parts.headers)?.map(|key| Once {
            key,
            request: digest(&parts.method, &parts.uri, Map::new()),
        });
        Ok(Self(once))
    }
}

/// What a message is called that has no name of its own but its request's.
pub(super) fn message_id(once: &Once) -> ClientMessageId {
    let name = URL_SAFE_NO_PAD.encode(Sha256::digest(once.key.as_str()));
    ClientMessageId::parse(&name).expect("43 letters, digits, - and _")
}

fn key(headers: &HeaderMap) -> Result<Option<RequestKey>, Problem> {
    let Some(value) = headers.get(HEADER) else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default();
    RequestKey::parse(text).map(Some).map_err(|error| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "INVALID_IDEMPOTENCY_KEY",
            format!("Idempotency-Key: {error}"),
        )
    })
}

/// What is asked for, but for a password: what is kept of a request must not help to guess it.
fn digest(method: &Method, uri: &Uri, mut body: Map<String, Value>) -> [u8; 32] {
    body.remove("password");
    let mut hash = Sha256::new();
    hash.update(method.as_str());
    hash.update([0]);
    hash.update(uri.path());
    hash.update([0]);
    hash.update(Value::Object(body).to_string());
    hash.finalize().into()
}
