//! The router for `/hls` and `/dash`, guarded by grants alone. The builder mounts it inside web's
//! layers.
//!
//! | path | what |
//! | --- | --- |
//! | `/hls/{handle}/index.m3u8` | multivariant playlist, made per viewer |
//! | `/dash/{handle}/index.mpd` | manifest, made per viewer |
//! | `/hls/{handle}/g/{grant}/…`, `/dash/{handle}/g/{grant}/…` | a [`Resource`], the same bytes for everybody |
//! | `/dash/clock` | this server's time, for players to set theirs |

use crate::bus::{Channels, LookupError, Media, StreamBus};
use crate::dash;
use crate::hls::{GrantName, Reload, ReloadError, Resource};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use futures_util::stream;
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;

/// Why somebody may not watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such channel, or none that this person may know of: 404.
    #[error("there is no such channel")]
    NotFound,
    /// Not this person, not now, or not any more: 403.
    #[error("watching is not allowed")]
    Forbidden,
    /// It cannot be said now: 503.
    #[error("watching is not possible at the moment")]
    Unavailable,
}

/// Who may watch what.
pub trait Gate: Send + Sync + 'static {
    /// Somebody asks for a channel's address: answers the grant to be used for it, the one that
    /// came with the request or one made on the spot. A grant is made of the characters that
    /// [`GrantName::parse`] takes.
    fn enter<'a>(
        &'a self,
        handle: &'a str,
        request: &'a Parts,
    ) -> BoxFuture<'a, Result<String, Refusal>>;

    /// Whether a grant is good for a channel now; every media request asks, before and after it
    /// waits, so this answers from memory. It also tells that the grant's holder is present.
    fn check(&self, handle: &str, grant: GrantName<'_>) -> Result<(), Refusal>;
}

/// What the router works with.
pub struct Delivery {
    /// Who may watch.
    pub gate: Arc<dyn Gate>,
    /// The channels' streams.
    pub channels: Arc<Channels>,
    /// The time, from the port `Clock`.
    pub now: Box<dyn Fn() -> DateTime<Utc> + Send + Sync>,
    /// Where players find [`/dash/clock`](self): its path, or a URL.
    pub clock: String,
}

impl std::fmt::Debug for Delivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Delivery").finish_non_exhaustive()
    }
}

/// The routes.
pub fn router(delivery: Delivery) -> Router {
    Router::new()
        .route("/hls/{handle}/index.m3u8", get(multivariant))
        .route("/dash/{handle}/index.mpd", get(manifest))
        .route("/hls/{handle}/g/{grant}/{rendition}/{file}", get(resource))
        .route("/dash/{handle}/g/{grant}/{rendition}/{file}", get(resource))
        .route("/dash/clock", get(clock))
        .with_state(Arc::new(delivery))
}

type Shared = State<Arc<Delivery>>;

async fn multivariant(
    State(delivery): Shared,
    Path(handle): Path<String>,
    request: Parts,
) -> Result<Response, Failure> {
    let (bus, grant) = enter(&delivery, &handle, &request).await?;
    let grant = GrantName::parse(&grant).ok_or(Failure::Refused(Refusal::Unavailable))?;
    let playlist = bus
        .multivariant(grant)
        .ok_or(Failure::Lookup(LookupError::NotFound))?;
    Ok(reply(PLAYLIST, PERSONAL, playlist.into()))
}

async fn manifest(
    State(delivery): Shared,
    Path(handle): Path<String>,
    request: Parts,
) -> Result<Response, Failure> {
    let (bus, grant) = enter(&delivery, &handle, &request).await?;
    let grant = GrantName::parse(&grant).ok_or(Failure::Refused(Refusal::Unavailable))?;
    let manifest = bus.manifest(grant, &delivery.clock, (delivery.now)());
    let manifest = manifest.ok_or(Failure::Lookup(LookupError::NotFound))?;
    Ok(reply("application/dash+xml", PERSONAL, manifest.into()))
}

async fn resource(
    State(delivery): Shared,
    Path((handle, grant, rendition, file)): Path<(String, String, String, String)>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Failure> {
    let missing = Failure::Lookup(LookupError::NotFound);
    let grant = GrantName::parse(&grant).ok_or(Failure::Refused(Refusal::Forbidden))?;
    delivery
        .gate
        .check(&handle, grant)
        .map_err(Failure::Refused)?;
    let resource = Resource::parse(&format!("{rendition}/{file}")).ok_or(missing)?;
    let bus = delivery.channels.find(&handle).ok_or(missing)?;
    let directive = |name: &str| query.get(name).map(String::as_str);
    let reload = Reload::parse(directive("_HLS_msn"), directive("_HLS_part"));
    let reload = reload.map_err(|error| Failure::Lookup(LookupError::Reload(error)))?;
    let media = bus.fetch(resource, reload).await.map_err(Failure::Lookup)?;
    delivery
        .gate
        .check(&handle, grant)
        .map_err(Failure::Refused)?;
    Ok(match media {
        Media::Playlist(playlist) => reply(PLAYLIST, "no-cache", playlist.into()),
        Media::Init(init) => reply(MP4, IMMUTABLE, init.into()),
        Media::Segment(chunks) => segment(chunks),
    })
}

async fn clock(State(delivery): Shared) -> Response {
    reply("text/plain", "no-store", dash::iso((delivery.now)()).into())
}

async fn enter(
    delivery: &Delivery,
    handle: &str,
    request: &Parts,
) -> Result<(Arc<StreamBus>, String), Failure> {
    let grant = delivery
        .gate
        .enter(handle, request)
        .await
        .map_err(Failure::Refused)?;
    let bus = delivery
        .channels
        .find(handle)
        .ok_or(Failure::Lookup(LookupError::NotFound))?;
    Ok((bus, grant))
}

const PLAYLIST: &str = "application/vnd.apple.mpegurl";
const MP4: &str = "video/mp4";
const PERSONAL: &str = "private, no-store";
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

fn reply(kind: &'static str, caching: &'static str, body: Body) -> Response {
    (
        [
            (header::CONTENT_TYPE, kind),
            (header::CACHE_CONTROL, caching),
        ],
        body,
    )
        .into_response()
}

/// A segment's chunks, one after the other: they are not put together for a viewer.
fn segment(mut chunks: Vec<Bytes>) -> Response {
    let length: usize = chunks.iter().map(Bytes::len).sum();
    let body = match chunks.len() {
        1 => chunks.pop().map(Body::from).unwrap_or_default(),
        _ => Body::from_stream(stream::iter(chunks.into_iter().map(Ok::<_, Infallible>))),
    };
    let mut response = reply(MP4, IMMUTABLE, body);
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    response
}

/// Why a request got no media.
#[derive(Debug, Clone, Copy)]
enum Failure {
    Refused(Refusal),
    Lookup(LookupError),
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, text) = match self {
            Self::Refused(refusal) => {
                let status = match refusal {
                    Refusal::NotFound => StatusCode::NOT_FOUND,
                    Refusal::Forbidden => StatusCode::FORBIDDEN,
                    Refusal::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
                };
                (status, refusal.to_string())
            }
            Self::Lookup(LookupError::Reload(
                error @ (ReloadError::Malformed | ReloadError::TooFarAhead),
            )) => (StatusCode::BAD_REQUEST, error.to_string()),
            Self::Lookup(error @ LookupError::NotFound) => {
                (StatusCode::NOT_FOUND, error.to_string())
            }
        };
        (status, [(header::CACHE_CONTROL, "no-store")], text).into_response()
    }
}
