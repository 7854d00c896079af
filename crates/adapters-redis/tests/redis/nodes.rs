//! Two nodes on one Redis.

use std::time::Duration;

use greenroom_adapters_redis::{RedisLeases, RedisPresence, RedisRateLimits};
use greenroom_domain::shared::lease::{LeaseName, Leases};
use greenroom_domain::shared::rate::{Quota, RateKey, RateLimits, TokenBucket};
use greenroom_domain::stream::{Presence, Via};
use greenroom_testkit::builders::{connection_id, guest, node_id, noon_plus, stream_id};
use greenroom_testkit::run;

use crate::{empty, two};

#[test]
fn a_quota_holds_for_all_nodes_together() {
    run(async {
        let nodes = two().map(RedisRateLimits::new);
        let quota = Quota {
            burst: 10,
            per: Duration::from_secs(60),
        };
        let key = RateKey {
            rule: "chat",
            subject: "ada".to_owned(),
        };
        let mut passed = 0;
        for n in 0..30 {
            let taken = nodes[n % 2].take(&key, quota, noon_plus(0)).await;
            passed += u32::from(taken.unwrap().is_ok());
        }
        assert_eq!(passed, quota.burst);
    });
}

#[test]
fn a_bucket_is_the_domains_to_the_microsecond() {
    run(async {
        let limits = RedisRateLimits::new(empty());
        let mut random = 7_u64;
        let mut draw = move |below: u64| {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (random >> 33) % below
        };
        for (n, (burst, per)) in [
            (1, 1),
            (3, 1_000_000),
            (7, 10_000_001),
            (1000, 86_400_000_000),
        ]
        .into_iter()
        .enumerate()
        {
            let quota = Quota {
                burst,
                per: Duration::from_micros(per),
            };
            let key = RateKey {
                rule: "test",
                subject: n.to_string(),
            };
            let mut now = noon_plus(0);
            let mut bucket = TokenBucket::full(now);
            for _ in 0..300 {
                let taken = limits.take(&key, quota, now).await.unwrap();
                assert_eq!(taken, bucket.take(quota, now).map(|next| bucket = next));
                // Also a clock that is set back a little.
                now = now + Duration::from_micros(draw(per))
                    - Duration::from_micros(draw(per / 2 + 1));
            }
        }
    });
}

#[test]
fn two_nodes_have_one_audience_and_tell_of_it_once() {
    run(async {
        let [one, other] = two().map(RedisPresence::new);
        let stream = stream_id("ada", 1);
        // More than one script looks at.
        let viewers = 5000;
        for n in 0..viewers {
            let node = if n % 2 == 0 { &one } else { &other };
            let who = guest(&format!("viewer-{n}"));
            let renewed = node.renew(stream, who, Via::Media, noon_plus(60)).await;
            renewed.unwrap();
        }
        let (here, there) = tokio::join!(
            one.audience(stream, noon_plus(1)),
            other.audience(stream, noon_plus(1))
        );
        let mut joined = [here.unwrap().joined, there.unwrap().joined].concat();
        joined.sort();
        joined.dedup();
        assert_eq!(joined.len(), viewers);
        let (here, there) = tokio::join!(
            one.audience(stream, noon_plus(61)),
            other.audience(stream, noon_plus(61))
        );
        let (here, there) = (here.unwrap(), there.unwrap());
        assert_eq!(here.left.len() + there.left.len(), viewers);
        assert_eq!((here.viewers, there.viewers), (0, 0));
    });
}

#[test]
fn a_lease_is_not_lost_to_a_clock_that_is_a_little_ahead() {
    run(async {
        let [one, other] = two().map(RedisLeases::new);
        let (name, now, until) = (LeaseName("sweep"), noon_plus(0), noon_plus(10));
        assert!(one.acquire(name, node_id("one"), now, until).await.unwrap());
        let early = until + Duration::from_millis(500);
        let taken = other.acquire(name, node_id("other"), early, noon_plus(20));
        assert!(!taken.await.unwrap());
    });
}

#[test]
fn a_lease_is_free_when_its_time_is_over_whatever_the_clocks_say() {
    run(async {
        let [one, other] = two().map(RedisLeases::new);
        let name = LeaseName("sweep");
        let until = noon_plus(0) + Duration::from_millis(200);
        let acquired = one.acquire(name, node_id("one"), noon_plus(0), until);
        assert!(acquired.await.unwrap());
        // A clock that is far behind.
        let slow = noon_plus(0) - Duration::from_secs(3600);
        let acquire = async || {
            let acquired = other.acquire(name, node_id("other"), slow, noon_plus(0));
            acquired.await.unwrap()
        };
        assert!(!acquire().await);
        crate::eventually("the lease is free", acquire).await;
    });
}

#[test]
fn platforms_that_share_a_redis_do_not_meet() {
    run(async {
        let stream = stream_id("ada", 1);
        let [one, other] = [empty(), empty()].map(RedisPresence::new);
        let renewed = one.renew(stream, guest("gus"), Via::Media, noon_plus(60));
        renewed.await.unwrap();
        let count = async |it: &RedisPresence| it.counts(&[stream], noon_plus(1)).await.unwrap();
        assert_eq!((count(&one).await, count(&other).await), (vec![1], vec![0]));
    });
}

#[test]
fn somebody_who_connects_again_and_again_takes_bounded_room() {
    run(async {
        let presence = RedisPresence::new(empty());
        let stream = stream_id("ada", 1);
        let socket = |n: u64| Via::Socket(connection_id(&format!("socket-{n}")));
        for n in 0..100 {
            let renewed = presence.renew(stream, guest("gus"), socket(n), noon_plus(60 + n));
            renewed.await.unwrap();
        }
        let count = async || presence.counts(&[stream], noon_plus(1)).await.unwrap();
        assert_eq!(count().await, [1]);
        // Those that last longest are kept, and no more.
        let mut left = 0;
        for n in (0..100).rev() {
            if count().await == [0] {
                break;
            }
            presence
                .leave(stream, guest("gus"), socket(n))
                .await
                .unwrap();
            left += 1;
        }
        assert_eq!(left, 32);
    });
}
