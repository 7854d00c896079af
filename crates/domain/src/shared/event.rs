//! Domain events: what happened, in the past tense, for whoever wants to know.

use crate::account::AccountEvent;
use crate::channel::ChannelEvent;
use crate::chat::ChatEvent;
use crate::recording::{RecordingChange, RecordingEvent};
use crate::shared::actor::Actor;
use crate::shared::clock::Timestamp;
use crate::shared::id::{ChannelId, EventId};
use crate::social::SocialEvent;
use crate::stream::StreamEvent;

/// Something that happened, committed together with the change that it tells of.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Event {
    /// Consumers recognise a repeated delivery by it.
    pub id: EventId,
    /// When it was decided.
    pub at: Timestamp,
    /// Who made it happen.
    pub by: Actor,
    /// What it was.
    pub what: Happening,
}

/// What happened, by capability.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum Happening {
    /// To an account.
    Account(AccountEvent),
    /// To a channel or one of its stream keys.
    Channel(ChannelEvent),
    /// To a stream or its audience.
    Stream(StreamEvent),
    /// To the rules of a chat room. Its messages are lines of the room's log, not events.
    Chat(ChatEvent),
    /// Between people.
    Social(SocialEvent),
    /// To a recording.
    Recording(RecordingEvent),
}

impl Happening {
    /// The channel in whose [audit log](crate::chat::Audit) it stands: acts of moderation, and
    /// changes of settings, keys and state.
    pub fn audited(&self) -> Option<ChannelId> {
        match self {
            Self::Chat(event) => Some(event.channel()),
            Self::Channel(event) => Some(event.channel()),
            Self::Stream(
                StreamEvent::Interrupted { .. }
                | StreamEvent::Resumed { .. }
                | StreamEvent::AudienceChanged { .. },
            ) => None,
            Self::Stream(event) => Some(event.channel()),
            Self::Recording(RecordingEvent {
                channel,
                what: RecordingChange::Requested | RecordingChange::Stopped,
                ..
            }) => Some(*channel),
            Self::Social(
                SocialEvent::Blocked { channel, .. } | SocialEvent::Unblocked { channel, .. },
            ) => *channel,
            Self::Account(_) | Self::Social(_) | Self::Recording(_) => None,
        }
    }
}

macro_rules! happenings {
    ($($variant:ident($event:ty))*) => {$(
        impl From<$event> for Happening {
            fn from(event: $event) -> Self {
                Self::$variant(event)
            }
        }
    )*};
}

happenings! {
    Account(AccountEvent)
    Channel(ChannelEvent)
    Stream(StreamEvent)
    Chat(ChatEvent)
    Social(SocialEvent)
    Recording(RecordingEvent)
}
