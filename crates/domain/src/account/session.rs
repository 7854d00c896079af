//! Local sessions.

use std::fmt;
use std::time::Duration;

use crate::shared::clock::Timestamp;
use crate::shared::id::UserId;
use crate::shared::secret::Mac;

/// How long a session lasts without being used.
pub const SESSION_LIFETIME: Duration = Duration::from_secs(30 * 24 * 3600);

/// A session, found by the keyed hash of its token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(transparent)
)]
pub struct SessionId(pub Mac);

/// Somebody is signed in.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// The keyed hash of the token.
    pub id: SessionId,
    /// Who.
    pub user: UserId,
    /// Since when.
    pub created_at: Timestamp,
    /// It is worth nothing from then on.
    pub expires_at: Timestamp,
}

impl Session {
    /// Signs somebody in.
    pub fn open(id: SessionId, user: UserId, now: Timestamp) -> Self {
        Self {
            id,
            user,
            created_at: now,
            expires_at: now + SESSION_LIFETIME,
        }
    }

    /// Whether it still counts.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }
}

/// What the client keeps: a cookie's value or a bearer token. 256 random bits.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionToken(String);

impl SessionToken {
    /// What every token begins with: it tells a session from a JWT.
    pub const PREFIX: &str = "gs_";

    /// A new token of 256 random bits.
    pub fn generate(random: [u8; 32]) -> Self {
        Self(crate::channel::hex_secret(Self::PREFIX, &random))
    }

    /// Takes a token from a client; `None` if it cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        crate::channel::is_hex_secret(Self::PREFIX, text).then(|| Self(text.to_owned()))
    }

    /// The token itself, for its holder alone.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionToken(…)")
    }
}
