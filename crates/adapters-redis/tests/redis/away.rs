//! While Redis is away, hangs, or has forgotten everything.

use std::collections::HashMap;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use greenroom_adapters_redis::{
    PresenceWhenAway, RateLimitsWhenAway, Redis, RedisLeases, RedisNodes, RedisPresence,
    RedisRateLimits,
};
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::lease::{LeaseName, Leases};
use greenroom_domain::shared::node::{NodeAddress, Nodes};
use greenroom_domain::shared::rate::{Quota, RateKey, RateLimits, TokenBucket};
use greenroom_domain::shared::store::StoreError;
use greenroom_domain::stream::{Audience, Presence, Via};
use greenroom_testkit::builders::{guest, node_id, noon_plus, stream_id};
use greenroom_testkit::run;
use greenroom_testkit::servers::RedisServer;

use crate::{command, eventually, new_prefix, open, server};

const QUOTA: Quota = Quota {
    burst: 3,
    per: Duration::from_secs(60),
};

#[test]
fn without_redis_every_port_says_so_at_once() {
    run(async {
        let mut server = RedisServer::start();
        let redis = open(&server.url(), &new_prefix());
        redis.check().await.unwrap();
        server.stop();
        every_port_is_unavailable(&redis).await;
        server.start_again();
        is_well_again(&redis).await;
    });
}

#[test]
fn a_redis_that_hangs_is_away() {
    run(async {
        let server = RedisServer::start();
        let redis = open(&server.url(), &new_prefix());
        redis.check().await.unwrap();
        assert_eq!(
            command(server.port(), &[b"CLIENT", b"PAUSE", b"4000", b"ALL"]),
            "+OK"
        );
        every_port_is_unavailable(&redis).await;
        is_well_again(&redis).await;
    });
}

#[test]
fn however_many_ask_redis_is_not_stormed() {
    run(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let url = format!("redis://{}", listener.local_addr().unwrap());
        let attempts = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&attempts);
        // Ends with the test's process.
        thread::spawn(move || {
            for connection in listener.incoming() {
                count.fetch_add(1, Ordering::Relaxed);
                drop(connection);
            }
        });
        let limits = RedisRateLimits::new(open(&url, &new_prefix()));
        let began = Instant::now();
        let mut asked = 0;
        while began.elapsed() < Duration::from_secs(2) {
            assert!(is_unavailable(
                &limits.take(&key(), QUOTA, noon_plus(0)).await
            ));
            asked += 1;
            tokio::task::yield_now().await;
        }
        let attempts = attempts.load(Ordering::Relaxed);
        assert!(
            (2..10).contains(&attempts) && asked > 1000,
            "{attempts} attempts for {asked} who asked"
        );
    });
}

#[test]
fn a_server_without_tls_is_away_for_who_wants_tls() {
    run(async {
        let url = server().url().replace("redis://", "rediss://");
        let redis = open(&url, &new_prefix());
        assert!(is_unavailable(&redis.check().await));
    });
}

#[test]
fn limits_hold_for_each_node_while_redis_is_away() {
    run(async {
        let mut server = RedisServer::start();
        let prefix = new_prefix();
        let nodes = [(); 2].map(|()| {
            let shared = RedisRateLimits::new(open(&server.url(), &prefix));
            RateLimitsWhenAway::new(shared, Arc::new(LocalLimits::default()))
        });
        assert_eq!(takes(&nodes[0]).await + takes(&nodes[1]).await, QUOTA.burst);
        server.stop();
        assert_eq!(takes(&nodes[0]).await, QUOTA.burst);
        assert_eq!(takes(&nodes[1]).await, QUOTA.burst);
        server.start_again();
        eventually("they count together again", async || {
            takes(&nodes[0]).await + takes(&nodes[1]).await == QUOTA.burst
        })
        .await;
        assert_eq!(takes(&nodes[0]).await + takes(&nodes[1]).await, 0);
    });
}

#[test]
fn a_node_knows_its_own_viewers_while_redis_is_away() {
    run(async {
        let mut server = RedisServer::start();
        let prefix = new_prefix();
        let [one, other] = [(); 2]
            .map(|()| PresenceWhenAway::new(RedisPresence::new(open(&server.url(), &prefix))));
        let stream = stream_id("ada", 1);
        let comes = async |node: &PresenceWhenAway, name: &str| {
            let renewed = node.renew(stream, guest(name), Via::Media, noon_plus(600));
            renewed.await.unwrap();
        };
        let count =
            async |node: &PresenceWhenAway| node.counts(&[stream], noon_plus(1)).await.unwrap()[0];
        let audience = async |node: &PresenceWhenAway, second| {
            let audience = node.audience(stream, noon_plus(second)).await;
            audience.unwrap()
        };
        let same = |viewers| Audience {
            viewers,
            ..Audience::default()
        };
        comes(&one, "ada").await;
        comes(&other, "bea").await;
        comes(&other, "cleo").await;
        assert_eq!(audience(&one, 1).await.joined.len(), 3);

        server.stop();
        comes(&one, "dora").await;
        let left = other.leave(stream, guest("cleo"), Via::Media).await;
        left.unwrap();
        assert_eq!((count(&one).await, count(&other).await), (2, 1));
        assert_eq!(
            other.participants(stream, noon_plus(2), 10).await.unwrap(),
            [guest("bea")]
        );
        assert_eq!(
            audience(&one, 2).await,
            same(2),
            "nobody is said to have gone"
        );

        // It comes back empty.
        server.start_again();
        eventually("all are there again", async || {
            count(&one).await == 3 && count(&other).await == 3
        })
        .await;
        // Another asks from now on.
        assert_eq!(audience(&other, 3).await, same(3), "it settles");
        let told = Audience {
            viewers: 3,
            joined: vec![guest("dora")],
            left: vec![guest("cleo")],
        };
        assert_eq!(audience(&other, 10).await, told, "each is told of once");
        assert_eq!(audience(&one, 11).await, same(3));
    });
}

#[test]
fn a_redis_that_only_hung_has_nobody_come_or_go_again() {
    run(async {
        let server = RedisServer::start();
        let redis = open(&server.url(), &new_prefix());
        let presence = PresenceWhenAway::new(RedisPresence::new(redis.clone()));
        let stream = stream_id("ada", 1);
        for name in ["ada", "bea"] {
            let renewed = presence.renew(stream, guest(name), Via::Media, noon_plus(600));
            renewed.await.unwrap();
        }
        let audience = async |second| {
            let audience = presence.audience(stream, noon_plus(second)).await;
            audience.unwrap()
        };
        assert_eq!(audience(1).await.joined.len(), 2);
        command(server.port(), &[b"CLIENT", b"PAUSE", b"2000", b"ALL"]);
        eventually("it hangs", async || redis.check().await.is_err()).await;
        let same = Audience {
            viewers: 2,
            ..Audience::default()
        };
        assert_eq!(audience(2).await, same);
        eventually("it answers", async || redis.check().await.is_ok()).await;
        assert_eq!(audience(3).await, same);
        assert_eq!(audience(10).await, same);
    });
}

async fn every_port_is_unavailable(redis: &Redis) {
    let limits = RedisRateLimits::new(redis.clone());
    let leases = RedisLeases::new(redis.clone());
    let presence = RedisPresence::new(redis.clone());
    let nodes = RedisNodes::new(redis.clone());
    let (now, stream, node) = (noon_plus(0), stream_id("ada", 1), node_id("one"));
    let address = NodeAddress::parse("http://one").unwrap();
    let began = Instant::now();
    assert!(is_unavailable(&limits.take(&key(), QUOTA, now).await));
    let first = began.elapsed();
    assert!(first < Duration::from_secs(1), "{first:?}");
    assert!(is_unavailable(&redis.check().await));
    let name = LeaseName("sweep");
    let acquired = leases.acquire(name, node, now, noon_plus(10)).await;
    assert!(is_unavailable(&acquired));
    assert!(is_unavailable(&leases.release(name, node).await));
    let renewed = presence.renew(stream, guest("gus"), Via::Media, now).await;
    assert!(is_unavailable(&renewed));
    assert!(is_unavailable(&presence.audience(stream, now).await));
    assert!(is_unavailable(&presence.counts(&[stream], now).await));
    assert!(is_unavailable(&presence.participants(stream, now, 9).await));
    assert!(is_unavailable(&presence.clear(stream).await));
    assert!(is_unavailable(&nodes.announce(node, &address, now).await));
    assert!(is_unavailable(&nodes.all(now).await));
    let all = began.elapsed();
    assert!(all < Duration::from_secs(3), "{all:?}");
}

async fn is_well_again(redis: &Redis) {
    let began = Instant::now();
    eventually("it answers again", async || redis.check().await.is_ok()).await;
    let took = began.elapsed();
    // A hanging one hung for a while.
    assert!(took < Duration::from_secs(6), "{took:?}");
}

/// How many of many takes pass.
async fn takes(limits: &RateLimitsWhenAway) -> u32 {
    let mut passed = 0;
    for _ in 0..10 {
        let taken = limits.take(&key(), QUOTA, noon_plus(0)).await;
        passed += u32::from(taken.unwrap().is_ok());
    }
    passed
}

fn key() -> RateKey {
    RateKey {
        rule: "chat",
        subject: "ada".to_owned(),
    }
}

fn is_unavailable<T>(answer: &Result<T, StoreError>) -> bool {
    matches!(answer, Err(StoreError::Unavailable(_)))
}

/// What a node counts by alone.
#[derive(Default)]
pub(crate) struct LocalLimits(Mutex<HashMap<RateKey, TokenBucket>>);

#[async_trait]
impl RateLimits for LocalLimits {
    async fn take(
        &self,
        key: &RateKey,
        quota: Quota,
        now: Timestamp,
    ) -> Result<Result<(), Duration>, StoreError> {
        let mut buckets = self.0.lock().unwrap();
        let bucket = buckets
            .entry(key.clone())
            .or_insert_with(|| TokenBucket::full(now));
        let taken = bucket.take(quota, now);
        Ok(taken.map(|next| *bucket = next))
    }
}
