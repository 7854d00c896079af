//! Promises of `RateLimits`. Each function takes
//! one that has counted nothing.

use std::sync::Arc;
use std::time::Duration;

use greenroom_domain::shared::rate::{Quota, RateKey, RateLimits};

use crate::builders::noon_plus;

const QUOTA: Quota = Quota {
    burst: 5,
    per: Duration::from_secs(10),
};

/// All of the promises, each on a new one.
pub async fn all<L: RateLimits + 'static>(make: impl AsyncFn() -> L) {
    a_burst_passes_and_then_a_trickle(&make().await).await;
    keys_are_counted_apart(&make().await).await;
    what_was_refused_costs_nothing(&make().await).await;
    concurrent_takes_stay_within_the_quota(Arc::new(make().await)).await;
}

/// As many as may come at once do; the next may when it was told to come again.
pub async fn a_burst_passes_and_then_a_trickle(limits: &dyn RateLimits) {
    let key = key("chat", "ada");
    for n in 0..QUOTA.burst {
        assert_eq!(take(limits, &key, 0).await, Ok(()), "take {n}");
    }
    let wait = take(limits, &key, 0).await.expect_err("one too many");
    assert!(wait > Duration::ZERO && wait <= Duration::from_secs(2));
    let then = limits.take(&key, QUOTA, noon_plus(0) + wait).await;
    assert_eq!(then.expect("counted"), Ok(()), "after the wait");
    assert!(
        take(limits, &key, 2).await.is_err(),
        "one token in two seconds"
    );
    for n in 0..QUOTA.burst {
        assert_eq!(take(limits, &key, 60).await, Ok(()), "full again, take {n}");
    }
    assert!(take(limits, &key, 60).await.is_err(), "and no fuller");
}

/// One rule's, and one subject's, takes are not another's.
pub async fn keys_are_counted_apart(limits: &dyn RateLimits) {
    for _ in 0..QUOTA.burst {
        take(limits, &key("chat", "ada"), 0).await.expect("a token");
    }
    assert!(take(limits, &key("chat", "ada"), 0).await.is_err());
    for other in [key("chat", "bea"), key("sign-in", "ada"), key("chat", "")] {
        assert_eq!(take(limits, &other, 0).await, Ok(()));
    }
}

/// Who is refused again and again waits no longer for it.
pub async fn what_was_refused_costs_nothing(limits: &dyn RateLimits) {
    let key = key("chat", "ada");
    for _ in 0..100 {
        let _ = take(limits, &key, 0).await;
    }
    assert_eq!(take(limits, &key, 3).await, Ok(()));
}

/// Of many takes at once no more pass than the quota allows, and no fewer.
pub async fn concurrent_takes_stay_within_the_quota(limits: Arc<dyn RateLimits>) {
    let takes: Vec<_> = (0..40)
        .map(|_| {
            let limits = Arc::clone(&limits);
            tokio::spawn(async move { take(&*limits, &key("chat", "ada"), 0).await })
        })
        .collect();
    let mut passed = 0;
    for taken in takes {
        if taken.await.expect("a take that does not panic").is_ok() {
            passed += 1;
        }
    }
    assert_eq!(passed, QUOTA.burst);
}

fn key(rule: &'static str, subject: &str) -> RateKey {
    RateKey {
        rule,
        subject: subject.to_owned(),
    }
}

async fn take(limits: &dyn RateLimits, key: &RateKey, second: u64) -> Result<(), Duration> {
    let taken = limits.take(key, QUOTA, noon_plus(second)).await;
    taken.expect("counted")
}
