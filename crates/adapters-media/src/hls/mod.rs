//! HLS and Low-Latency HLS playlists (draft-pantos-hls-rfc8216bis) over the packager's windows.

mod media;
mod multivariant;
mod name;
mod reload;

pub(crate) use media::{media_playlist, with_target};
pub(crate) use multivariant::bandwidth;
pub use multivariant::multivariant_playlist;
pub(crate) use name::folder;
pub use name::{GrantName, Resource};
pub use reload::{Reload, ReloadError};
