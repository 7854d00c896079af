//! The machine's clock.

use greenroom_domain::shared::clock::{Clock, Timestamp};

/// Tells the time of day as the machine has it.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the adapter of the port `Clock`"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(chrono::Utc::now().timestamp_micros())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_goes_on_and_is_of_this_century() {
        let first = SystemClock.now();
        assert!(first > Timestamp::from_micros(1_767_225_600_000_000));
        assert!(first < Timestamp::from_micros(4_102_444_800_000_000));
        assert!(SystemClock.now() >= first);
    }
}
