//! The task of one session: it runs the application's handlers in order, and owns the WebSocket
//! if there is one. One task, so that an idle connection costs one allocation of a few hundred
//! bytes; no timer, since the server's sweep wakes it when something is due.

use std::future::Future;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_util::FutureExt;

use super::Server;
use super::registry::Sid;
use crate::socketio::engine::packet::Packet;
use crate::socketio::engine::websocket::{self, Message, close};
use crate::socketio::line::Line;
use crate::socketio::service::{Args, ConnectError, DisconnectReason, Handshake, Service};
use crate::socketio::session::{Inbound, Received, Session, Via};
use crate::socketio::socket::{Ack, Socket};
use crate::websocket::link::{Broken, Link};

/// How long the application may take to hear that a connection is over.
const GOODBYE: Duration = Duration::from_secs(10);
/// A turn reads at most so many messages at a time, and looks at most so often for more.
const FAIR_SHARE: usize = 64;

/// How a turn ended.
enum Turn {
    Ended(DisconnectReason),
    /// There is more to do.
    Over,
}

type Handler<T> = Pin<Box<dyn Future<Output = Done<T>> + Send>>;

/// What a handler came to.
enum Done<T> {
    Connected(Result<T, ConnectError>),
    Handled,
    Panicked,
}

pub(super) struct Task<S: Service> {
    server: Arc<Server<S>>,
    sid: Sid,
    remote: IpAddr,
    line: Arc<Line>,
    /// Kept until the client is let in.
    handshake: Option<Box<Handshake>>,
    session: Option<Arc<S::Session>>,
    handler: Option<Handler<S::Session>>,
    link: Option<Box<Link>>,
    closing: bool,
}

impl<S: Service> Task<S> {
    pub(super) fn new(
        server: Arc<Server<S>>,
        sid: Sid,
        remote: IpAddr,
        line: Arc<Line>,
        handshake: Handshake,
    ) -> Self {
        Self {
            server,
            sid,
            remote,
            line,
            handshake: Some(Box::new(handshake)),
            session: None,
            handler: None,
            link: None,
            closing: false,
        }
    }

    pub(super) async fn run(mut self) {
        let reason = loop {
            match std::future::poll_fn(|cx| self.poll(cx)).await {
                Turn::Ended(reason) => break reason,
                // Behind everybody else, also those whom this turn has given something to send.
                Turn::Over => tokio::task::yield_now().await,
            }
        };
        self.link = None;
        self.server.registry.lock().remove(self.sid, self.remote);
        // What was still being handled comes to its end before the application hears of the end.
        let rest = async {
            if let Some(handler) = self.handler.take() {
                let done = handler.await;
                self.finished(done);
            }
            while let Some(handler) = self.next_handler() {
                let done = handler.await;
                self.finished(done);
            }
            if let Some(session) = self.session.take() {
                let goodbye = self.server.service.disconnected(session, reason);
                let _ = AssertUnwindSafe(goodbye).catch_unwind().await;
            }
        };
        if tokio::time::timeout(GOODBYE, rest).await.is_err() {
            tracing::warn!("the application took too long over a connection's end");
        }
    }

    /// Does what can be done now, for a turn at most.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Turn> {
        for _ in 0..FAIR_SHARE {
            {
                let mut state = self.line.lock();
                state.changed = false;
                state.task = None;
                if let Some(websocket) = state.arrived.take() {
                    let max = self.server.config.max_payload;
                    self.link = Some(Box::new(Link::new(websocket, max)));
                }
                if self.link.is_some() && !state.session.wants_websocket() {
                    self.link = None;
                }
            }
            let read = self.poll_read(cx);
            let handled = self.poll_handler(cx);
            self.poll_write(cx);
            if let Some(reason) = self.poll_end(cx) {
                return Poll::Ready(Turn::Ended(reason));
            }
            if handled {
                break;
            }
            if read {
                continue;
            }
            let mut state = self.line.lock();
            if !state.changed {
                state.task = Some(cx.waker().clone());
                return Poll::Pending;
            }
        }
        Poll::Ready(Turn::Over)
    }

    // ---- the application

    /// Runs one handler at most: a client with many events takes turns with the others.
    fn poll_handler(&mut self, cx: &mut Context<'_>) -> bool {
        if self.handler.is_none() {
            self.handler = self.next_handler();
        }
        let Some(running) = &mut self.handler else {
            return false;
        };
        let Poll::Ready(done) = running.as_mut().poll(cx) else {
            return false;
        };
        self.handler = None;
        self.finished(done);
        true
    }

    fn next_handler(&mut self) -> Option<Handler<S::Session>> {
        loop {
            // Also wakes the POST that waits for room.
            let inbound = self.line.update_by_task(Session::next_inbound)?;
            if let Some(handler) = self.handler_of(inbound) {
                return Some(handler);
            }
        }
    }

    fn handler_of(&mut self, inbound: Inbound) -> Option<Handler<S::Session>> {
        let service = Arc::clone(&self.server.service);
        let socket = Socket::new(Arc::clone(&self.line));
        let work: Handler<S::Session> = match inbound {
            Inbound::Connect { auth } => {
                let handshake = Handshake {
                    auth,
                    ..(**self.handshake.as_ref()?).clone()
                };
                Box::pin(async move { Done::Connected(service.connect(handshake, socket).await) })
            }
            Inbound::Event { name, args, ack } => {
                let session = Arc::clone(self.session.as_ref()?);
                let ack = ack.map(|id| Ack::new(socket, id));
                Box::pin(async move {
                    service.event(&session, &name, Args::new(args), ack).await;
                    Done::Handled
                })
            }
            Inbound::Leave => {
                let session = self.session.take()?;
                Box::pin(async move {
                    service
                        .disconnected(session, DisconnectReason::Client)
                        .await;
                    Done::Handled
                })
            }
        };
        let guarded = AssertUnwindSafe(work).catch_unwind();
        Some(Box::pin(
            async move { guarded.await.unwrap_or(Done::Panicked) },
        ))
    }

    fn finished(&mut self, done: Done<S::Session>) {
        match done {
            Done::Connected(Ok(session)) => {
                self.session = Some(Arc::new(session));
                self.handshake = None;
                let line = &self.line;
                line.update_by_task(|session| session.accept(line.id()));
            }
            Done::Connected(Err(error)) => {
                self.line
                    .update_by_task(|session| session.refuse(&error, Instant::now()));
            }
            Done::Handled => {}
            Done::Panicked => {
                tracing::error!("a handler panicked; its connection is closed");
                self.line.update_by_task(|session| {
                    session.close(DisconnectReason::Failed, close::INTERNAL, Instant::now());
                });
            }
        }
    }

    // ---- the WebSocket

    fn poll_read(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(link) = &mut self.link else {
            return false;
        };
        let mut worked = false;
        for _ in 0..FAIR_SHARE {
            // A full queue is not read into: the client's own buffers fill up, and it waits.
            if self.closing || !self.line.lock().session.has_room() {
                break;
            }
            let message = match link.poll_message(cx) {
                Poll::Ready(message) => message,
                Poll::Pending => break,
            };
            worked = true;
            let now = Instant::now();
            let received = match message {
                Ok(Message::Text(text)) => {
                    let packet = Packet::decode(&text);
                    self.line
                        .update_by_task(|session| session.receive(Via::WebSocket, packet, now))
                }
                Ok(Message::Ping(data)) => {
                    link.push(websocket::pong(&data));
                    Received::Accepted
                }
                Ok(Message::Pong) => Received::Accepted,
                Ok(Message::Close) | Err(Broken::Gone) => self.line.update_by_task(|session| {
                    if session.expects(Via::WebSocket) {
                        session.lost(now);
                        Received::Ended
                    } else {
                        Received::DropCandidate
                    }
                }),
                Err(Broken::Refused(error)) => self.line.update_by_task(|session| {
                    if session.expects(Via::WebSocket) {
                        session.violation(error.close_code(), now)
                    } else {
                        Received::DropCandidate
                    }
                }),
            };
            match received {
                Received::Accepted => {}
                Received::Reply(frame) => link.push(frame),
                Received::DropCandidate => {
                    self.line.lock().session.drop_candidate();
                    self.link = None;
                    return true;
                }
                Received::Ended => break,
            }
        }
        let partial = link.is_partial();
        self.line.lock().session.receiving(partial, Instant::now());
        worked
    }

    /// Writes until the socket is full or nothing is left.
    fn poll_write(&mut self, cx: &mut Context<'_>) {
        let Some(link) = &mut self.link else { return };
        loop {
            if link.is_idle() {
                self.line
                    .update_by_task(|session| session.take_batch(link.batch()));
            }
            if link.is_idle() {
                return;
            }
            match link.poll_write(cx) {
                Poll::Pending => return,
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(_)) => {
                    self.line
                        .update_by_task(|session| session.lost(Instant::now()));
                    self.link = None;
                    return;
                }
            }
        }
    }

    // ---- the end

    /// After the session's end: its last words, the closing frame, and out.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Option<DisconnectReason> {
        let (end, is_gone, lets_go) = {
            let session = &self.line.lock().session;
            let end = session.ended()?.clone();
            (end, session.is_gone(), session.lets_go_of_websocket())
        };
        if Instant::now() >= end.until {
            return Some(end.reason);
        }
        let Some(link) = &mut self.link else {
            // A polling client may still come for its last words.
            return is_gone.then_some(end.reason);
        };
        // What came since the last write goes before the closing frame.
        if !self.closing && !lets_go || !link.is_idle() {
            return None;
        }
        if !self.closing {
            self.closing = true;
            link.push(websocket::closing(end.code));
            self.poll_write(cx);
        }
        let link = self.link.as_mut()?;
        (link.is_idle() && link.poll_shutdown(cx).is_ready()).then_some(end.reason)
    }
}

impl<S: Service> Drop for Task<S> {
    fn drop(&mut self) {
        self.server.registry.lock().remove(self.sid, self.remote);
    }
}
