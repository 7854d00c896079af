//! Rooms: how people connect to an engine that has one for each channel.

use std::fmt;

use uuid::Uuid;

use crate::media::KeyVersion;
use crate::shared::actor::Identity;
use crate::shared::clock::Timestamp;
use crate::shared::id::{ChannelId, UserId};

/// Somebody asks for a seat in a channel's room; that they may have it has been decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeatRequest {
    /// Whose room.
    pub channel: ChannelId,
    /// Its owner.
    pub owner: UserId,
    /// As what they come.
    pub role: SeatRole,
    /// Among the other tabs of the same person.
    pub tab: Tab,
}

/// As what somebody comes into a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeatRole {
    /// Publishes with this key of the channel.
    Publisher(KeyVersion),
    /// The creator, looking at what is published.
    SelfView,
    /// Watches.
    Viewer(Identity),
}

/// What becomes of a person's other tabs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    /// They go on; this one is told apart by a name of its own. Whatever is said in the room is
    /// said by the server alone.
    OneOfMany(Uuid),
    /// They are displaced. Who has the seat may send data to the others in the room, which
    /// nobody moderates.
    Only,
}

/// A seat in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    /// The server to connect to: `wss://…`.
    pub url: String,
    /// What opens the door.
    pub token: EngineSecret,
    /// What the room knows them by.
    pub identity: String,
    /// It opens the door until then; who is inside stays.
    pub expires_at: Timestamp,
}

/// What an engine has made to be shown to itself: whoever has it can use it.
#[derive(Clone, PartialEq, Eq)]
pub struct EngineSecret(String);

impl EngineSecret {
    /// Takes what an engine has made.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The secret itself, for its holder alone.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for EngineSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EngineSecret(…)")
    }
}
