//! Timestamps of 32 bits, which wrap after 49.7 days, made 64 bits wide.

/// The clock of one session, common to sound and picture so that they stay
/// together across a wrap.
#[derive(Debug, Default)]
pub(super) struct Clock {
    last: Option<i64>,
}

impl Clock {
    /// The nearest 64-bit time to the last one that ends in `timestamp`: a step
    /// back stays a step back, a wrap goes on upwards.
    pub(super) fn unwrap(&mut self, timestamp: u32) -> i64 {
        let time = match self.last {
            None => i64::from(timestamp),
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_possible_wrap,
                reason = "modular arithmetic on the low 32 bits"
            )]
            Some(last) => last + i64::from(timestamp.wrapping_sub(last as u32) as i32),
        };
        self.last = Some(time);
        time
    }
}

#[cfg(test)]
mod tests {
    use super::Clock;

    #[test]
    fn time_goes_on_across_the_wrap_and_small_steps_back_survive_it() {
        let mut clock = Clock::default();
        let seen: Vec<i64> = [u32::MAX - 20, u32::MAX, 19, u32::MAX - 1, 40]
            .map(|timestamp| clock.unwrap(timestamp))
            .to_vec();
        let wrap = 1_i64 << 32;
        assert_eq!(seen, [wrap - 21, wrap - 1, wrap + 19, wrap - 2, wrap + 40]);
    }

    #[test]
    fn an_encoder_that_starts_again_at_zero_is_believed() {
        let mut clock = Clock::default();
        clock.unwrap(3_600_000);
        assert_eq!(clock.unwrap(0), 0);
    }
}
