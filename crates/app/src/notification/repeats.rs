use std::collections::{HashSet, VecDeque};

use greenroom_domain::chat::Place;
use greenroom_domain::shared::id::{ChannelId, EventId};

/// So many are known again. A repeat comes within moments, or never.
const KEPT: usize = 4_096;

/// What was announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Source {
    Event(EventId),
    Line(ChannelId, Place),
}

/// What was announced lately.
#[derive(Default)]
pub(crate) struct Repeats {
    known: HashSet<Source>,
    oldest_first: VecDeque<Source>,
}

impl Repeats {
    /// Whether it is new.
    pub(crate) fn note(&mut self, source: Source) -> bool {
        if !self.known.insert(source) {
            return false;
        }
        self.oldest_first.push_back(source);
        if self.oldest_first.len() > KEPT
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_repeat_is_known_and_the_memory_bounded() {
        let event = |n: usize| Source::Event(EventId::from_uuid(Uuid::from_u128(n as u128)));
        let mut repeats = Repeats::default();
        for n in 0..=KEPT {
            assert!(repeats.note(event(n)));
            assert!(!repeats.note(event(n)));
        }
        assert_eq!(repeats.known.len(), KEPT);
        assert!(repeats.note(event(0)), "that was too long ago");
    }
}
