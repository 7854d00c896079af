//! The media engine that a configuration names.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use greenroom_adapters_livekit::{CheckError, LiveKit, Options};
use greenroom_adapters_media::{Door, Engine, EngineConfig};
use greenroom_domain::channel::Channels;
use greenroom_domain::media::{MediaEvents, MediaServer, MediaWebhooks, Messenger};
use greenroom_domain::recording::Recorder;
use greenroom_domain::shared::clock::Clock;
use greenroom_web::Site;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::platform::{StartError, listen};
use crate::tls::Certificate;
use crate::{Config, ConfigError};

/// Which media engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaKind {
    /// In this process.
    BuiltIn,
    /// `LiveKit`, elsewhere.
    #[serde(rename = "livekit")]
    LiveKit,
}

/// The media engine.
pub(crate) enum Media {
    BuiltIn(Arc<Engine>),
    LiveKit {
        engine: Arc<LiveKit>,
        options: Box<Options>,
    },
}

/// The engine's own doors, which encoders come in by.
pub(crate) struct Doors {
    open: Vec<Door>,
    ingest_urls: Vec<String>,
    /// Where RTMP is.
    pub(crate) rtmp: Option<SocketAddr>,
}

impl Media {
    pub(crate) fn open(
        config: &Config,
        channels: Arc<dyn Channels>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ConfigError> {
        match config.media {
            MediaKind::BuiltIn => {
                let engine = EngineConfig {
                    ingest_url: config.ingest_url(config.rtmp.address),
                    max_connections: config.rtmp.max_connections,
                    max_connections_per_address: config.rtmp.max_connections_per_address,
                    ..EngineConfig::default()
                };
                Ok(Self::BuiltIn(Engine::new(engine, clock)))
            }
            MediaKind::LiveKit => {
                let options = config.livekit.options(config.settings().streams.grace)?;
                let engine = LiveKit::new(options.clone(), channels, clock);
                let options = Box::new(options);
                Ok(Self::LiveKit { engine, options })
            }
        }
    }

    pub(crate) fn server(&self) -> Arc<dyn MediaServer> {
        match self {
            Self::BuiltIn(engine) => engine.clone(),
            Self::LiveKit { engine, .. } => engine.clone(),
        }
    }

    /// The routes by which players reach it.
    pub(crate) fn router(&self) -> Router {
        match self {
            Self::BuiltIn(engine) => engine.router(),
            Self::LiveKit { .. } => Router::new(),
        }
    }

    /// Who takes what it posts.
    pub(crate) fn webhooks(&self) -> Option<Arc<dyn MediaWebhooks>> {
        match self {
            Self::BuiltIn(_) => None,
            Self::LiveKit { engine, .. } => Some(engine.clone()),
        }
    }

    /// Who shows chat to those who watch.
    pub(crate) fn messenger(&self) -> Option<Arc<dyn Messenger>> {
        match self {
            Self::BuiltIn(_) => None,
            Self::LiveKit { engine, .. } => Some(engine.clone()),
        }
    }

    /// Who keeps what is published.
    pub(crate) fn recorder(&self) -> Option<Arc<dyn Recorder>> {
        match self {
            Self::BuiltIn(_) => None,
            Self::LiveKit { engine, .. } => engine.recorder(),
        }
    }

    /// Where else than from this server pages load media from.
    pub(crate) fn origins(&self) -> Vec<Site> {
        match self {
            Self::BuiltIn(_) => Vec::new(),
            Self::LiveKit { options, .. } => {
                let origins = options.public_origins().into_iter();
                origins.filter_map(|origin| origin.parse().ok()).collect()
            }
        }
    }

    /// Opens its doors. Somebody else's answering at the address, or not knowing the key, is not
    /// mended by waiting; nobody's answering may be.
    pub(crate) async fn prepare(
        &self,
        config: &Config,
        certificate: Option<&Arc<Certificate>>,
    ) -> Result<Doors, StartError> {
        if let Self::LiveKit { options, .. } = self {
            match LiveKit::check(options).await {
                Ok(()) if options.records() => {
                    if let Err(error) = LiveKit::check_recorder(options).await {
                        tracing::warn!(
                            error = &error as &dyn std::error::Error,
                            "starting without recordings"
                        );
                    }
                }
                Ok(()) => {}
                Err(error @ CheckError::Away { .. }) => tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "starting without LiveKit"
                ),
                Err(error) => return Err(StartError::LiveKit(error)),
            }
            return Ok(Doors {
                open: Vec::new(),
                ingest_urls: Vec::new(),
                rtmp: None,
            });
        }
        let (listener, address) = listen(config.rtmp.address, "rtmp.address")?;
        let mut doors = vec![Door::plain(listener)];
        let mut ingest_urls = vec![config.ingest_url(address)];
        if let (Some(secure), Some(certificate)) = (config.rtmp.tls_address, certificate) {
            let (listener, address) = listen(secure, "rtmp.tls_address")?;
            ingest_urls.push(config.secure_ingest_url(address));
            doors.push(Door::secure(listener, Arc::new(certificate.rtmp()?)));
        }
        Ok(Doors {
            open: doors,
            ingest_urls,
            rtmp: Some(address),
        })
    }

    /// Runs until shutdown.
    pub(crate) fn run(
        self,
        doors: Doors,
        events: Arc<dyn MediaEvents>,
        tasks: &TaskTracker,
        shutdown: CancellationToken,
    ) {
        match self {
            Self::BuiltIn(engine) => {
                engine.advertise(doors.ingest_urls);
                tasks.spawn(engine.run(doors.open, events, shutdown));
            }
            Self::LiveKit { engine, .. } => {
                tasks.spawn(engine.run(events, shutdown));
            }
        }
    }
}

impl Doors {
    /// What encoders are given, without the key.
    pub(crate) fn ingest_url(&self) -> Option<String> {
        self.ingest_urls.first().cloned()
    }
}

impl Config {
    /// Whether the configured `LiveKit` answers and takes the key; nothing where none is.
    pub async fn check_media(&self) -> Result<(), CheckMediaError> {
        if self.media == MediaKind::LiveKit {
            let options = self.livekit.options(self.settings().streams.grace)?;
            LiveKit::check(&options).await?;
            if options.records() {
                LiveKit::check_recorder(&options).await?;
            }
        }
        Ok(())
    }
}

/// The media engine cannot be used as configured.
#[derive(Debug, thiserror::Error)]
pub enum CheckMediaError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// `LiveKit` is not what it is said to be.
    #[error(transparent)]
    LiveKit(#[from] CheckError),
}
