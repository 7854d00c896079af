//! Limits while Redis is away.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::rate::{Quota, RateKey, RateLimits};
use greenroom_domain::shared::store::StoreError;

use crate::limits::RedisRateLimits;

/// Counts on all nodes together; while Redis is away on this one alone, from full buckets:
/// then each quota holds for every node by itself.
pub struct RateLimitsWhenAway {
    shared: RedisRateLimits,
    local: Arc<dyn RateLimits>,
}

impl RateLimitsWhenAway {
    /// Counts by `local` while `shared` cannot.
    pub fn new(shared: RedisRateLimits, local: Arc<dyn RateLimits>) -> Self {
        Self { shared, local }
    }
}

#[async_trait]
impl RateLimits for RateLimitsWhenAway {
    async fn take(
        &self,
        key: &RateKey,
        quota: Quota,
        now: Timestamp,
    ) -> Result<Result<(), Duration>, StoreError> {
        match self.shared.take(key, quota, now).await {
            Err(StoreError::Unavailable(_)) => self.local.take(key, quota, now).await,
            answer => answer,
        }
    }
}
