//! Doing something once, however often it is asked for.

use async_trait::async_trait;
use uuid::Uuid;

use crate::shared::actor::Identity;
use crate::shared::clock::Timestamp;
use crate::shared::store::StoreError;
use crate::shared::text::TextError;

/// What a client calls a request that makes something (the header `Idempotency-Key`): 1 to 255
/// printable ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(transparent)
)]
pub struct RequestKey(String);

impl RequestKey {
    /// Parses it by the rule above.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        match text.len() {
            0 => Err(TextError::Empty),
            1..=255 if text.bytes().all(|b| b.is_ascii_graphic()) => Ok(Self(text.to_owned())),
            1..=255 => Err(TextError::Forbidden {
                allowed: "it may hold printable ASCII characters only",
            }),
            _ => Err(TextError::TooLong { max: 255 }),
        }
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A request that is to make something once: who asks, what they call it, and what exactly
/// they ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    /// What the client calls it.
    pub key: RequestKey,
    /// The SHA-256 of what is asked for: another under the same key is a mistake. No password
    /// goes into it, as it is kept and quick to compute: who asks proves theirs each time.
    pub request: [u8; 32],
}

/// What a request has made.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Reply {
    /// Who asked.
    pub by: Identity,
    /// What they called it.
    pub key: RequestKey,
    /// The SHA-256 of what they asked for.
    pub request: [u8; 32],
    /// The id of what was made.
    pub made: Uuid,
    /// When.
    pub at: Timestamp,
}

impl Once {
    /// The reply to it.
    pub fn reply(&self, by: Identity, made: Uuid, at: Timestamp) -> Reply {
        Reply {
            by,
            key: self.key.clone(),
            request: self.request,
            made,
            at,
        }
    }
}

/// Reads what requests have made.
///
/// Promises: sees every commit that was acknowledged before the call; a reply is there for 24
/// hours at least.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Replies: Send + Sync {
    /// What a request has made.
    async fn get(&self, by: Identity, key: &RequestKey) -> Result<Option<Reply>, StoreError>;
}
