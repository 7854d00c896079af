//! One CMAF packaging of a live stream, made once in memory and shared by HLS, LL-HLS and DASH.
//!
//! [`Packager`] takes frames and the time, and keeps a short window of segments per rendition,
//! each a row of parts (a `moof` and its `mdat`). Nothing here reads a clock or a socket.

mod audio;
mod fragment;
mod init;
mod packager;
mod rendition;
mod segment;
mod timeline;
mod video;

pub use init::InitError;
pub use packager::{Changed, Limits, Packager, PackagerError};
pub use rendition::{Position, Rendition};
pub(crate) use segment::seconds;
pub use segment::{Part, Period, Segment};
