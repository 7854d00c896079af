//! The HTTP listener: bounded in connections, in what each may ask for at once, and in the
//! patience it has with slow ones. HTTP/2 is spoken where TLS has agreed on it.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ::http::uri::Authority;
use ::http::{HeaderValue, header};
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use crate::tls;

/// How long a handshake and a request's head may take to arrive, and a connection may idle
/// between two.
const HEAD_PATIENCE: Duration = Duration::from_secs(8);
/// How long connections may take to finish at shutdown.
pub(crate) const FAREWELL: Duration = Duration::from_secs(3);
/// How long an HTTP/2 connection that asks for nothing more may take to fetch what it asked for.
const LINGER: Duration = Duration::from_secs(60);
/// How many requests may run at once on one connection (RFC 9113, 5.1.2).
const STREAMS: u32 = 64;
/// How large a request's head may be.
const MAX_HEAD: u32 = 16 * 1024;
/// How much of a body may be on its way before a handler has read it.
const WINDOW: u32 = 64 * 1024;
/// The same for all bodies of a connection.
const CONNECTION_WINDOW: u32 = 256 * 1024;
/// How many requests a client may take back before they were looked at: more is a flood
/// (CVE-2023-44487), and closes the connection.
const TAKEN_BACK: usize = 20;

/// How many connections there may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) total: usize,
    pub(crate) per_address: usize,
}

/// Serves until shutdown, then lets running requests finish for a moment.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Option<tls::Acceptor>,
    router: Router,
    bounds: Bounds,
    shutdown: CancellationToken,
) {
    let open = Arc::new(Open::default());
    let tasks = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let Some(place) = open.take(peer.ip(), bounds) else {
                    continue;
                };
                let connection = Connection {
                    peer,
                    router: router.clone(),
                    shutdown: shutdown.clone(),
                };
                let tls = tls.clone();
                tasks.spawn(async move {
                    connection.serve(stream, tls).await;
                    drop(place);
                });
            }
            // Out of file descriptors, say: the connections that are there go on.
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "a connection could not be taken"
                );
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    tasks.close();
    if tokio::time::timeout(FAREWELL, tasks.wait()).await.is_err() {
        tracing::info!(
            connections = tasks.len(),
            "closing connections that did not finish"
        );
    }
}

/// A connection, before it is known what is spoken on it.
struct Connection {
    peer: SocketAddr,
    router: Router,
    shutdown: CancellationToken,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    Http1,
    Http2,
}

impl Connection {
    async fn serve(self, stream: TcpStream, tls: Option<tls::Acceptor>) {
        // Chat and parts are small and wanted at once.
        let _ = stream.set_nodelay(true);
        let Some(tls) = tls else {
            return self.speak(Version::Http1, stream).await;
        };
        let handshake = tokio::time::timeout(HEAD_PATIENCE, tls.accept(stream));
        match self.shutdown.run_until_cancelled(handshake).await {
            Some(Ok(Ok(stream))) if tls::is_http2(&stream) => {
                self.speak(Version::Http2, stream).await;
            }
            Some(Ok(Ok(stream))) => self.speak(Version::Http1, stream).await,
            Some(Ok(Err(error))) => tracing::debug!(
                error = &error as &dyn std::error::Error,
                "a connection could not be made secure"
            ),
            Some(Err(_)) | None => {}
        }
    }

    async fn speak(
        self,
        version: Version,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    ) {
        let (peer, router) = (self.peer, self.router);
        let requests = Requests::default();
        let running = requests.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            name_host(&mut request);
            let running = running.begin();
            let answer = router.clone().oneshot(request.map(Body::new));
            async move {
                let answer = answer.await;
                drop(running);
                answer
            }
        });
        let builder = builder(version);
        let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
        let mut connection = std::pin::pin!(connection);
        let done = tokio::select! {
            done = &mut connection => done,
            () = self.shutdown.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
            // HTTP/1.1 sees to it by itself: it waits for nothing but the next head.
            () = requests.cease(), if version == Version::Http2 => {
                connection.as_mut().graceful_shutdown();
                let linger = if requests.were_any() { LINGER } else { Duration::ZERO };
                tokio::time::timeout(linger, connection).await.unwrap_or(Ok(()))
            }
        };
        if let Err(error) = done {
            tracing::debug!(error = &*error, "a connection ended early");
        }
    }
}

fn builder(version: Version) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_PATIENCE)
        .max_buf_size(32 * 1024);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(HEAD_PATIENCE)
        .keep_alive_timeout(HEAD_PATIENCE)
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(MAX_HEAD)
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_pending_accept_reset_streams(TAKEN_BACK)
        .max_local_error_reset_streams(TAKEN_BACK);
    match version {
        Version::Http1 => builder.http1_only(),
        Version::Http2 => builder.http2_only(),
    }
}

/// HTTP/2 names the host elsewhere; who asks for it looks for the header (RFC 9113, 8.3.1).
fn name_host(request: &mut Request<Incoming>) {
    let authority = request.uri().authority().map(Authority::as_str);
    if let Some(Ok(host)) = authority.map(HeaderValue::from_str) {
        request.headers_mut().entry(header::HOST).or_insert(host);
    }
}

/// The requests of a connection.
#[derive(Clone, Default)]
struct Requests(Arc<watch::Sender<Counted>>);

#[derive(Default)]
struct Counted {
    running: usize,
    answered: usize,
}

struct RunningRequest(Requests);

impl Requests {
    fn begin(&self) -> RunningRequest {
        self.0.send_modify(|counted| counted.running += 1);
        RunningRequest(self.clone())
    }

    fn were_any(&self) -> bool {
        self.0.borrow().answered > 0
    }

    /// Until there has been none for as long as there is patience.
    async fn cease(&self) {
        let mut counted = self.0.subscribe();
        loop {
            // The sender is this one.
            let _ = counted.wait_for(|counted| counted.running == 0).await;
            if tokio::time::timeout(HEAD_PATIENCE, counted.changed())
                .await
                .is_err()
            {
                return;
            }
        }
    }
}

impl Drop for RunningRequest {
    fn drop(&mut self) {
        self.0.0.send_modify(|counted| {
            counted.running -= 1;
            counted.answered += 1;
        });
    }
}

/// Who is connected.
#[derive(Default)]
struct Open(Mutex<Connections>);

#[derive(Default)]
struct Connections {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
}

struct PlaceOf {
    open: Arc<Open>,
    ip: IpAddr,
}

impl Open {
    fn take(self: &Arc<Self>, ip: IpAddr, bounds: Bounds) -> Option<PlaceOf> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let here = open.by_address.get(&ip).copied().unwrap_or(0);
        if open.total >= bounds.total || here >= bounds.per_address {
            return None;
        }
        open.total += 1;
        open.by_address.insert(ip, here + 1);
        Some(PlaceOf {
            open: Arc::clone(self),
            ip,
        })
    }
}

impl Drop for PlaceOf {
    fn drop(&mut self) {
        let mut open = self.open.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.total -= 1;
        if let Some(here) = open.by_address.get_mut(&self.ip) {
            *here -= 1;
            if *here == 0 {
                open.by_address.remove(&self.ip);
            }
        }
    }
}
