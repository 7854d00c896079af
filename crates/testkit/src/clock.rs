//! A clock that only the test moves.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use greenroom_domain::shared::clock::{Clock, Timestamp};

/// Stands still until the test sets it.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// Stands at this moment.
    pub fn at(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.micros()))
    }

    /// Moves to this moment, back too.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.micros(), Ordering::SeqCst);
    }

    /// Moves on, and answers with the new time.
    pub fn advance(&self, time: Duration) -> Timestamp {
        let now = self.now() + time;
        self.set(now);
        now
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::at(crate::builders::NOON)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}
