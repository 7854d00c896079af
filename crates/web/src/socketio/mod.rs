//! A Socket.IO server of our own: Engine.IO protocol 4 and Socket.IO protocol 5 over polling and
//! WebSocket, text only, the namespace `/` only.
//!
//! - [`engine`] and [`packet`] are codecs, `session` is the protocol as a state machine: bytes
//!   and time in, packets out, no IO. `transport` puts them on axum, one task per session.
//! - An application implements [`Service`] and talks to its clients through [`Socket`]. What many
//!   clients get is encoded once, as a [`SharedPacket`]; each connection's queue holds the same
//!   bytes.
//! - Everything a stranger can make grow has a limit in [`Config`].
//!
//! Why it is our own: `docs/adr/0004-own-socketio-codec.md`.

mod config;
pub mod engine;
mod events;
mod line;
mod outbox;
pub mod packet;
mod service;
mod session;
mod socket;
mod transport;

pub(crate) use events::routes;

pub use config::{Config, Origins};
pub use service::{Args, ConnectError, DisconnectReason, Handshake, Service};
pub use socket::{Ack, Class, Sent, SharedPacket, Socket};
pub use transport::{ClientAddr, SessionIds, SocketIo};
