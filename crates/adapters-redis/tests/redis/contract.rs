//! Each port, held to its promises.

use std::sync::Arc;

use greenroom_adapters_redis::{
    PresenceWhenAway, RateLimitsWhenAway, RedisBus, RedisLeases, RedisNodes, RedisPresence,
    RedisRateLimits,
};
use greenroom_testkit::{SeededIds, contract, run};

use crate::away::LocalLimits;
use crate::{empty, new_prefix, open, server};

#[test]
fn presence() {
    run(contract::presence::all(
        async || RedisPresence::new(empty()),
    ));
}

#[test]
fn presence_with_its_own_view() {
    run(contract::presence::all(async || {
        PresenceWhenAway::new(RedisPresence::new(empty()))
    }));
}

#[test]
fn rate_limits() {
    run(contract::limits::all(
        async || RedisRateLimits::new(empty()),
    ));
}

#[test]
fn rate_limits_with_its_own_buckets() {
    run(contract::limits::all(async || {
        RateLimitsWhenAway::new(
            RedisRateLimits::new(empty()),
            Arc::new(LocalLimits::default()),
        )
    }));
}

#[test]
fn leases() {
    run(contract::leases::all(async || RedisLeases::new(empty())));
}

#[test]
fn nodes() {
    run(contract::nodes::all(async || RedisNodes::new(empty())));
}

#[test]
fn bus() {
    run(contract::bus::all(async || {
        let prefix = new_prefix();
        let join = async |origin| {
            RedisBus::join(open(&server().url(), &prefix), &SeededIds::new(origin)).await
        };
        [join(1).await, join(2).await, join(3).await]
    }));
}
