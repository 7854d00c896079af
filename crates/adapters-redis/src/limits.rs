//! Rate limits of all nodes together.

use std::time::Duration;

use async_trait::async_trait;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::rate::{Quota, RateKey, RateLimits};
use greenroom_domain::shared::store::StoreError;
use redis::Script;

use crate::link::Redis;

/// Counts what is done on all nodes. A bucket is a key that expires once it is full.
///
/// A node whose clock is ahead makes the others wait as much longer, though never much longer
/// than the quota takes to fill: Redis counts that down by itself.
#[derive(Debug)]
pub struct RedisRateLimits {
    redis: Redis,
    take: Script,
}

impl RedisRateLimits {
    /// Counts in this Redis.
    pub fn new(redis: Redis) -> Self {
        Self {
            redis,
            take: Script::new(include_str!("limits.lua")),
        }
    }
}

#[async_trait]
impl RateLimits for RedisRateLimits {
    async fn take(
        &self,
        key: &RateKey,
        quota: Quota,
        now: Timestamp,
    ) -> Result<Result<(), Duration>, StoreError> {
        let bucket = format!("{}:{}", key.rule, key.subject);
        let mut take = self.take.prepare_invoke();
        take.key(self.redis.key("limit", bucket))
            .arg(now.micros())
            .arg(u64::try_from(quota.per.as_micros()).unwrap_or(u64::MAX))
            .arg(quota.burst.max(1));
        match self.redis.run(&take).await? {
            0 => Ok(Ok(())),
            wait => Ok(Err(Duration::from_micros(wait))),
        }
    }
}
