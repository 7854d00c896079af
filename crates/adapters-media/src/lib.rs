//! The built-in media server: RTMP in, CMAF out (HLS, LL-HLS, MPEG-DASH).
//!
//! Everything that parses or packages is sans-IO: bytes and time in, events
//! and bytes out. Only the listener and the router at the edge touch sockets.

pub mod bus;
pub mod cmaf;
pub mod codec;
pub mod dash;
mod engine;
pub mod flv;
pub mod frame;
#[doc(hidden)]
pub mod fuzz;
pub mod hls;
pub mod http;
pub mod ingest;
pub mod rtmp;
mod thumbnail;

pub use engine::{Door, Engine, EngineConfig, Secure, Socket};
pub use thumbnail::{Thumbnail, ThumbnailConfig};
