//! Token buckets: how often is too often.

use std::time::Duration;

use async_trait::async_trait;

use crate::shared::clock::Timestamp;
use crate::shared::store::StoreError;

/// `burst` at once, refilled evenly over `per`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// How many may come at once.
    pub burst: u32,
    /// How long an empty bucket takes to be full again.
    pub per: Duration,
}

/// What is counted, for whom: `"chat"` and the room and author, say.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RateKey {
    /// The rule that counts.
    pub rule: &'static str,
    /// Whom it counts.
    pub subject: String,
}

/// A bucket of tokens. Pure; adapters keep one for each [`RateKey`].
///
/// ```
/// use std::time::Duration;
///
/// use greenroom_domain::shared::clock::Timestamp;
/// use greenroom_domain::shared::rate::{Quota, TokenBucket};
///
/// let quota = Quota { burst: 2, per: Duration::from_secs(10) };
/// let noon = Timestamp::from_micros(0);
/// let empty = TokenBucket::full(noon).take(quota, noon)?.take(quota, noon)?;
/// assert_eq!(empty.take(quota, noon), Err(Duration::from_secs(5)));
/// assert!(empty.take(quota, noon + Duration::from_secs(5)).is_ok());
/// # Ok::<(), Duration>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TokenBucket {
    /// When it will be full again.
    full_at: Timestamp,
}

impl TokenBucket {
    /// A full bucket.
    pub fn full(now: Timestamp) -> Self {
        Self { full_at: now }
    }

    /// Takes one token, or says how long until there is one.
    pub fn take(self, quota: Quota, now: Timestamp) -> Result<Self, Duration> {
        // Rounded up to what a timestamp can tell, so that no quota is more generous than it says.
        let one = Duration::from_micros(
            u64::try_from(
                quota
                    .per
                    .as_micros()
                    .div_ceil(u128::from(quota.burst.max(1))),
            )
            .unwrap_or(u64::MAX),
        );
        let full_at = self.full_at.max(now) + one;
        match full_at.since(now).checked_sub(quota.per) {
            None | Some(Duration::ZERO) => Ok(Self { full_at }),
            Some(wait) => Err(wait),
        }
    }

    /// Whether it can be forgotten: a new one is the same.
    pub fn is_full(self, now: Timestamp) -> bool {
        self.full_at <= now
    }
}

/// Counts what is done, on this node or on all of them.
///
/// Promises: of concurrent takes on one key no more than the quota allows succeed; a key
/// that is not used costs nothing after its bucket has filled.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait RateLimits: Send + Sync {
    /// Takes one token, or says after how long to try again.
    async fn take(
        &self,
        key: &RateKey,
        quota: Quota,
        now: Timestamp,
    ) -> Result<Result<(), Duration>, StoreError>;
}
