//! The engine: takes encoders in, keeps their channels' buses, and is the application's
//! [`MediaServer`].

mod door;
mod gate;
mod listener;
mod meter;
mod publisher;
mod registry;

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use chrono::{DateTime, Utc};
use greenroom_domain::channel::Handle;
use greenroom_domain::media::{
    GrantToken, IngestAddress, IngestStatus, MediaEvents, MediaServer, MediaServerError,
    PlaybackAddress, PlaybackKind,
};
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::clock::Clock;
use greenroom_domain::shared::id::{ChannelId, StreamId};
use greenroom_domain::stream::Generation;
use parking_lot::RwLock;
use tokio_util::sync::CancellationToken;

use crate::bus::Channels;
use crate::cmaf;
use crate::http::{self, Delivery};
use crate::rtmp::EndReason;
use crate::thumbnail::{self, ThumbnailConfig};
pub use door::{Door, Secure, Socket};
use gate::Grants;
use registry::Registry;

/// How an engine is set up.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// What encoders are told to publish to, without the key: `rtmp://host:1935/live`.
    pub ingest_url: String,
    /// How many encoders may be connected at once.
    pub max_connections: usize,
    /// How many of them from one address.
    pub max_connections_per_address: usize,
    /// How long an encoder may take from connecting to publishing.
    pub patience: Duration,
    /// How long a publisher may send nothing before it is given up.
    pub idle: Duration,
    /// What bounds a stream's memory.
    pub limits: cmaf::Limits,
    /// How long the playlists of an ended stream say that it ended, before its memory is freed.
    pub kept_after_end: Duration,
    /// How often presence is told, and what nobody uses is let go.
    pub report_every: Duration,
    /// How pictures of the streams are made for lists.
    pub thumbnails: ThumbnailConfig,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            ingest_url: "rtmp://localhost:1935/live".to_owned(),
            max_connections: 1000,
            max_connections_per_address: 50,
            patience: Duration::from_secs(8),
            idle: Duration::from_secs(30),
            limits: cmaf::Limits::default(),
            kept_after_end: Duration::from_secs(60),
            report_every: Duration::from_secs(2),
            thumbnails: ThumbnailConfig::default(),
        }
    }
}

/// The built-in media engine: RTMP in; HLS, LL-HLS and DASH out of one packaging in memory.
pub struct Engine {
    config: EngineConfig,
    ingest_urls: RwLock<Vec<String>>,
    clock: Arc<dyn Clock>,
    channels: Arc<Channels>,
    registry: Registry,
    grants: Arc<Grants>,
    events: OnceLock<Arc<dyn MediaEvents>>,
}

impl Engine {
    /// An engine that does nothing yet.
    pub fn new(config: EngineConfig, clock: Arc<dyn Clock>) -> Arc<Self> {
        let channels = Arc::new(Channels::new(config.limits));
        Arc::new(Self {
            ingest_urls: RwLock::new(vec![config.ingest_url.clone()]),
            registry: Registry::new(Arc::clone(&channels)),
            channels,
            grants: Arc::new(Grants::default()),
            events: OnceLock::new(),
            clock,
            config,
        })
    }

    /// What encoders are told to publish to from now on, without the key: `rtmp://…`,
    /// `rtmps://…`.
    pub fn advertise(&self, ingest_urls: Vec<String>) {
        *self.ingest_urls.write() = ingest_urls;
    }

    /// The routes for players, `/hls` and `/dash`, guarded by grants; and `/thumbnails`, for
    /// everybody.
    pub fn router(self: &Arc<Self>) -> Router {
        let clock = Arc::clone(&self.clock);
        http::router(Delivery {
            gate: self.grants.clone(),
            channels: Arc::clone(&self.channels),
            now: Box::new(move || utc(&*clock)),
            clock: "/dash/clock".to_owned(),
        })
    }

    /// Takes encoders in until shutdown, asking and telling the application.
    pub async fn run(
        self: Arc<Self>,
        doors: Vec<Door>,
        events: Arc<dyn MediaEvents>,
        shutdown: CancellationToken,
    ) {
        // A second run finds the first one's: there is one application behind an engine.
        let events = Arc::clone(self.events.get_or_init(|| events));
        self.grants.connect(Arc::clone(&events));
        tokio::join!(
            listener::run(&self, doors, &events, &shutdown),
            self.report_presence(&events, &shutdown),
            thumbnail::run(&self.channels, &self.config.thumbnails, &shutdown),
        );
    }

    pub(crate) fn utc(&self) -> DateTime<Utc> {
        utc(&*self.clock)
    }

    async fn report_presence(&self, events: &Arc<dyn MediaEvents>, shutdown: &CancellationToken) {
        let period = self.config.report_every;
        let reporting = async {
            loop {
                tokio::time::sleep(period).await;
                for watched in self.grants.used_lately() {
                    // Not told again: who goes on watching is in the next report.
                    if let Err(error) = events.report(watched).await {
                        tracing::warn!(
                            error = &error as &dyn std::error::Error,
                            "it could not be told who watches"
                        );
                    }
                }
                self.registry.sweep(self.config.kept_after_end);
            }
        };
        shutdown.run_until_cancelled(reporting).await;
    }
}

#[async_trait]
impl MediaServer for Engine {
    fn ingest_addresses(&self) -> Vec<IngestAddress> {
        let address = |url: &String| IngestAddress {
            protocol: if url.starts_with("rtmps:") {
                "rtmps"
            } else {
                "rtmp"
            },
            url: url.clone(),
        };
        self.ingest_urls.read().iter().map(address).collect()
    }

    fn playback_addresses(
        &self,
        handle: &Handle,
        grant: Option<GrantToken>,
    ) -> Vec<PlaybackAddress> {
        let query = grant.map_or_else(String::new, |grant| format!("?grant={}", grant.expose()));
        let address = |kind, path| PlaybackAddress { kind, path };
        vec![
            address(
                PlaybackKind::Hls,
                format!("/hls/{handle}/index.m3u8{query}"),
            ),
            address(
                PlaybackKind::Dash,
                format!("/dash/{handle}/index.mpd{query}"),
            ),
        ]
    }

    fn thumbnail(&self, handle: &Handle) -> Option<String> {
        let thumbnail = self.channels.find(handle.as_str())?.thumbnail()?;
        Some(format!("/thumbnails/{handle}.jpg?v={}", thumbnail.version))
    }

    fn thumbnail_elsewhere(&self, handle: &Handle) -> Option<String> {
        Some(format!("/thumbnails/{handle}.jpg"))
    }

    async fn ingest_status(
        &self,
        stream: StreamId,
    ) -> Result<Option<IngestStatus>, MediaServerError> {
        Ok(self.registry.status(stream))
    }

    async fn close_ingest(
        &self,
        stream: StreamId,
        up_to: Generation,
    ) -> Result<(), MediaServerError> {
        self.registry.close(stream, up_to, EndReason::KeyRevoked);
        Ok(())
    }

    async fn end(&self, channel: ChannelId, stream: StreamId) -> Result<(), MediaServerError> {
        self.registry.end(channel, stream);
        Ok(())
    }

    async fn hand_over(
        &self,
        channel: ChannelId,
        stream: StreamId,
        up_to: Generation,
    ) -> Result<(), MediaServerError> {
        self.registry.hand_over(channel, stream, up_to);
        self.grants.forget(channel);
        Ok(())
    }

    async fn revoke_playback(
        &self,
        channel: ChannelId,
        who: Identity,
    ) -> Result<(), MediaServerError> {
        self.grants.revoke(channel, who);
        Ok(())
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

/// The port's time as the packaging counts it.
fn utc(clock: &dyn Clock) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(clock.now().micros()).unwrap_or_default()
}

/// IPv4 and its mapping into IPv6 are one address; of IPv6, a subscriber has a /64.
fn subscriber(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => {
            let mut octets = ip.octets();
            octets[8..].fill(0);
            IpAddr::V6(octets.into())
        }
        ip @ IpAddr::V4(_) => ip,
    }
}
