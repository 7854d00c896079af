//! Presence, rate limits and leases in memory, held to the promises of their ports.

use greenroom_adapters_memory::{InMemoryLeases, InMemoryPresence, InMemoryRateLimits};
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
