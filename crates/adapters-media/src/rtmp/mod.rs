//! RTMP (Adobe's specification 1.0 with Enhanced RTMP version 2), the side of
//! the server, for publishing only. Sans-IO: bytes in, events and bytes out.
//!
//! Everything a stranger sends is bounded before it costs memory: see
//! [`Limits`].

pub mod amf0;
mod chunk;
mod clock;
mod command;
mod event;
mod handshake;
mod key;
mod session;
mod status;

pub use chunk::ChunkError;
pub use event::{Event, PublishMode, RtmpError};
pub use handshake::HandshakeError;
pub use key::StreamKey;
pub use session::{Limits, Session, Stage};
pub use status::{EndReason, Refusal};
