//! Greenroom inside another program: ports in, routes out.

use std::sync::Arc;

use axum::Router;
use greenroom_adapters_identity::password::{Argon2Passwords, Cost, Load};
use greenroom_adapters_identity::secret_box::{MasterKey, SealedBox};
use greenroom_adapters_memory::{
    InMemoryBus, InMemoryLeases, InMemoryNodes, InMemoryObjects, InMemoryPresence,
    InMemoryRateLimits, InMemoryStore, SystemClock, SystemIds,
};
use greenroom_adapters_objects::JpegPictures;
use greenroom_app::stream::ingest::Ingests;
use greenroom_app::{App, Ports, Refusal, Roles, Settings, Store};
use greenroom_domain::account::TokenVerifier;
use greenroom_domain::media::{MediaEvents, MediaServer};
use greenroom_domain::shared::clock::Clock;
use greenroom_domain::shared::id::NodeId;
use greenroom_domain::shared::node::NodeAddress;
use greenroom_domain::shared::object::Objects;
use greenroom_domain::shared::secret::SecretBox;
use greenroom_web::WebConfig;
use greenroom_web::graphql::{self, Executor};
use tokio_util::sync::CancellationToken;

use crate::identity::NoHostPlatform;
use crate::no_media::NoMedia;
use crate::platform;

/// Greenroom inside another program: its [routes](Self::router), its [use cases](Self::app),
/// and what [goes on](Self::run) behind them.
///
/// ```
/// use axum::Router;
/// use greenroom::Greenroom;
/// use greenroom::domain::shared::node::NodeAddress;
/// use tokio_util::sync::CancellationToken;
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), greenroom::Refusal> {
/// let address = NodeAddress::parse("https://example.org/live").expect("an address");
/// let shutdown = CancellationToken::new();
/// let greenroom = Greenroom::builder(address, shutdown.clone()).build().await?;
///
/// let site: Router = Router::new().nest("/live", greenroom.router());
/// let running = tokio::spawn(greenroom.run());
/// // … serve the site …
/// # drop(site);
/// shutdown.cancel();
/// running.await.expect("it ends at the shutdown");
/// # Ok(())
/// # }
/// ```
pub struct Greenroom {
    app: Arc<App>,
    address: NodeAddress,
    web: WebConfig,
    media_routes: Router,
}

/// Puts a [`Greenroom`] together. Every port has a default: stores and all else in memory, gone
/// with the process; local accounts only; no media server.
pub struct Builder {
    address: NodeAddress,
    node: NodeId,
    ports: Ports,
    settings: Settings,
    web: WebConfig,
    media_routes: Router,
}

impl Greenroom {
    /// Begins with what has no default: where browsers, players and clients reach the
    /// [routes](Self::router), the prefix that they are nested below included; and when all of
    /// it is to end.
    pub fn builder(address: NodeAddress, shutdown: CancellationToken) -> Builder {
        let ports = in_memory();
        Builder {
            node: NodeId::from_uuid(ports.ids.uuid()),
            ports,
            settings: Settings::default(),
            web: WebConfig {
                public_url: Some(address.to_string()),
                shutdown,
                ..WebConfig::default()
            },
            media_routes: Router::new(),
            address,
        }
    }

    /// The use cases, and the ports that they stand on.
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// What a media server asks and tells: the other end of [`Builder::media`].
    pub fn media_events(&self) -> Arc<dyn MediaEvents> {
        Arc::new(Ingests(Arc::clone(&self.app)))
    }

    /// Every interface and the media server's routes, to be nested or served as they are. Serve
    /// them with `into_make_service_with_connect_info::<SocketAddr>()`, so that limits know whom
    /// they count. It must be called inside a tokio runtime: real-time connections have a task
    /// behind them until the shutdown.
    pub fn router(&self) -> Router {
        let routes = greenroom_web::routes(Arc::clone(&self.app), &self.web);
        greenroom_web::layered(routes.merge(self.media_routes.clone()), &self.web)
    }

    /// `/graphql` over a schema of the program's own, into which it has merged
    /// [`QueryRoot`](greenroom_web::graphql::QueryRoot) and the others, in place of Greenroom's
    /// own schema: `.web(|web| WebConfig { graphql: false, ..web })`. Its resolvers find who asks
    /// as a [`Context`](greenroom_web::context::Context). It may be mounted anywhere, and is
    /// called inside a tokio runtime as [`router`](Self::router) is.
    pub fn graphql<E: Executor>(&self, schema: E) -> Router {
        let routes = graphql::router(schema, Arc::clone(&self.app), &self.web);
        greenroom_web::layered(routes, &self.web)
    }

    /// What goes on behind the routes: ends what is due, counts viewers, tells the outside.
    /// Until the shutdown; it has ended when real-time connections are closed.
    pub async fn run(self) {
        let shutdown = self.web.shutdown;
        tokio::join!(
            self.app.run(self.address, shutdown.clone()),
            platform::finish(self.web.tasks, shutdown),
        );
    }
}

impl Builder {
    /// Another store for everything that is kept, and the box for the secrets among it: what one
    /// process sealed, the next must be able to open. Pictures are kept [apart](Self::objects).
    #[must_use]
    pub fn store<S: Store>(mut self, store: Arc<S>, secrets: Arc<dyn SecretBox>) -> Self {
        self.ports = Ports {
            secrets,
            ..self.ports.with_store(store)
        };
        self
    }

    /// Who this process is, the same over its restarts; else a new one each time, whose streams
    /// nobody takes up before their lease has run out.
    #[must_use]
    pub fn node(mut self, node: NodeId) -> Self {
        self.node = node;
        self
    }

    /// The program's own users: whoever shows a bearer token that this finds good is signed in,
    /// and has an account from then on.
    #[must_use]
    pub fn tokens(mut self, tokens: Arc<dyn TokenVerifier>) -> Self {
        self.ports.tokens = tokens;
        self
    }

    /// A media server, and the routes by which players reach it. It is told where to ask with
    /// [`Greenroom::media_events`].
    #[must_use]
    pub fn media(mut self, media: Arc<dyn MediaServer>, routes: Router) -> Self {
        self.ports.media = media;
        self.media_routes = routes;
        self
    }

    /// Where pictures are kept.
    #[must_use]
    pub fn objects(mut self, objects: Arc<dyn Objects>) -> Self {
        self.ports.objects = objects;
        self
    }

    /// Another clock: one that a test moves.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.ports.clock = clock;
        self
    }

    /// Any other port, or one around the one that is there:
    /// `.ports(|ports| Ports { presence, ..ports })`.
    #[must_use]
    pub fn ports(mut self, change: impl FnOnce(Ports) -> Ports) -> Self {
        self.ports = change(self.ports);
        self
    }

    /// What an operator chooses.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// What an operator chooses of the web: `.web(|web| WebConfig { cors_origins, ..web })`.
    #[must_use]
    pub fn web(mut self, change: impl FnOnce(WebConfig) -> WebConfig) -> Self {
        self.web = change(self.web);
        self
    }

    /// Puts it together, and takes up where the last process on this store stopped.
    pub async fn build(self) -> Result<Greenroom, Refusal> {
        let app = App::new(self.node, self.ports, self.settings);
        app.start().await?;
        Ok(Greenroom {
            app,
            address: self.address,
            web: self.web,
            media_routes: self.media_routes,
        })
    }
}

/// A default for every port.
fn in_memory() -> Ports {
    let store = Arc::new(InMemoryStore::new());
    let passwords = Argon2Passwords::new(Cost::OWASP, Load::default());
    let roles = Roles {
        presence: Arc::new(InMemoryPresence::default()),
        rate_limits: Arc::new(InMemoryRateLimits::default()),
        leases: Arc::new(InMemoryLeases::default()),
        bus: Arc::new(InMemoryBus::default()),
        nodes: Arc::new(InMemoryNodes::default()),
        passwords: Arc::new(passwords.expect("OWASP's cost is within Argon2's bounds")),
        tokens: Arc::new(NoHostPlatform),
        secrets: Arc::new(SealedBox::new(&MasterKey::generate())),
        media: Arc::new(NoMedia),
        recorder: None,
        objects: Arc::new(InMemoryObjects::default()),
        pictures: Arc::new(JpegPictures::default()),
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemIds),
    };
    Ports::over(store, roles)
}
