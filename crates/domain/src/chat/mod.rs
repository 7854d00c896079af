//! Chat: one room and one log for each channel, for ever.

mod ephemeral;
mod error;
mod event;
mod line;
mod message;
mod port;
mod room;

pub use ephemeral::Ephemeral;
pub use error::{ChatError, PostRefused};
pub use event::ChatEvent;
pub use line::{Line, LineBody, NewLine, Place, Seq};
pub use message::{
    Author, Badge, ClientMessageId, Content, MAX_MESSAGE_BYTES, Message, MessageText, mentions,
};
#[cfg(feature = "mocks")]
pub use port::{MockModeration, MockRoomLog};
pub use port::{Moderation, RoomLog};
pub use room::{
    ChatRate, ChatSettings, Lift, ModerationReason, PostTerms, Restriction, RestrictionKind, Room,
    SlowMode,
};
