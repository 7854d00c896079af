//! Presence, rate limits, leases, the bus, nodes and objects in memory, held to the promises
//! of their ports.

use greenroom_adapters_memory::{
    InMemoryBus, InMemoryLeases, InMemoryNodes, InMemoryObjects, InMemoryPresence,
    InMemoryRateLimits,
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
fn bus() {
    run(contract::bus::all(async || {
        let one = InMemoryBus::default();
        [one.another(), one.another(), one]
    }));
}

#[test]
fn nodes() {
    run(contract::nodes::all(async || InMemoryNodes::default()));
}

#[test]
fn objects() {
    run(contract::objects::all(async || InMemoryObjects::default()));
}
