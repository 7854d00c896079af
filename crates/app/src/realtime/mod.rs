//! What is shown at once: the hub that gives each room's lines to whoever listens.

mod cut;
mod delayed;
mod hub;
mod join;
mod lines;
mod published;
pub(crate) mod relay;
mod release;
mod room;
mod slice;

pub use hub::{Hub, Listener, Subscription};
pub use join::{JoinRoom, JoinedRoom, Start, join_room};
pub(crate) use lines::line_of;
pub use published::{Published, Shown, WireFormat};
