//! The router for `/hls` and `/dash`, guarded by grants alone. The builder mounts it inside web's
//! layers.
//!
//! | path | what |
//! | --- | --- |
//! | `/hls/{handle}/index.m3u8` | multivariant playlist, made per viewer |
//! | `/dash/{handle}/index.mpd` | manifest, made per viewer |
//! | `/hls/{handle}/g/{grant}/…`, `/dash/{handle}/g/{grant}/…` | a [`Resource`], the same bytes for everybody |
//! | `/dash/clock` | this server's time, for players to set theirs |
//! | `/thumbnails/{handle}.jpg` | a frame of the stream, for everybody |
//!
//! What another node has is answered by a redirect (307) to the same path there.

use crate::bus::{Channels, LookupError, Media, StreamBus};
use crate::dash;
use crate::hls::{GrantName, Reload, ReloadError, Resource};
use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::extract::{OriginalUri, Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::stream;
use greenroom_domain::channel::Handle;
use greenroom_domain::media::{GrantToken, PlaybackRefused};
use greenroom_domain::shared::node::NodeAddress;
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Who may watch what.
#[async_trait]
pub trait Gate: Send + Sync + 'static {
    /// Somebody asks for a channel's address: answers the grant to be used for it, the one that
    /// came with the request or one made on the spot.
    async fn enter(
        &self,
        handle: &Handle,
        grant: Option<GrantToken>,
    ) -> Result<GrantToken, PlaybackRefused>;

    /// Somebody asks for a channel's media with a grant; one in use is let in from memory.
    async fn admit(&self, handle: &Handle, grant: &GrantToken) -> Result<(), PlaybackRefused>;

    /// Whether a grant is in use for a channel, from memory: every media request asks after it
    /// has waited. It also tells that the grant's holder is there.
    fn knows(&self, handle: &Handle, grant: &GrantToken) -> bool;

    /// On which other node a channel's media are, if they are on another.
    async fn elsewhere(&self, handle: &Handle) -> Option<NodeAddress>;

    /// Resolves when a grant is not, or no longer, in use for a channel.
    async fn shut_out(&self, handle: &Handle, grant: &GrantToken);
}

/// What the router works with.
pub struct Delivery {
    /// Who may watch.
    pub gate: Arc<dyn Gate>,
    /// The channels' streams.
    pub channels: Arc<Channels>,
    /// The time, from the port `Clock`.
    pub now: Box<dyn Fn() -> DateTime<Utc> + Send + Sync>,
    /// Where players find [`/dash/clock`](self): its path, in this router.
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
        .route("/thumbnails/{file}", get(thumbnail))
        .layer(map_response(for_any_page))
        .with_state(Arc::new(delivery))
}

/// Players on any site may read the answers: a grant says who may watch, never a cookie.
async fn for_any_page(mut response: Response) -> Response {
    response.headers_mut().insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    response
}

type Shared = State<Arc<Delivery>>;

async fn multivariant(
    State(delivery): Shared,
    Path(handle): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    uri: Uri,
) -> Result<Response, Failure> {
    let entered = enter(&delivery, &handle, &query, Awaited::Media).await;
    let (bus, grant) = entered.map_err(|failure| failure.at(&uri))?;
    let grant = GrantName::parse(grant.expose()).ok_or(PlaybackRefused::BadGrant)?;
    let playlist = bus.multivariant(grant).ok_or(LookupError::NotFound)?;
    Ok(reply(PLAYLIST, PERSONAL, playlist.into()))
}

async fn manifest(
    State(delivery): Shared,
    Path(handle): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    uri: Uri,
    OriginalUri(asked): OriginalUri,
) -> Result<Response, Failure> {
    let entered = enter(&delivery, &handle, &query, Awaited::Bus).await;
    let (bus, grant) = entered.map_err(|failure| failure.at(&uri))?;
    let grant = GrantName::parse(grant.expose()).ok_or(PlaybackRefused::BadGrant)?;
    // Below whatever path the router is nested.
    let prefix = asked.path().strip_suffix(uri.path()).unwrap_or_default();
    let clock = format!("{prefix}{}", delivery.clock);
    let manifest = bus.manifest(grant, &clock, (delivery.now)());
    let manifest = manifest.ok_or(LookupError::NotFound)?;
    Ok(reply("application/dash+xml", PERSONAL, manifest.into()))
}

async fn resource(
    State(delivery): Shared,
    Path((handle, grant, rendition, file)): Path<(String, String, String, String)>,
    Query(query): Query<HashMap<String, String>>,
    uri: Uri,
) -> Result<Response, Failure> {
    let handle = channel(&handle)?;
    let grant = GrantToken::parse(&grant).ok_or(PlaybackRefused::BadGrant)?;
    let resource = Resource::parse(&format!("{rendition}/{file}")).ok_or(LookupError::NotFound)?;
    let directive = |name: &str| query.get(name).map(String::as_str);
    let reload = Reload::parse(directive("_HLS_msn"), directive("_HLS_part"));
    let reload = reload.map_err(LookupError::Reload)?;
    let gate = &delivery.gate;
    let admit = async || {
        let admitted = gate.admit(&handle, &grant).await;
        admitted.map_err(|refused| Failure::from(refused).at(&uri))
    };
    admit().await?;
    let found = tokio::select! {
        biased;
        found = find(&delivery, &handle, resource, reload) => found,
        // Who waits is not to see what comes after they were shut out.
        () = gate.shut_out(&handle, &grant) => Err(LookupError::NotFound),
    };
    if !gate.knows(&handle, &grant) {
        admit().await?;
    }
    let media = found?;
    Ok(match media {
        Media::Playlist(playlist) => reply(PLAYLIST, "no-cache", playlist.into()),
        Media::Init(init) => reply(MP4, IMMUTABLE, init.into()),
        Media::Segment(chunks) => segment(chunks),
    })
}

async fn find(
    delivery: &Delivery,
    handle: &Handle,
    resource: Resource,
    reload: Option<Reload>,
) -> Result<Media, LookupError> {
    let bus = match resource {
        // Who reloads a playlist has watched before: a server that has just started lets them
        // wait for the encoder to come back.
        Resource::Playlist { .. } => {
            let until = Instant::now() + PATIENCE;
            let bus = delivery.channels.wait_for(handle.as_str(), until).await;
            let bus = bus.ok_or(LookupError::NotFound)?;
            bus.wait_playable(until).await;
            bus
        }
        _ => delivery
            .channels
            .find(handle.as_str())
            .ok_or(LookupError::NotFound)?,
    };
    bus.fetch(resource, reload).await
}

async fn clock(State(delivery): Shared) -> Response {
    reply("text/plain", "no-store", dash::iso((delivery.now)()).into())
}

/// A frame of a stream that is on air. `?v=` is for caches alone: the newest is the answer.
async fn thumbnail(
    State(delivery): Shared,
    Path(file): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Failure> {
    let handle = channel(file.strip_suffix(".jpg").ok_or(LookupError::NotFound)?)?;
    let bus = delivery.channels.find(handle.as_str());
    let Some(thumbnail) = bus.and_then(|bus| bus.thumbnail()) else {
        return Err(match delivery.gate.elsewhere(&handle).await {
            Some(node) => Failure::from(PlaybackRefused::Elsewhere(node)).at(&uri),
            None => LookupError::NotFound.into(),
        });
    };
    let tag = format!("\"{}\"", thumbnail.version);
    let known = headers.get_all(header::IF_NONE_MATCH).iter();
    let mut response = if known
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|known| known.trim().trim_start_matches("W/") == tag)
    {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        reply("image/jpeg", THUMBNAIL, thumbnail.jpeg.into())
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(THUMBNAIL));
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(header::ETAG, tag);
    }
    Ok(response)
}

/// What a request for an address waits for.
enum Awaited {
    /// An encoder that has come to send something: the address is asked for once, by somebody
    /// who is to see at once that nobody is on air.
    Media,
    /// The encoder too: the address is asked for again and again while it is played.
    Bus,
}

async fn enter(
    delivery: &Delivery,
    handle: &str,
    query: &HashMap<String, String>,
    awaited: Awaited,
) -> Result<(Arc<StreamBus>, GrantToken), Failure> {
    let handle = channel(handle)?;
    let grant = match query.get("grant") {
        Some(grant) => Some(GrantToken::parse(grant).ok_or(PlaybackRefused::BadGrant)?),
        None => None,
    };
    let until = Instant::now() + OPENING_PATIENCE;
    let channels = &delivery.channels;
    let has_watched = grant.is_some();
    let grant = delivery.gate.enter(&handle, grant).await?;
    let bus = match awaited {
        // As for a playlist: see `find`.
        Awaited::Bus if has_watched => channels.wait_for(handle.as_str(), until).await,
        Awaited::Bus | Awaited::Media => channels.find(handle.as_str()),
    };
    let bus = bus.ok_or(LookupError::NotFound)?;
    // An encoder that has just begun is playable after its first group of pictures.
    if !bus.is_ended() {
        bus.wait_playable(until).await;
    }
    Ok((bus, grant))
}

/// The channel that a path names; `/hls/DEMO/…` is `/hls/demo/…`.
fn channel(handle: &str) -> Result<Handle, PlaybackRefused> {
    Handle::parse(handle).map_err(|_| PlaybackRefused::NoSuchChannel)
}

/// How long a player may wait for the first group of pictures: OBS left to itself makes them
/// 8.3 s long. Players wait longer for what they open with than for what they reload.
const OPENING_PATIENCE: Duration = Duration::from_secs(12);
/// How long who reloads may wait for a stream to become playable: shorter than players do.
const PATIENCE: Duration = Duration::from_secs(8);

const PLAYLIST: &str = "application/vnd.apple.mpegurl";
const MP4: &str = "video/mp4";
const PERSONAL: &str = "private, no-store";
const THUMBNAIL: &str = "public, max-age=30";
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
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Refused(#[from] PlaybackRefused),
    #[error(transparent)]
    Lookup(#[from] LookupError),
    #[error("it is at {location}")]
    Elsewhere { location: String },
}

impl Failure {
    /// Of a request for this; what is elsewhere is there under the same path.
    fn at(self, uri: &Uri) -> Self {
        match self {
            Self::Refused(PlaybackRefused::Elsewhere(node)) => {
                let path = uri.path_and_query().map_or("/", |path| path.as_str());
                let location = node.url(path);
                Self::Elsewhere { location }
            }
            other => other,
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        if let Self::Elsewhere { location } = self {
            let headers = [
                (header::LOCATION, location.as_str()),
                (header::CACHE_CONTROL, "no-store"),
            ];
            return (StatusCode::TEMPORARY_REDIRECT, headers).into_response();
        }
        let status = match &self {
            Self::Refused(PlaybackRefused::NoSuchChannel) | Self::Lookup(LookupError::NotFound) => {
                StatusCode::NOT_FOUND
            }
            Self::Refused(PlaybackRefused::BadGrant | PlaybackRefused::Forbidden) => {
                StatusCode::FORBIDDEN
            }
            Self::Refused(PlaybackRefused::Unavailable(_) | PlaybackRefused::Elsewhere(_)) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Elsewhere { .. } => StatusCode::TEMPORARY_REDIRECT,
            Self::Lookup(LookupError::Reload(
                ReloadError::Malformed | ReloadError::TooFarAhead,
            )) => StatusCode::BAD_REQUEST,
        };
        let text = match &self {
            Self::Lookup(LookupError::Reload(error)) => error.to_string(),
            other => other.to_string(),
        };
        (status, [(header::CACHE_CONTROL, "no-store")], text).into_response()
    }
}
