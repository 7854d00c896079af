//! Chat: one room and one log for each channel, for ever.

mod command;
mod emote;
mod ephemeral;
mod error;
mod event;
mod line;
mod message;
mod pin;
mod port;
mod room;
mod settings;
mod staff;

pub use command::{Command, CommandError, Rule, Switch};
pub use emote::{Emote, Reaction, emotes, every_emote};
pub use ephemeral::Ephemeral;
pub use error::{ChatError, PostRefused};
pub use event::ChatEvent;
pub use line::{Line, LineBody, NewLine, Place, Seq};
pub use message::{
    Author, Badge, ClientMessageId, Content, MAX_MESSAGE_BYTES, Message, MessageText, mentions,
};
pub use pin::Pin;
pub use port::{Audit, Moderation, RoomLog};
#[cfg(feature = "mocks")]
pub use port::{MockAudit, MockModeration, MockRoomLog};
pub use room::{Lift, ModerationReason, Restriction, RestrictionKind, Room, Speaker};
pub use settings::{ChatDelay, ChatRate, ChatSettings, FollowAge, PostTerms, SlowMode};
pub use staff::{Appointment, ChannelRole};
