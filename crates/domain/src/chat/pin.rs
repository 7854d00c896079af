//! What a room keeps in view.

use crate::chat::{ChatError, ChatEvent, Room, Seq};
use crate::shared::actor::Identity;
use crate::shared::clock::Timestamp;
use crate::shared::decision::Decision;

/// A message that a room keeps in view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Pin {
    /// Which message.
    pub target: Seq,
    /// Who pinned it; nobody where the operator did.
    pub by: Option<Identity>,
    /// Since when.
    pub at: Timestamp,
}

impl Pin {
    /// How many a room may have.
    pub const MOST: usize = 5;
}

impl Room {
    /// Keeps a message in view, behind those that are. Again is no change.
    pub fn pin(mut self, pin: Pin) -> Result<Decision<Self>, ChatError> {
        if self.is_pinned(pin.target) {
            return Ok(Decision::unchanged(self));
        }
        if self.pins.len() >= Pin::MOST {
            return Err(ChatError::TooManyPins { max: Pin::MOST });
        }
        let event = ChatEvent::Pinned {
            channel: self.channel,
            target: pin.target,
        };
        self.pins.push(pin);
        Ok(Decision::changed(self, event))
    }

    /// Keeps it in view no more. Again is no change.
    pub fn unpin(mut self, target: Seq) -> Decision<Self> {
        if !self.is_pinned(target) {
            return Decision::unchanged(self);
        }
        self.pins.retain(|pin| pin.target != target);
        let event = ChatEvent::Unpinned {
            channel: self.channel,
            target,
        };
        Decision::changed(self, event)
    }

    /// Whether a message is kept in view.
    pub fn is_pinned(&self, target: Seq) -> bool {
        self.pins.iter().any(|pin| pin.target == target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::id::ChannelId;
    use uuid::Uuid;

    fn pin(seq: u64) -> Pin {
        Pin {
            target: Seq(seq),
            by: None,
            at: Timestamp::from_micros(1),
        }
    }

    #[test]
    fn five_are_kept_in_view_and_no_more() {
        let mut room = Room::open(ChannelId::from_uuid(Uuid::from_u128(1)));
        for seq in 1..=5 {
            room = room.pin(pin(seq)).unwrap().next;
        }
        assert!(room.clone().pin(pin(3)).unwrap().is_unchanged());
        assert_eq!(
            room.clone().pin(pin(6)),
            Err(ChatError::TooManyPins { max: 5 })
        );
        let room = room.unpin(Seq(1)).next;
        assert!(room.clone().unpin(Seq(1)).is_unchanged());
        let pinned: Vec<_> = room.pin(pin(6)).unwrap().next.pins;
        assert_eq!(
            pinned.iter().map(|pin| pin.target.0).collect::<Vec<_>>(),
            [2, 3, 4, 5, 6]
        );
    }
}
