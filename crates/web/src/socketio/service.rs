//! What an application implements.

use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use http::HeaderMap;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::socket::{Ack, Socket};

/// The application behind the sockets.
///
/// For one connection the calls come one at a time: `connect`, then each `event` in the order in
/// which the client sent them, then `disconnected` once. A call that takes long delays the next
/// ones of its own connection (and, when its bounded queue is full, what is read from it), never
/// its heartbeat nor anything that is sent.
#[async_trait]
pub trait Service: Send + Sync + 'static {
    /// What the application knows about a connection: who is asking, where they are.
    type Session: Send + Sync + 'static;

    /// Decides whether a client may connect. What is sent through `socket` before this returns
    /// is delivered right after the connection is confirmed.
    async fn connect(
        &self,
        handshake: Handshake,
        socket: Socket,
    ) -> Result<Self::Session, ConnectError>;

    /// Handles one event. An `ack` that is dropped unanswered leaves the client waiting.
    async fn event(&self, session: &Arc<Self::Session>, name: &str, args: Args, ack: Option<Ack>);

    /// A connection that `connect` let in is over.
    async fn disconnected(&self, session: Arc<Self::Session>, reason: DisconnectReason);
}

/// The request by which a client came.
#[derive(Clone)]
pub struct Handshake {
    /// The HTTP headers of the first request: cookies, `Authorization`, `User-Agent`.
    pub headers: HeaderMap,
    /// The first request's query string, still encoded.
    pub query: String,
    /// What the client gave as `auth`: a JSON object.
    pub auth: Option<Box<RawValue>>,
    /// The client's address.
    pub remote: IpAddr,
}

// Headers, query and `auth` carry tokens.
impl std::fmt::Debug for Handshake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handshake")
            .field("remote", &self.remote)
            .finish_non_exhaustive()
    }
}

/// Why a client may not connect; it reads this in `connect_error`.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the connection is refused: {message}")]
pub struct ConnectError {
    /// For people; the client's `error.message`.
    pub message: String,
    /// For programs; the client's `error.data`.
    pub data: Option<serde_json::Value>,
}

/// The arguments of an event, each JSON that is not yet read.
#[derive(Debug, Default)]
pub struct Args(Vec<Box<RawValue>>);

impl Args {
    pub(crate) fn new(values: Vec<Box<RawValue>>) -> Self {
        Self(values)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads the argument at `index`; one that is missing reads as `null`.
    pub fn read<T: DeserializeOwned>(&self, index: usize) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.0.get(index).map_or("null", |value| value.get()))
    }

    /// The JSON texts.
    pub fn raw(&self) -> &[Box<RawValue>] {
        &self.0
    }
}

/// Why a connection is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DisconnectReason {
    /// The client said so.
    Client,
    /// The transport broke off or was closed.
    Transport,
    /// The client did not answer a ping, or kept half a message back, for too long.
    Timeout,
    /// The client did not read fast enough for its queue.
    TooSlow,
    /// The client broke the protocol.
    Protocol,
    /// The application said so ([`Socket::disconnect`]).
    Server,
    /// The server shuts down.
    Shutdown,
    /// A handler of the application panicked.
    Failed,
}

impl DisconnectReason {
    /// A stable name, as metrics label it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Transport => "transport",
            Self::Timeout => "timeout",
            Self::TooSlow => "too_slow",
            Self::Protocol => "protocol",
            Self::Server => "server",
            Self::Shutdown => "shutdown",
            Self::Failed => "failed",
        }
    }
}
