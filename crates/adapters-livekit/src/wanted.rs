//! Which rooms are to be there.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use greenroom_domain::shared::id::UserId;

/// In which rooms somebody is expected, and which were closed on purpose.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// How long whoever was given a token may take.
    patience: Duration,
    /// How long a room that was closed on purpose stays closed.
    held: Duration,
    expected: HashMap<UserId, Instant>,
    closed: HashMap<UserId, Instant>,
}

impl Wanted {
    pub(crate) fn new(patience: Duration, held: Duration) -> Self {
        Self {
            patience,
            held,
            expected: HashMap::new(),
            closed: HashMap::new(),
        }
    }

    /// Somebody was given what they need to publish.
    pub(crate) fn expect(&mut self, room: UserId, now: Instant) {
        self.closed.remove(&room);
        self.expected.insert(room, now);
    }

    /// The room was closed on purpose.
    pub(crate) fn close(&mut self, room: UserId, now: Instant) {
        self.expected.remove(&room);
        self.closed.insert(room, now);
    }

    /// In which rooms somebody is expected.
    pub(crate) fn expected(&mut self, now: Instant) -> HashSet<UserId> {
        let patience = self.patience;
        self.expected
            .retain(|_, since| now.duration_since(*since) < patience);
        self.expected.keys().copied().collect()
    }

    /// Whether a room was closed on purpose a moment ago.
    pub(crate) fn is_held(&mut self, room: UserId, now: Instant) -> bool {
        let held = self.held;
        self.closed
            .retain(|_, since| now.duration_since(*since) < held);
        self.closed.contains_key(&room)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_is_wanted_for_a_while_and_not_when_it_was_closed() {
        let (room, now) = (UserId::from_uuid(uuid::Uuid::from_u128(7)), Instant::now());
        let later = |seconds| now + Duration::from_secs(seconds);
        let mut wanted = Wanted::new(Duration::from_secs(600), Duration::from_secs(60));
        wanted.expect(room, now);
        assert!(wanted.expected(later(599)).contains(&room));
        wanted.close(room, later(599));
        assert!(wanted.expected(later(599)).is_empty());
        assert!(wanted.is_held(room, later(658)));
        assert!(!wanted.is_held(room, later(660)));
        wanted.close(room, later(700));
        wanted.expect(room, later(701));
        assert!(!wanted.is_held(room, later(701)));
        assert!(wanted.expected(later(1301)).is_empty());
    }
}
