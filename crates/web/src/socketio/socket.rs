//! How the application talks to one client.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use serde::Serialize;

use super::line::Line;
pub use super::outbox::Class;
use super::{engine::websocket, packet};

/// Sends to one client. Cheap to clone; outlives its connection harmlessly.
#[derive(Clone)]
pub struct Socket {
    line: Arc<Line>,
}

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It waits for the client, in order.
    Queued,
    /// It was ephemeral and the client is behind.
    Dropped,
    /// The connection is over, or it is now, since the queue had no room for a durable packet.
    Closed,
}

impl Socket {
    pub(crate) fn new(line: Arc<Line>) -> Self {
        Self { line }
    }

    /// The connection's public id: the client knows it as `socket.id`.
    pub fn id(&self) -> &str {
        self.line.id()
    }

    /// Sends an event to this client alone, durably.
    pub fn emit(&self, name: &str, data: &impl Serialize) -> serde_json::Result<Sent> {
        Ok(self.send_shared(&SharedPacket::event(name, data)?, Class::Durable))
    }

    /// Queues a packet that was encoded before: no copy, no encoding.
    pub fn send_shared(&self, packet: &SharedPacket, class: Class) -> Sent {
        self.line.send(packet.frame.clone(), class)
    }

    /// Waits until less than half of the queue is taken: who has much to send asks before each
    /// packet and leaves the other half to what comes meanwhile. `false` once the connection is
    /// over, as it is for a client that took nothing for [`Config::stall_timeout`]: that one is
    /// told to resume.
    ///
    /// Not for [`Service::connect`], before whose end nothing is taken.
    ///
    /// [`Config::stall_timeout`]: super::Config::stall_timeout
    /// [`Service::connect`]: super::Service::connect
    pub async fn ready(&self) -> bool {
        let limit = self.line.lock().session.stall_timeout();
        let ready = std::future::poll_fn(|cx| self.line.poll_ready(cx));
        if let Ok(is_open) = tokio::time::timeout(limit, ready).await {
            return is_open;
        }
        self.line.update(|session| match session.readiness() {
            Some(is_open) => is_open,
            None => {
                session.too_slow(Instant::now());
                false
            }
        })
    }

    /// Ends the connection of a client for whom more waits than there is room for: it is told to
    /// resume.
    pub(crate) fn too_slow(&self) {
        self.line.update(|session| session.too_slow(Instant::now()));
    }

    /// Ends the connection once what is queued has been sent.
    pub fn disconnect(&self) {
        self.line
            .update(|session| session.disconnect(Instant::now()));
    }

    /// Whether the connection is still open.
    pub fn is_open(&self) -> bool {
        self.line.is_open()
    }
}

impl std::fmt::Debug for Socket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Socket")
            .field("id", &self.id())
            .finish_non_exhaustive()
    }
}

/// An event encoded once, for any number of connections of either transport.
#[derive(Clone, Debug)]
pub struct SharedPacket {
    /// A whole WebSocket text frame; polling sends the part behind the frame's header.
    frame: Bytes,
}

impl SharedPacket {
    /// Encodes the event `name` with one argument.
    pub fn event(name: &str, data: &impl Serialize) -> serde_json::Result<Self> {
        let text = packet::event_text(name, data)?;
        Ok(Self {
            frame: websocket::text(&text),
        })
    }

    /// Encodes the event `name` with any number of arguments.
    pub fn event_all<T: Serialize>(name: &str, args: &[T]) -> serde_json::Result<Self> {
        let text = packet::event_text_all(name, args)?;
        Ok(Self {
            frame: websocket::text(&text),
        })
    }

    /// Its size on a WebSocket, in bytes.
    pub fn len(&self) -> usize {
        self.frame.len()
    }

    /// Never: a packet has at least a type.
    pub fn is_empty(&self) -> bool {
        self.frame.is_empty()
    }
}

/// The right to acknowledge one event, once.
#[derive(Debug)]
pub struct Ack {
    socket: Socket,
    id: u64,
}

impl Ack {
    pub(crate) fn new(socket: Socket, id: u64) -> Self {
        Self { socket, id }
    }

    /// Answers with one value.
    pub fn send(self, value: &impl Serialize) -> serde_json::Result<Sent> {
        self.send_all(&(value,))
    }

    /// Answers with several values: `values` must serialize as an array (a tuple, a slice).
    pub fn send_all(self, values: &impl Serialize) -> serde_json::Result<Sent> {
        let text = packet::ack_text(self.id, values)?;
        Ok(self
            .socket
            .line
            .send(websocket::text(&text), Class::Durable))
    }
}
