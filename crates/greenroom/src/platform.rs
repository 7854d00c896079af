//! A running platform.

use std::fmt::Display;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use axum::Router;
use greenroom_adapters_identity::password::CostError;
use greenroom_adapters_identity::secret_box::MasterKeyError;
use greenroom_adapters_identity::token::HostTokensError;
use greenroom_adapters_livekit::CheckError;
use greenroom_adapters_memory::{SystemClock, SystemIds};
use greenroom_adapters_objects::JpegPictures;
use greenroom_app::account::setup;
use greenroom_app::stream::ingest::Ingests;
use greenroom_app::{App, Ports, Refusal, Roles};
use greenroom_domain::shared::feed::{Feed, FeedPosition};
use greenroom_domain::shared::id::{Ids, NodeId};
use greenroom_domain::shared::node::NodeAddress;
use greenroom_domain::shared::store::StoreError;
use greenroom_web::{Network, Site, WebConfig};
use tokio::io::AsyncWrite;
use tokio::net::{TcpListener, TcpSocket};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::archive::{ExportError, Exporter, Progress, Summary};
use crate::backup::{self, Schedule};
use crate::engine::Media;
use crate::node::{Identity, IdentityError};
use crate::store::{self, Use};
use crate::tls::{Certificate, TlsError};
use crate::{Config, ConfigError, StoreKind, control, http, identity, shared};

/// The application on the adapters that a configuration names. It listens to nothing yet.
pub struct Platform {
    app: Arc<App>,
    exporter: Arc<Exporter>,
    media: Media,
    certificate: Option<Arc<Certificate>>,
    proxies: Vec<Network>,
    embed_hosts: Vec<Site>,
    media_origins: Vec<Site>,
    /// Kept for as long as it runs.
    identity: Option<Identity>,
    config: Config,
}

/// It cannot be opened; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// It is not known who this node is.
    #[error(transparent)]
    Node(#[from] IdentityError),
    /// The database cannot be opened.
    #[error(transparent)]
    Database(greenroom_adapters_postgres::OpenError),
    /// The database's schema cannot be brought up to date.
    #[error(transparent)]
    Migrate(greenroom_adapters_postgres::MigrateError),
    /// Redis cannot be used as configured.
    #[error(transparent)]
    Redis(greenroom_adapters_redis::OpenError),
    /// Redis does not answer.
    #[error("Redis does not answer (redis.url)")]
    RedisAway(#[source] StoreError),
    /// The certificate cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(greenroom_adapters_sled::OpenError),
    /// The store is damaged, and there is a backup.
    #[error(
        "the store is damaged; the newest backup is {}: move {} away and run \
         'greenroom import --restore' with it",
        backup.display(),
        store.display()
    )]
    Damaged {
        /// The newest one.
        backup: PathBuf,
        /// What to move away.
        store: PathBuf,
        /// What is wrong.
        #[source]
        source: greenroom_adapters_sled::OpenError,
    },
    /// The folder of the pictures cannot be made.
    #[error("cannot make the folder {}", folder.display())]
    Objects {
        /// Which.
        folder: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The store can be opened, but not read.
    #[error("the store cannot be read")]
    Read(#[from] StoreError),
    /// There is no master key, or it cannot be read.
    #[error(transparent)]
    MasterKey(MasterKeyError),
    /// The host platform's keys cannot be used.
    #[error("[host]: {0}")]
    Host(HostTokensError),
    /// Passwords cannot be hashed.
    #[error(transparent)]
    Passwords(CostError),
}

/// It cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address is taken, or not ours.
    #[error("cannot listen on {address} ({key})")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// The configuration's key for it.
        key: &'static str,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// `control.sock` cannot be made.
    #[error("cannot make control.sock in {}", folder.display())]
    Control {
        /// Where.
        folder: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// Connections cannot be made secure.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The node's address is none that others can send players to.
    #[error("'{0}' is no address to be reached at (node.public_url, or else public_url)")]
    Address(String),
    /// `LiveKit` cannot be used as configured.
    #[error(transparent)]
    LiveKit(CheckError),
    /// What the last process left cannot be taken up.
    #[error("cannot take up where the last process stopped")]
    Resume(#[source] Refusal),
}

/// A platform that listens.
pub struct Running {
    /// Where HTTP is.
    pub http: SocketAddr,
    /// Where RTMP is, if the media engine is the built-in one.
    pub rtmp: Option<SocketAddr>,
    /// What people type.
    pub public_url: String,
    /// What encoders are given; nothing where each key has an address of its own.
    pub ingest_url: Option<String>,
    /// Makes the first administrator, once; nothing where there is one.
    pub setup_link: Option<String>,
    tasks: TaskTracker,
    _identity: Option<Identity>,
}

impl Platform {
    /// Opens the store and builds the application, to [start](Self::start) it.
    pub async fn open(config: Config) -> Result<Self, OpenError> {
        Self::open_to(Use::Serve, config).await
    }

    /// The same for a command of the operator, beside whatever nodes run on a database.
    pub async fn open_beside(config: Config) -> Result<Self, OpenError> {
        Self::open_to(Use::Operate, config).await
    }

    /// Brings the schema of the configured store up to date: whether there was anything to
    /// bring. Only a database has one that servers do not always see to themselves.
    pub async fn migrate(config: &Config) -> Result<bool, OpenError> {
        let has_schema = config.store == StoreKind::Postgres;
        if has_schema {
            store::migrate(config).await?;
        }
        Ok(has_schema)
    }

    /// Whether the configured database, where one is, can be used as it is. Changes nothing.
    pub async fn reach_database(config: &Config) -> Result<(), OpenError> {
        store::reach(config).await
    }

    /// Whether the configured Redis answers.
    pub async fn reach_redis(config: &Config) -> Result<(), OpenError> {
        shared::reach(&config.redis).await.map(drop)
    }

    async fn open_to(to: Use, config: Config) -> Result<Self, OpenError> {
        // What the configuration says is tried before anything is made on the disk.
        let http = &config.http;
        let proxies = each("http.trusted_proxies", &http.trusted_proxies)?;
        let embed_hosts = each("http.embed_hosts", &http.embed_hosts)?;
        let media_origins = each("http.media_origins", &http.media_origins)?;
        let certificate = config.tls.is_configured();
        let certificate = certificate.then(|| Certificate::load(&config.tls));
        let certificate = certificate.transpose()?;
        let tokens = identity::tokens(&config.host)?;
        let key = identity::configured_key(&config)?;
        let ids = Arc::new(SystemIds);
        let store = store::open(&config, NodeId::from_uuid(ids.uuid()), to).await?;
        let shared = match to {
            Use::Serve => shared::open(&config.redis, &*ids).await?,
            Use::Operate | Use::Import => shared::alone(),
        };
        let store_is_empty = Feed::head(&*store.kept).await? == FeedPosition::START;
        let key = identity::master_key(&config, key, store_is_empty)?;
        let clock = Arc::new(SystemClock);
        let exporter = Exporter {
            archive: store.archive,
            clock: clock.clone(),
            store: config.store.name(),
            master_key: key.fingerprint(),
        };
        let media = Media::open(&config, store.kept.clone(), clock.clone())?;
        let roles = Roles {
            presence: shared.presence,
            rate_limits: shared.rate_limits,
            leases: shared.leases,
            bus: shared.bus,
            nodes: shared.nodes,
            passwords: identity::passwords()?,
            tokens,
            secrets: identity::secrets(&key),
            media: media.server(),
            recorder: media.recorder(),
            objects: store.objects,
            pictures: Arc::new(JpegPictures::default()),
            clock,
            ids,
        };
        let ports = Ports::over(store.kept, roles);
        let app = App::new(store.node, ports, config.settings());
        Ok(Self {
            app,
            exporter: Arc::new(exporter),
            media,
            certificate,
            proxies,
            embed_hosts,
            media_origins,
            identity: store.identity,
            config,
        })
    }

    /// The use cases.
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// Writes everything that the store holds.
    pub async fn export(
        &self,
        to: impl AsyncWrite + Send + Unpin,
        progress: Progress<'_>,
    ) -> Result<Summary, ExportError> {
        self.exporter.export(to, progress).await
    }

    /// The API, playback and all, to be mounted in a server of one's own. Media come in only
    /// once it [started](Platform::start). Real-time connections are closed, and what goes on
    /// behind the routes ends, at the shutdown; so it must be called inside a tokio runtime.
    pub fn router(&self, public_url: &str, shutdown: CancellationToken) -> Router {
        self.routed(&self.web(public_url, shutdown))
    }

    fn web(&self, public_url: &str, shutdown: CancellationToken) -> WebConfig {
        let public_url = Some(public_url).filter(|url| !url.is_empty());
        WebConfig {
            public_url: public_url.map(str::to_owned),
            over_tls: self.certificate.is_some(),
            cors_origins: self.config.http.cors_origins.clone(),
            embed_hosts: self.embed_hosts.clone(),
            media_origins: [&self.media_origins[..], &self.media.origins()].concat(),
            media_webhooks: self.media.webhooks(),
            trusted_proxies: self.proxies.clone(),
            introspection: self.config.http.introspection,
            dialects: self.config.http.dialects.clone(),
            socketio_dialect: self.config.http.socketio_dialect,
            host_issuer: Some(self.config.host.issuer.clone()).filter(|issuer| !issuer.is_empty()),
            shutdown,
            ..WebConfig::default()
        }
    }

    fn routed(&self, web: &WebConfig) -> Router {
        let routes = greenroom_web::routes(Arc::clone(&self.app), web);
        greenroom_web::layered(routes.merge(self.media.router()), web)
    }

    /// Listens, takes up where the last process stopped, and serves until shutdown.
    pub async fn start(self, shutdown: CancellationToken) -> Result<Running, StartError> {
        let (http_listener, http_address) = listen(self.config.http.address, "http.address")?;
        let doors = self
            .media
            .prepare(&self.config, self.certificate.as_ref())
            .await?;
        let control = match self.config.store {
            StoreKind::Memory => None,
            StoreKind::Sled | StoreKind::Postgres => {
                let folder = self.config.data_dir.clone();
                Some(
                    control::listen(&folder)
                        .map_err(|source| StartError::Control { folder, source })?,
                )
            }
        };
        self.app.start().await.map_err(StartError::Resume)?;

        let public_url = self.config.public_url(http_address);
        let address = match self.config.node.public_url.as_str() {
            "" => &public_url,
            url => url,
        };
        let address =
            NodeAddress::parse(address).ok_or_else(|| StartError::Address(address.to_owned()))?;
        let (rtmp, ingest_url) = (doors.rtmp, doors.ingest_url());
        let setup = setup::open(&self.app).await.map_err(StartError::Resume)?;
        let setup_link = setup.map(|token| format!("{public_url}/setup#{}", token.expose()));
        // Where nobody said how people reach it, they know themselves: addresses are paths.
        let web = self.web(&self.config.public_url, shutdown.clone());
        let router = self.routed(&web);
        let bounds = http::Bounds {
            total: self.config.http.max_connections,
            per_address: self.config.http.max_connections_per_address,
        };

        let tasks = TaskTracker::new();
        tasks.spawn(finish(web.tasks, shutdown.clone()));
        let tls = self.certificate.as_ref().map(Certificate::http);
        let tls = tls.transpose()?;
        let serving = http::serve(http_listener, tls, router, bounds, shutdown.clone());
        tasks.spawn(serving);
        if let Some(certificate) = self.certificate {
            tasks.spawn(certificate.follow(shutdown.clone()));
        }
        let events = Arc::new(Ingests(Arc::clone(&self.app)));
        if let Some(messenger) = self.media.messenger() {
            let app = Arc::clone(&self.app);
            tasks.spawn(greenroom_web::mirror(app, messenger, shutdown.clone()));
        }
        self.media.run(doors, events, &tasks, shutdown.clone());
        if let Some(control) = control {
            tasks.spawn(control::serve(
                control,
                Arc::clone(&self.app),
                Arc::clone(&self.exporter),
                shutdown.clone(),
            ));
        }
        if let Some(schedule) = Schedule::of(&self.config) {
            let exporter = Arc::clone(&self.exporter);
            tasks.spawn(backup::run(schedule, exporter, shutdown.clone()));
        }
        tasks.spawn(self.app.run(address, shutdown));
        tasks.close();
        Ok(Running {
            http: http_address,
            rtmp,
            public_url,
            ingest_url,
            setup_link,
            tasks,
            _identity: self.identity,
        })
    }
}

impl Running {
    /// Until everything has ended, after shutdown.
    pub async fn finished(self) {
        self.tasks.wait().await;
    }
}

/// Lets what goes on behind the web's routes end after shutdown, for a moment.
pub(crate) async fn finish(behind: TaskTracker, shutdown: CancellationToken) {
    shutdown.cancelled().await;
    behind.close();
    if tokio::time::timeout(http::FAREWELL, behind.wait())
        .await
        .is_err()
    {
        tracing::info!("leaving real-time clients that do not say goodbye");
    }
}

/// How many connections may wait to be accepted: a crowd comes at once, and whoever finds no
/// place tries again only after a second. The system may allow fewer (`somaxconn`).
const WAITING: u32 = 4096;

pub(crate) fn listen(
    address: SocketAddr,
    key: &'static str,
) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |source| StartError::Listen {
        address,
        key,
        source,
    };
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    };
    let socket = socket.map_err(failed)?;
    // Or a server that starts again waits for connections of the last one to be forgotten.
    socket.set_reuseaddr(true).map_err(failed)?;
    socket.bind(address).map_err(failed)?;
    let listener = socket.listen(WAITING).map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

/// What a list in the configuration means, item by item.
fn each<T>(key: &'static str, texts: &[String]) -> Result<Vec<T>, ConfigError>
where
    T: FromStr<Err: Display>,
{
    let parse = |text: &String| {
        text.parse().map_err(|error| ConfigError::Value {
            key,
            problem: format!("'{text}': {error}"),
        })
    };
    texts.iter().map(parse).collect()
}
