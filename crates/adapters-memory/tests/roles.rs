//! Presence, rate limits, leases and objects in memory, held to the promises of their ports.

use greenroom_adapters_memory::{
    InMemoryLeases, InMemoryObjects, InMemoryPresence, InMemoryRateLimits,
};
use greenroom_testkit::{contract, run};

#[test]
fn presence() {
    run(contract::presence::all(async || {
        InMemoryPresence::default()
    }));
}

#[test]
fn rate_limits() {
    run(contract::limits::all(async || {
        InMemoryRateLimits::default()
    }));
}

#[test]
fn leases() {
    run(contract::leases::all(async || InMemoryLeases::default()));
}

#[test]
fn objects() {
    run(contract::objects::all(async || InMemoryObjects::default()));
}
