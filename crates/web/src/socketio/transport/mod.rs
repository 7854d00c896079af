//! The sessions on axum: polling requests, WebSocket upgrades, one task per session.

mod registry;
mod request;
mod response;
mod task;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use parking_lot::Mutex;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::registry::{Registry, Sid};
use super::config::Config;
use super::engine::handshake::{self, Refusal};
use super::engine::websocket::close;
use super::line::Line;
use super::service::{DisconnectReason, Handshake, Service};
use super::session::{Session, Via};

/// Where session ids come from. They are what a polling client is known by: 128 unguessable bits.
pub trait SessionIds: Send + Sync + 'static {
    /// A fresh id.
    fn next(&self) -> [u8; 16];
}

impl<F: Fn() -> [u8; 16] + Send + Sync + 'static> SessionIds for F {
    fn next(&self) -> [u8; 16] {
        self()
    }
}

/// The client's address behind a proxy that is trusted: a layer further out sets this request
/// extension. Without it the connection's own address counts (`ConnectInfo<SocketAddr>`).
#[derive(Clone, Copy, Debug)]
pub struct ClientAddr(pub IpAddr);

/// The Socket.IO server, to be mounted at `/socket.io/`.
pub struct SocketIo<S: Service> {
    server: Arc<Server<S>>,
}

impl<S: Service> Clone for SocketIo<S> {
    fn clone(&self) -> Self {
        Self {
            server: Arc::clone(&self.server),
        }
    }
}

/// What all sessions share.
struct Server<S: Service> {
    service: Arc<S>,
    config: Arc<Config>,
    ids: Box<dyn SessionIds>,
    registry: Mutex<Registry>,
    shutdown: CancellationToken,
    tasks: TaskTracker,
}

impl<S: Service> SocketIo<S> {
    /// Starts the server's own task, which looks after deadlines until `shutdown` is cancelled;
    /// so it must be called inside a tokio runtime.
    pub fn new(
        service: Arc<S>,
        config: Config,
        ids: impl SessionIds,
        shutdown: CancellationToken,
    ) -> Self {
        let registry = Mutex::new(Registry::new(&config, Instant::now()));
        let server = Arc::new(Server {
            service,
            config: Arc::new(config),
            ids: Box::new(ids),
            registry,
            shutdown,
            tasks: TaskTracker::new(),
        });
        server.tasks.spawn(sweep(Arc::clone(&server)));
        Self { server }
    }

    /// The routes: `GET` and `POST` of `/socket.io/`.
    pub fn router(&self) -> Router {
        self.router_at("/socket.io/")
    }

    /// The same under another path.
    pub fn router_at(&self, path: &str) -> Router {
        let server = Arc::clone(&self.server);
        Router::new().route(
            path,
            axum::routing::any(move |request| {
                let server = Arc::clone(&server);
                async move { request::answer(&server, request).await }
            }),
        )
    }

    /// How many sessions there are, of either transport.
    pub fn sessions(&self) -> usize {
        self.server.registry.lock().len()
    }

    /// Resolves when, after the shutdown, every session has ended.
    pub async fn closed(&self) {
        self.server.shutdown.cancelled().await;
        self.server.tasks.close();
        self.server.tasks.wait().await;
    }
}

impl<S: Service> Server<S> {
    /// Opens a session and starts its task.
    fn open(
        self: &Arc<Self>,
        via: Via,
        headers: HeaderMap,
        query: String,
        remote: IpAddr,
    ) -> Result<Arc<Line>, Refusal> {
        if self.shutdown.is_cancelled() {
            return Err(Refusal::ShuttingDown);
        }
        let now = Instant::now();
        let sid = Sid::from_bytes(self.ids.next());
        let public = URL_SAFE_NO_PAD.encode(self.ids.next());
        let open = handshake::open(&sid.to_string(), via == Via::Polling, &self.config);
        let session = Session::new(Arc::clone(&self.config), via, &open, now);
        let line = Line::new(public, session);
        self.registry
            .lock()
            .add(sid, remote, Arc::clone(&line), now)?;
        let handshake = Handshake {
            headers,
            query,
            auth: None,
            remote,
        };
        let task = task::Task::new(Arc::clone(self), sid, remote, Arc::clone(&line), handshake);
        self.tasks.spawn(task.run());
        Ok(line)
    }

    fn find(&self, sid: &str) -> Result<Arc<Line>, Refusal> {
        let sid = sid.parse().map_err(|_| Refusal::UnknownSession)?;
        self.registry.lock().get(sid).ok_or(Refusal::UnknownSession)
    }
}

/// Looks at every session's deadlines, all with one timer; at shutdown ends them all.
async fn sweep<S: Service>(server: Arc<Server<S>>) {
    let mut interval = tokio::time::interval(server.config.sweep_interval());
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = interval.tick() => {
                let now = Instant::now();
                server.registry.lock().sweep(now, |line| line.update(|session| session.tick(now)));
            }
            () = server.shutdown.cancelled() => break,
        }
    }
    // Until all have gone: one that does not come for its last words is woken once it is late,
    // and one that was just being opened is closed too.
    while server.registry.lock().len() > 0 {
        let now = Instant::now();
        server.registry.lock().each(|line| {
            line.update(|session| {
                session.close(DisconnectReason::Shutdown, close::GOING_AWAY, now);
            });
        });
        interval.tick().await;
    }
}
