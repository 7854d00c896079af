//! What was seen lately.

use std::collections::{HashSet, VecDeque};
use std::time::{Duration, Instant};

/// Texts that were seen lately: for a while, and the latest of them at least.
#[derive(Debug)]
pub(crate) struct Recent {
    lasting: Duration,
    most: usize,
    seen: HashSet<String>,
    order: VecDeque<(Instant, String)>,
}

impl Recent {
    pub(crate) fn new(lasting: Duration, most: usize) -> Self {
        Self {
            lasting,
            most,
            seen: HashSet::new(),
            order: VecDeque::new(),
        }
    }

    /// Whether it is new.
    pub(crate) fn insert(&mut self, text: &str, now: Instant) -> bool {
        self.forget(now);
        let is_new = self.seen.insert(text.to_owned());
        if is_new {
            self.order.push_back((now, text.to_owned()));
        }
        is_new
    }

    pub(crate) fn contains(&self, text: &str) -> bool {
        self.seen.contains(text)
    }

    fn forget(&mut self, now: Instant) {
        while let Some((since, _)) = self.order.front()
            && (self.order.len() > self.most || now.duration_since(*since) > self.lasting)
        {
            if let Some((_, text)) = self.order.pop_front() {
                self.seen.remove(&text);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_remembers_for_a_while_and_so_many() {
        let now = Instant::now();
        let mut recent = Recent::new(Duration::from_secs(10), 2);
        assert!(recent.insert("a", now));
        assert!(!recent.insert("a", now + Duration::from_secs(9)));
        assert!(recent.insert("a", now + Duration::from_secs(11)));
        for text in ["b", "c", "d", "e"] {
            assert!(recent.insert(text, now + Duration::from_secs(12)));
        }
        assert!(!recent.contains("a"));
        assert!(recent.contains("e"));
    }
}
