//! Engine.IO protocol 4: packets and payloads, the opening handshake, and the WebSocket frames
//! they travel in. Pure: bytes in, values out, no IO and no clock.

pub(crate) mod handshake;
pub mod packet;

pub use crate::websocket::frame as websocket;
