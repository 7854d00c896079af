//! Things as they were read last: what thousands ask for is read from the store once a second,
//! and anew at once after what changes it.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use greenroom_domain::shared::clock::Timestamp;

/// How old a thing may be: its numbers move all the time, and another node's changes may be
/// late.
const FRESH: Duration = Duration::from_secs(1);
/// How many are kept at once.
const KEPT: usize = 10_000;

/// For showing alone: what is decided upon is read.
pub(crate) struct Remembered<K, V>(Mutex<Kept<K, V>>);

struct Kept<K, V> {
    things: HashMap<K, (Timestamp, Arc<V>)>,
    /// How often any were forgotten: what was read meanwhile may be what has just changed.
    forgotten: u64,
}

/// What had been forgotten when a thing began to be read.
pub(crate) struct Reading(u64);

impl<K, V> Default for Remembered<K, V> {
    fn default() -> Self {
        Self(Mutex::new(Kept {
            things: HashMap::new(),
            forgotten: 0,
        }))
    }
}

impl<K: Eq + Hash, V> Remembered<K, V> {
    /// The thing, or leave to read it and [keep](Self::keep) it.
    pub(crate) fn fresh(&self, key: &K, now: Timestamp) -> Result<Arc<V>, Reading> {
        let kept = self.kept();
        match kept.things.get(key) {
            Some((at, thing)) if is_fresh(*at, now) => Ok(Arc::clone(thing)),
            _ => Err(Reading(kept.forgotten)),
        }
    }

    /// Keeps a thing that was read at `now`, unless something changed since.
    pub(crate) fn keep(
        &self,
        key: K,
        thing: V,
        Reading(forgotten): Reading,
        now: Timestamp,
    ) -> Arc<V> {
        let thing = Arc::new(thing);
        let mut kept = self.kept();
        if kept.forgotten == forgotten {
            if kept.things.len() >= KEPT {
                kept.things.clear();
            }
            kept.things.insert(key, (now, Arc::clone(&thing)));
        }
        thing
    }

    /// These have changed: they are read again on the next use. What is old goes as well, so that
    /// the next change has only those to look through that were read in the last second.
    pub(crate) fn forget(&self, now: Timestamp, has_changed: impl Fn(&V) -> bool) {
        let mut kept = self.kept();
        let stays = |at, thing: &V| is_fresh(at, now) && !has_changed(thing);
        kept.things.retain(|_, (at, thing)| stays(*at, thing));
        kept.forgotten += 1;
    }

    fn kept(&self) -> MutexGuard<'_, Kept<K, V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_fresh(at: Timestamp, now: Timestamp) -> bool {
    at <= now && now.since(at) < FRESH
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_micros(millis * 1000)
    }

    fn read(from: &Remembered<u8, &'static str>, now: Timestamp) -> Option<&'static str> {
        from.fresh(&1, now).ok().map(|it| *it)
    }

    #[test]
    fn a_thing_is_kept_for_a_second_or_until_it_changes() {
        let remembered = Remembered::default();
        let reading = remembered.fresh(&1, at(0)).expect_err("it is not there");
        remembered.keep(1, "one", reading, at(0));
        assert_eq!(read(&remembered, at(999)), Some("one"));
        assert_eq!(read(&remembered, at(1000)), None, "it is old");
        remembered.forget(at(1), |thing| *thing == "another");
        assert_eq!(read(&remembered, at(1)), Some("one"));
        remembered.forget(at(1), |thing| *thing == "one");
        assert_eq!(read(&remembered, at(1)), None, "it has changed");
    }

    #[test]
    fn a_change_looks_only_at_what_is_fresh_and_leaves_nothing_else() {
        let remembered = Remembered::default();
        for key in 0..10 {
            let reading = remembered.fresh(&key, at(0)).expect_err("it is not there");
            remembered.keep(key, "old", reading, at(0));
        }
        let reading = remembered.fresh(&1, at(1500)).expect_err("it is old");
        remembered.keep(1, "new", reading, at(1500));
        let looked_at = Cell::new(0);
        remembered.forget(at(1500), |_| {
            looked_at.set(looked_at.get() + 1);
            false
        });
        assert_eq!(looked_at.get(), 1);
        assert_eq!(remembered.kept().things.len(), 1);
        assert_eq!(read(&remembered, at(1500)), Some("new"));
    }

    #[test]
    fn what_was_read_before_a_change_is_not_kept_after_it() {
        let remembered = Remembered::default();
        let reading = remembered.fresh(&1, at(0)).expect_err("it is not there");
        remembered.forget(at(0), |_| true);
        let thing = remembered.keep(1, "old", reading, at(0));
        assert_eq!(*thing, "old", "whoever read it may show it");
        assert_eq!(read(&remembered, at(0)), None);
    }
}
