//! Channels and the stream keys that open them.

mod entity;
mod error;
mod event;
mod key;
mod port;

pub use entity::{
    Category, Channel, ChannelEdit, ChannelTitle, Description, Handle, IngestGate, Language,
    NewChannel, OWNER_HOLD, Tag, Tags,
};
pub use error::{ChannelError, KeyError, TagsError};
pub use event::ChannelEvent;
pub use key::{KeyLabel, KeySecret, KeyState, MAX_KEYS, NewStreamKey, StreamKey};
pub(crate) use key::{hex_secret, is_hex_secret};
pub use port::{Channels, StreamKeys};
#[cfg(feature = "mocks")]
pub use port::{MockChannels, MockStreamKeys};
