//! What a handler takes from a request, bounded and with errors that name what is wrong.

use std::time::Duration;

use axum::body::{self, HttpBody};
use axum::extract::{FromRequest, FromRequestParts, Path, Query as AxumQuery, Request};
use bytes::Bytes;
use futures_util::StreamExt;
use greenroom_domain::shared::page::{Cursor, PageLimit, PageRequest};
use greenroom_domain::shared::picture::MAX_UPLOAD;
use greenroom_domain::shared::store::Version;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::de::{DeserializeOwned, Error as _, IgnoredAny};
use serde::{Deserialize, Deserializer};
use serde_json::error::Category;

use crate::Web;
use crate::problem::Problem;

/// A JSON body. Fields that its type does not have are refused by the type itself
/// (`deny_unknown_fields`).
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Web> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Problem> {
        let bytes = json_bytes(request, web).await?;
        read_object(&bytes)
            .map(Self)
            .map_err(|error| unreadable(&error))
    }
}

/// The bytes of a body that says it is JSON.
pub(crate) async fn json_bytes(request: Request, web: &Web) -> Result<Bytes, Problem> {
    let json = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
    if !json {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UNSUPPORTED_MEDIA_TYPE",
            "a body of type application/json is expected",
        ));
    }
    let limit = web.config.body_limit;
    read(request, limit, web.config.body_timeout).await
}

/// A JSON body that may be left out, or `null`.
pub(crate) struct BodyOrNone<T>(pub(crate) T);

impl<T: DeserializeOwned + Default> FromRequest<Web> for BodyOrNone<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Problem> {
        let says_nothing = !request.headers().contains_key(header::CONTENT_TYPE);
        if says_nothing && request.body().is_end_stream() {
            return Ok(Self(T::default()));
        }
        let bytes = json_bytes(request, web).await?;
        if bytes.trim_ascii() == b"null" {
            return Ok(Self(T::default()));
        }
        read_object(&bytes)
            .map(Self)
            .map_err(|error| unreadable(&error))
    }
}

/// The bytes of a picture: a PNG, JPEG or WebP, by what is said of them.
pub(crate) struct Upload(pub(crate) Bytes);

impl FromRequest<Web> for Upload {
    type Rejection = Problem;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Problem> {
        let kind = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split(';').next())
            .map(|kind| kind.trim().to_ascii_lowercase());
        if !matches!(
            kind.as_deref(),
            Some("image/jpeg" | "image/png" | "image/webp")
        ) {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "UNSUPPORTED_MEDIA_TYPE",
                "a body of type image/jpeg, image/png or image/webp is expected",
            ));
        }
        // A phone sends more slowly than it writes JSON.
        let patience = 2 * web.config.body_timeout;
        if declared(&request).is_some_and(|size| size > MAX_UPLOAD as u64 && size <= HEARD_OUT) {
            let ignored = hear_out(request.into_body());
            let _ = tokio::time::timeout(patience, ignored).await;
            return Err(too_large(MAX_UPLOAD));
        }
        read(request, MAX_UPLOAD, patience).await.map(Self)
    }
}

/// A picture up to this size, in bytes, is heard out though it is too large: a browser that is
/// hung up on while it sends sees a broken connection, and not why. Cameras make such pictures.
const HEARD_OUT: u64 = 16 * 1024 * 1024;

/// Takes a body in and keeps nothing of it.
async fn hear_out(body: body::Body) {
    let mut body = body.into_data_stream();
    while let Some(Ok(_)) = body.next().await {}
}

/// How large the body is, by its own account.
fn declared(request: &Request) -> Option<u64> {
    let length = request.headers().get(header::CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}

fn too_large(limit: usize) -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "BODY_TOO_LARGE",
        format!("the body is larger than {limit} bytes"),
    )
    .with("max_bytes", limit)
}

/// A body of at most so many bytes, which does not take longer.
pub(crate) async fn read(
    request: Request,
    limit: usize,
    patience: Duration,
) -> Result<Bytes, Problem> {
    if declared(&request).is_some_and(|size| size > limit as u64) {
        return Err(too_large(limit));
    }
    let read = body::to_bytes(request.into_body(), limit);
    match tokio::time::timeout(patience, read).await {
        Ok(Ok(bytes)) => Ok(bytes),
        // Too large without having said so, or broken off: nobody hears the answer then.
        Ok(Err(_)) => Err(too_large(limit)),
        Err(_) => Err(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "BODY_TOO_SLOW",
            "the body took too long",
        )),
    }
}

/// Bodies are objects: serde would take a list of a type's fields in order as well.
pub(crate) fn read_object<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, serde_json::Error> {
    if bytes.trim_ascii_start().first() == Some(&b'{') {
        return serde_json::from_slice(bytes);
    }
    serde_json::from_slice::<IgnoredAny>(bytes)?;
    Err(serde_json::Error::custom("an object is expected"))
}

pub(crate) fn unreadable(error: &serde_json::Error) -> Problem {
    if error.classify() != Category::Data {
        return Problem::new(
            StatusCode::BAD_REQUEST,
            "MALFORMED_BODY",
            "the body is not JSON",
        )
        .with("line", error.line())
        .with("column", error.column());
    }
    // serde tells fields and their kind of trouble by its message alone.
    let message = error.to_string();
    let code = if message.starts_with("unknown field") {
        "UNKNOWN_FIELD"
    } else if message.starts_with("missing field") {
        "MISSING_FIELD"
    } else {
        "WRONG_TYPE"
    };
    let field = message.split('`').nth(1).filter(|_| code != "WRONG_TYPE");
    let problem = Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        code,
        format!("the body does not fit: {message}"),
    );
    match field {
        Some(field) => problem.with("field", field),
        None => problem,
    }
}

/// Parts of the path.
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Web> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        // What cannot be such a part names nothing that is here.
        let Path(params) = Path::<T>::from_request_parts(parts, web)
            .await
            .map_err(|_| Problem::not_found())?;
        Ok(Self(params))
    }
}

/// The query.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<Web> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        let AxumQuery(query) = AxumQuery::<T>::from_request_parts(parts, web)
            .await
            .map_err(|error| {
                Problem::new(
                    StatusCode::BAD_REQUEST,
                    "MALFORMED_QUERY",
                    error.body_text(),
                )
            })?;
        Ok(Self(query))
    }
}

/// The page that a query asks for.
pub(crate) fn page(cursor: Option<String>, limit: Option<u16>) -> Result<PageRequest, Problem> {
    Ok(PageRequest {
        after: cursor.map(Cursor),
        limit: page_limit(limit)?,
    })
}

/// How many items a query asks for.
pub(crate) fn page_limit(limit: Option<u16>) -> Result<PageLimit, Problem> {
    match limit {
        None => Ok(PageLimit::default()),
        Some(limit) => PageLimit::new(limit).ok_or_else(|| {
            Problem::new(
                StatusCode::BAD_REQUEST,
                "MALFORMED_QUERY",
                "limit: it must be 1 to 100",
            )
            .with("field", "limit")
        }),
    }
}

/// The version that the client saw and wants to change (RFC 9110, 13.1.1), if it says so.
pub(crate) struct IfMatch(pub(crate) Option<Version>);

impl FromRequestParts<Web> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Web) -> Result<Self, Problem> {
        if_match(&parts.headers).map(Self)
    }
}

fn if_match(headers: &HeaderMap) -> Result<Option<Version>, Problem> {
    let Some(value) = headers.get(header::IF_MATCH) else {
        return Ok(None);
    };
    if value == "*" {
        return Ok(None);
    }
    let tag = value.to_str().unwrap_or_default().trim();
    let version = tag
        .strip_prefix('"')
        .and_then(|tag| tag.strip_suffix('"'))
        .and_then(|tag| tag.parse().ok());
    match version {
        Some(version) => Ok(Some(Version(version))),
        // A tag that was not made here matches nothing.
        None => Err(greenroom_app::Refusal::Stale.into()),
    }
}

/// A version as an entity tag.
pub(crate) fn etag(version: Version) -> [(header::HeaderName, HeaderValue); 1] {
    let tag = HeaderValue::from_str(&format!("\"{}\"", version.0));
    let tag = tag.unwrap_or_else(|_| HeaderValue::from_static("\"0\""));
    [(header::ETAG, tag)]
}

/// A field of a change: absent keeps, `null` clears, a value sets.
#[derive(Debug, Default)]
pub(crate) enum Patch<T> {
    #[default]
    Keep,
    Clear,
    Set(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let given = Option::<T>::deserialize(deserializer)?;
        Ok(given.map_or(Self::Clear, Self::Set))
    }
}

impl<T> Patch<T> {
    /// The same change of what the value is parsed to.
    pub(crate) fn parse<U, E>(self, parse: impl Fn(T) -> Result<U, E>) -> Result<Patch<U>, E> {
        Ok(match self {
            Self::Keep => Patch::Keep,
            Self::Clear => Patch::Clear,
            Self::Set(value) => Patch::Set(parse(value)?),
        })
    }
}

impl<T> From<Patch<T>> for Option<Option<T>> {
    fn from(patch: Patch<T>) -> Self {
        match patch {
            Patch::Keep => None,
            Patch::Clear => Some(None),
            Patch::Set(value) => Some(Some(value)),
        }
    }
}
