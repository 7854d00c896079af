//! Rate limits of one process.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::rate::{Quota, RateKey, RateLimits, TokenBucket};
use greenroom_domain::shared::store::StoreError;
use parking_lot::Mutex;

/// Fewer buckets than this are not worth looking through.
const FEW: usize = 1024;

/// Counts what is done in this process.
///
/// Full buckets are forgotten whenever their number has doubled, so it holds at most twice
/// as many as are in use, and a take costs the same on average, however many there are.
#[derive(Debug, Default)]
pub struct InMemoryRateLimits(Mutex<Buckets>);

#[derive(Debug, Default)]
struct Buckets {
    by_key: HashMap<RateKey, TokenBucket>,
    /// How many were in use when full ones were forgotten last.
    in_use: usize,
}

impl Buckets {
    fn forget_full(&mut self, now: Timestamp) {
        if self.by_key.len() >= FEW.max(self.in_use * 2) {
            self.by_key.retain(|_, bucket| !bucket.is_full(now));
            self.in_use = self.by_key.len();
            self.by_key.shrink_to(self.in_use * 2);
        }
    }
}

#[async_trait]
impl RateLimits for InMemoryRateLimits {
    async fn take(
        &self,
        key: &RateKey,
        quota: Quota,
        now: Timestamp,
    ) -> Result<Result<(), Duration>, StoreError> {
        let mut buckets = self.0.lock();
        let bucket = match buckets.by_key.get(key) {
            Some(bucket) => *bucket,
            None => {
                buckets.forget_full(now);
                TokenBucket::full(now)
            }
        };
        match bucket.take(quota, now) {
            Ok(bucket) => {
                match buckets.by_key.get_mut(key) {
                    Some(kept) => *kept = bucket,
                    None => {
                        buckets.by_key.insert(key.clone(), bucket);
                    }
                }
                Ok(Ok(()))
            }
            Err(wait) => Ok(Err(wait)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_buckets_cost_nothing() {
        let limits = InMemoryRateLimits::default();
        let quota = Quota {
            burst: 1,
            per: Duration::from_secs(1),
        };
        greenroom_testkit::run(async {
            for n in 0..10_000_u64 {
                let key = RateKey {
                    rule: "test",
                    subject: n.to_string(),
                };
                let now = Timestamp::EPOCH + Duration::from_secs(2 * n);
                let taken = limits.take(&key, quota, now).await;
                assert_eq!(taken.expect("memory answers"), Ok(()));
            }
        });
        assert!(limits.0.lock().by_key.len() <= FEW);
    }
}
