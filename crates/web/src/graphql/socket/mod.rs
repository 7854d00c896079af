//! Subscriptions, and whatever else a client likes to ask, over one WebSocket:
//! graphql-transport-ws on our own frames. One task a connection, and one execution of each event
//! of a room for all who ask alike ([`group`]).

mod connection;
mod group;
mod listener;
mod mailbox;
mod message;
mod operation;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_graphql::Executor;
use axum::extract::Request;
use axum::response::Response;
use greenroom_app::Refusal;
use http::{HeaderValue, StatusCode, header};
use parking_lot::Mutex;

use self::connection::Connection;
use self::group::Groups;
use crate::Web;
use crate::context::{peer, require_friendly};
use crate::limit::whose;
use crate::problem::Problem;
use crate::websocket::upgrade;

/// Connections in all.
const MOST: usize = 20_000;
/// Connections from one address (an IPv6 /64 counts as one).
const MOST_FROM_ADDRESS: u32 = 1_000;
/// How long a WebSocket may take to be opened.
const UPGRADE: Duration = Duration::from_secs(10);

/// What all connections share.
pub(super) struct Sockets<E> {
    executor: E,
    web: Web,
    groups: Groups,
    open: Mutex<Open>,
}

/// How many connections there are.
#[derive(Default)]
struct Open {
    all: usize,
    from: HashMap<IpAddr, u32>,
}

impl<E: Executor> Sockets<E> {
    pub(super) fn new(executor: E, web: Web) -> Self {
        Self {
            executor,
            web,
            groups: Groups::default(),
            open: Mutex::default(),
        }
    }
}

/// A connection is counted as long as this lives.
struct Counted<E> {
    sockets: Arc<Sockets<E>>,
    address: IpAddr,
}

impl<E: Executor> Counted<E> {
    fn new(sockets: &Arc<Sockets<E>>, address: IpAddr) -> Result<Self, Problem> {
        let address = whose(address);
        let mut open = sockets.open.lock();
        let here = open.from.get(&address).copied().unwrap_or_default();
        if here >= MOST_FROM_ADDRESS {
            let retry_after = Duration::from_secs(5);
            return Err(Refusal::TooMany { retry_after }.into());
        }
        if open.all >= MOST {
            let told = "too many are connected";
            let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "FULL", told);
            return Err(problem.retry_after(Duration::from_secs(5)));
        }
        open.all += 1;
        open.from.insert(address, here + 1);
        drop(open);
        let meters = &sockets.web.config.meters;
        meters.connections.fetch_add(1, Ordering::Relaxed);
        Ok(Self {
            sockets: Arc::clone(sockets),
            address,
        })
    }
}

impl<E> Drop for Counted<E> {
    fn drop(&mut self) {
        let mut open = self.sockets.open.lock();
        open.all -= 1;
        if let Some(here) = open.from.get_mut(&self.address) {
            *here -= 1;
            if *here == 0 {
                open.from.remove(&self.address);
            }
        }
        drop(open);
        let meters = &self.sockets.web.config.meters;
        meters.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Opens a WebSocket, for pages that may.
pub(super) fn open<E: Executor>(
    sockets: &Arc<Sockets<E>>,
    mut request: Request,
) -> Result<Response, Problem> {
    let config = &sockets.web.config;
    require_friendly(config, request.headers())?;
    let wrong = |told| Problem::new(StatusCode::BAD_REQUEST, "MALFORMED_HANDSHAKE", told);
    let headers = request.headers();
    if !upgrade::lists(
        headers,
        &header::SEC_WEBSOCKET_PROTOCOL,
        message::SUBPROTOCOL,
    ) {
        return Err(wrong("the subprotocol graphql-transport-ws is expected"));
    }
    let mut response =
        upgrade::accept(headers).ok_or_else(|| wrong("a WebSocket of version 13 is expected"))?;
    if config.shutdown.is_cancelled() {
        let told = "the server shuts down";
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "SHUTTING_DOWN", told);
        return Err(problem.retry_after(Duration::from_secs(5)));
    }
    let address = peer(request.extensions());
    let counted = Counted::new(sockets, address)?;
    // What may prove who it is, until the client has said so itself.
    let mut proof = request.headers().clone();
    for name in request.headers().keys() {
        if ![header::COOKIE, header::AUTHORIZATION].contains(name) {
            proof.remove(name);
        }
    }
    let upgraded = hyper::upgrade::on(&mut request);
    config.tasks.spawn(async move {
        if let Ok(Ok(io)) = tokio::time::timeout(UPGRADE, upgraded).await {
            Connection::new(counted, io, proof).run().await;
        }
    });
    response.headers_mut().insert(
        header::SEC_WEBSOCKET_PROTOCOL,
        HeaderValue::from_static(message::SUBPROTOCOL),
    );
    Ok(response)
}
