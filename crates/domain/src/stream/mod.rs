//! Streams: one broadcast each, and who watches it.

mod entity;
mod error;
mod event;
mod port;

pub use entity::{
    EndReason, Generation, Ingest, NewStream, Publisher, Stream, StreamRules, StreamState,
};
pub use error::StreamError;
pub use event::StreamEvent;
pub use port::{Audience, Presence, StreamCounts, Streams, Via};
#[cfg(feature = "mocks")]
pub use port::{MockPresence, MockStreams};
