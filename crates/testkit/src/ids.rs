//! Ids and secrets that are the same in every run.

use std::sync::atomic::{AtomicU64, Ordering};

use greenroom_domain::shared::id::Ids;
use uuid::{Builder, Uuid};

/// Gives the same ids in the same order for the same seed. UUIDs are of version 7 and grow.
#[derive(Debug)]
pub struct SeededIds {
    seed: u64,
    given: AtomicU64,
}

impl SeededIds {
    /// Different seeds share no id.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            given: AtomicU64::new(0),
        }
    }

    fn next(&self) -> u64 {
        self.given.fetch_add(1, Ordering::SeqCst) + 1
    }
}

impl Default for SeededIds {
    fn default() -> Self {
        Self::new(0)
    }
}

impl Ids for SeededIds {
    fn uuid(&self) -> Uuid {
        let millis = 1_767_225_600_000 + self.next();
        let mut random = [0; 10];
        random[2..].copy_from_slice(&mix(self.seed).to_be_bytes());
        Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }

    fn secret(&self) -> [u8; 32] {
        let mut state = mix(self.seed) ^ self.next();
        let mut secret = [0; 32];
        for part in secret.chunks_exact_mut(8) {
            state = mix(state);
            part.copy_from_slice(&state.to_be_bytes());
        }
        secret
    }
}

/// `SplitMix64`: spreads a number over 64 bits, the same everywhere. No randomness.
pub(crate) fn mix(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_repeat_grow_and_are_not_shared_between_seeds() {
        let (one, again, other) = (SeededIds::new(1), SeededIds::new(1), SeededIds::new(2));
        let first = one.uuid();
        assert_eq!(first, again.uuid());
        assert!(first < one.uuid());
        assert_ne!(first, other.uuid());
        assert_ne!(one.secret(), one.secret());
        assert_eq!(first.get_version_num(), 7);
    }
}
