//! The HTTP listener: bounded in connections and in the patience it has with slow ones.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

/// How long a request's head may take to arrive, and a connection may idle between two.
const HEAD_PATIENCE: Duration = Duration::from_secs(8);
/// How long connections may take to finish at shutdown.
pub(crate) const FAREWELL: Duration = Duration::from_secs(3);

/// How many connections there may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) total: usize,
    pub(crate) per_address: usize,
}

/// Serves until shutdown, then lets running requests finish for a moment.
pub(crate) async fn serve(
    listener: TcpListener,
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
                let connection = serve_connection(stream, peer, router.clone(), shutdown.clone());
                tasks.spawn(async move {
                    connection.await;
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

async fn serve_connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    shutdown: CancellationToken,
) {
    // Chat and parts are small and wanted at once.
    let _ = stream.set_nodelay(true);
    let service =
        TowerToHyperService::new(router.map_request(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            request.map(axum::body::Body::new)
        }));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_PATIENCE)
        .max_buf_size(32 * 1024)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let done = tokio::select! {
        done = &mut connection => done,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = done {
        tracing::debug!(
            error = &error as &dyn std::error::Error,
            "a connection ended early"
        );
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
