//! The Socket.IO server over real sockets: real clients, and strangers who mean no good.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "socketio_server/attacks.rs"]
mod attacks;
#[path = "socketio_server/clients.rs"]
mod clients;
#[path = "socketio_server/support.rs"]
mod support;
#[path = "socketio_server/upgrades.rs"]
mod upgrades;
