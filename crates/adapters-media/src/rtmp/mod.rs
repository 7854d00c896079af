//! RTMP (Adobe's specification 1.0 with Enhanced RTMP version 2), the side of
//! the server, for publishing only. Sans-IO: bytes in, events and bytes out.
//!
//! Everything a stranger sends is bounded before it costs memory: see
//! [`Limits`].

pub mod amf0;
mod chunk;
mod clock;
mod command;
mod handshake;
mod key;
mod session;

pub use chunk::ChunkError;
pub use handshake::HandshakeError;
pub use key::StreamKey;
pub use session::{EndReason, Event, Limits, PublishMode, Refusal, RtmpError, Session, Stage};
