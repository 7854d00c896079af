//! Typed ids: swapped arguments do not compile.
//!
//! ```
//! use greenroom_domain::shared::id::{MalformedId, UserId};
//!
//! let id: UserId = "01980a4e-7b1c-7c3f-8d2a-5e6f70819203".parse()?;
//! assert_eq!(id.to_string(), "01980a4e-7b1c-7c3f-8d2a-5e6f70819203");
//! assert_eq!("ada".parse::<UserId>(), Err(MalformedId));
//! # Ok::<(), MalformedId>(())
//! ```
//!
//! ```compile_fail,E0308
//! use greenroom_domain::shared::id::{ChannelId, UserId};
//!
//! fn owner_of(channel: ChannelId) {}
//! fn of(user: UserId) {
//!     owner_of(user);
//! }
//! ```

use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
        pub struct $name(Uuid);

        impl $name {
            /// The id that a store or a client has kept as this UUID.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID behind the id.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0.hyphenated())
            }
        }

        impl std::str::FromStr for $name {
            type Err = MalformedId;

            fn from_str(text: &str) -> Result<Self, MalformedId> {
                Uuid::try_parse(text).map(Self).map_err(|_| MalformedId)
            }
        }
    )*};
}

ids! {
    /// An account.
    UserId;
    /// Somebody who watches or chats without an account, as long as their signed cookie lives.
    GuestId;
    /// A channel, and the chat room that belongs to it for ever.
    ChannelId;
    /// One broadcast of a channel.
    StreamId;
    /// What is kept of a stream.
    RecordingId;
    /// A stream key. It survives its own rotation.
    StreamKeyId;
    /// An uploaded picture. Each upload is another one, so what an id leads to never changes,
    /// and what is no longer shown by the one who uploaded it is shown by nobody.
    PictureId;
    /// A domain event.
    EventId;
    /// One connection of a real-time client.
    ConnectionId;
    /// One Greenroom process, the same over its restarts.
    NodeId;
}

/// Where ids and secrets come from: the one source of randomness.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait Ids: Send + Sync {
    /// A new UUID, never given out before. Time-ordered ones (version 7) keep indexes compact.
    fn uuid(&self) -> Uuid;

    /// 256 bits of the system's randomness, fit to be a secret.
    fn secret(&self) -> [u8; 32];
}

/// The text is not a UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not an id: a UUID is expected")]
pub struct MalformedId;
