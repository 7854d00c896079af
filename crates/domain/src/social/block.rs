//! Blocking somebody.

use crate::shared::clock::Timestamp;
use crate::shared::decision::Decision;
use crate::shared::id::{ChannelId, UserId};
use crate::social::{SocialError, SocialEvent};

/// Somebody wants nothing to do with somebody else: who is blocked can neither watch the
/// blocker's channel nor chat there nor follow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Block {
    /// Who blocks.
    pub blocker: UserId,
    /// Whom.
    pub blocked: UserId,
    /// Since when.
    pub at: Timestamp,
}

impl Block {
    /// How many one may block.
    pub const MOST: u64 = 1_000;

    /// Somebody who blocks so many blocks one more. `channel` is the blocker's own, if they
    /// have one.
    pub fn begin(
        blocker: UserId,
        subject: UserId,
        has_blocked: u64,
        channel: Option<ChannelId>,
        at: Timestamp,
    ) -> Result<Decision<Self>, SocialError> {
        if blocker == subject {
            return Err(SocialError::Oneself);
        }
        if has_blocked >= Self::MOST {
            return Err(SocialError::BlocksTooMany { max: Self::MOST });
        }
        let block = Self {
            blocker,
            blocked: subject,
            at,
        };
        let event = SocialEvent::Blocked {
            blocker,
            blocked: subject,
            channel,
        };
        Ok(Decision::changed(block, event))
    }

    /// It is over.
    pub fn end(&self, channel: Option<ChannelId>) -> SocialEvent {
        SocialEvent::Unblocked {
            blocker: self.blocker,
            blocked: self.blocked,
            channel,
        }
    }
}
