//! Stream keys.

use std::fmt;
use std::fmt::Write as _;

use crate::channel::{ChannelEvent, KeyError};
use crate::shared::clock::Timestamp;
use crate::shared::decision::Decision;
use crate::shared::id::{ChannelId, StreamId, StreamKeyId};
use crate::shared::secret::{Mac, Sealed};
use crate::shared::text::{TextError, free_text, text_fields};

/// How many active keys a channel may have.
pub const MAX_KEYS: usize = 20;

/// A stream key.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamKey {
    /// Its id; it stays when the key is rotated.
    pub id: StreamKeyId,
    /// Which channel it opens.
    pub channel: ChannelId,
    /// What its owner calls it.
    pub label: KeyLabel,
    /// It serves only this stream, which was created ahead; an unbound key opens or continues
    /// whatever is the channel's.
    pub bound_to: Option<StreamId>,
    /// Whether it still works.
    pub state: KeyState,
    /// Since when.
    pub created_at: Timestamp,
}

/// Whether a key works.
#[derive(Debug, Clone, PartialEq)]
pub enum KeyState {
    /// It does.
    Active {
        /// Finds it.
        hash: Mac,
        /// Shows it to its owner.
        sealed: Sealed,
        /// Since it was made or rotated last.
        since: Timestamp,
    },
    /// It never will again.
    Revoked {
        /// Since when.
        at: Timestamp,
    },
}

/// What it takes to make a key.
#[derive(Debug, Clone, PartialEq)]
pub struct NewStreamKey {
    /// Its id.
    pub id: StreamKeyId,
    /// Which channel it opens.
    pub channel: ChannelId,
    /// What its owner calls it.
    pub label: KeyLabel,
    /// The one stream that it serves, if so.
    pub bound_to: Option<StreamId>,
    /// Keyed hash of the secret.
    pub hash: Mac,
    /// The secret, sealed.
    pub sealed: Sealed,
}

text_fields! {
    /// What an owner calls a key: 1 to 50 characters.
    KeyLabel = |text| match free_text(text, 50)? {
        label if label.is_empty() => Err(TextError::Empty),
        label => Ok(label),
    };
}

impl StreamKey {
    /// Makes a key.
    pub fn create(new: NewStreamKey, now: Timestamp) -> Decision<Self> {
        let NewStreamKey {
            id,
            channel,
            label,
            bound_to,
            hash,
            sealed,
        } = new;
        let event = ChannelEvent::KeyCreated { channel, key: id };
        let state = KeyState::Active {
            hash,
            sealed,
            since: now,
        };
        Decision::changed(
            Self {
                id,
                channel,
                label,
                bound_to,
                state,
                created_at: now,
            },
            event,
        )
    }

    /// Another secret; the old one is worth nothing from now on.
    pub fn rotate(
        self,
        hash: Mac,
        sealed: Sealed,
        now: Timestamp,
    ) -> Result<Decision<Self>, KeyError> {
        self.require_active()?;
        let event = ChannelEvent::KeyRotated {
            channel: self.channel,
            key: self.id,
        };
        Ok(Decision::changed(
            Self {
                state: KeyState::Active {
                    hash,
                    sealed,
                    since: now,
                },
                ..self
            },
            event,
        ))
    }

    /// It is worth nothing from now on.
    pub fn revoke(self, now: Timestamp) -> Decision<Self> {
        match self.state {
            KeyState::Revoked { .. } => Decision::unchanged(self),
            KeyState::Active { .. } => {
                let event = ChannelEvent::KeyRevoked {
                    channel: self.channel,
                    key: self.id,
                };
                Decision::changed(
                    Self {
                        state: KeyState::Revoked { at: now },
                        ..self
                    },
                    event,
                )
            }
        }
    }

    /// The keyed hash that finds it, while it is active.
    pub fn hash(&self) -> Option<Mac> {
        match self.state {
            KeyState::Active { hash, .. } => Some(hash),
            KeyState::Revoked { .. } => None,
        }
    }

    /// Since when it has the secret that it has, while it is active.
    pub fn since(&self) -> Option<Timestamp> {
        match self.state {
            KeyState::Active { since, .. } => Some(since),
            KeyState::Revoked { .. } => None,
        }
    }

    /// The sealed secret, for its owner.
    pub fn sealed(&self) -> Result<&Sealed, KeyError> {
        match &self.state {
            KeyState::Active { sealed, .. } => Ok(sealed),
            KeyState::Revoked { .. } => Err(KeyError::Revoked),
        }
    }

    fn require_active(&self) -> Result<(), KeyError> {
        self.sealed().map(drop)
    }
}

/// The secret that an encoder is given: 256 random bits.
#[derive(Clone, PartialEq, Eq)]
pub struct KeySecret(String);

impl KeySecret {
    /// What every key begins with, so that it is recognised where it should not be.
    pub const PREFIX: &str = "gk_";

    /// A new secret of 256 random bits.
    pub fn generate(random: [u8; 32]) -> Self {
        Self(hex_secret(Self::PREFIX, &random))
    }

    /// Takes a key from an encoder; `None` if it cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        is_hex_secret(Self::PREFIX, text).then(|| Self(text.to_owned()))
    }

    /// The secret itself, for its owner alone.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for KeySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeySecret(…)")
    }
}

pub(crate) fn hex_secret(prefix: &str, random: &[u8; 32]) -> String {
    random.iter().fold(prefix.to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // Writing to a String cannot fail.
        text
    })
}

pub(crate) fn is_hex_secret(prefix: &str, text: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|hex| {
        hex.len() == 64
            && hex
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })
}
