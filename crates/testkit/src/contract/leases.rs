//! Promises of `Leases`. Each function takes one
//! in which nothing is leased.

use std::sync::Arc;

use greenroom_domain::shared::lease::{LeaseName, Leases};

use crate::builders::{node_id, noon_plus};

const SWEEP: LeaseName = LeaseName("sweep");
const FEED: LeaseName = LeaseName("feed");

/// All of the promises, each on a new one.
pub async fn all<L: Leases + 'static>(make: impl AsyncFn() -> L) {
    one_node_holds_a_lease(&make().await).await;
    a_lease_runs_out(&make().await).await;
    a_lease_is_given_back_by_its_holder(&make().await).await;
    of_many_who_ask_one_gets_it(Arc::new(make().await)).await;
}

/// What one node has another does not get; it renews its own; other leases are apart.
pub async fn one_node_holds_a_lease(leases: &dyn Leases) {
    assert!(acquire(leases, SWEEP, "one", 0, 10).await);
    assert!(!acquire(leases, SWEEP, "two", 1, 11).await);
    assert!(acquire(leases, FEED, "two", 1, 11).await);
    assert!(acquire(leases, SWEEP, "one", 9, 20).await, "renewed");
    assert!(!acquire(leases, SWEEP, "two", 11, 30).await);
    assert!(!acquire(leases, FEED, "one", 2, 12).await);
}

/// A lease whose time has run out may be taken by anybody, and is then the other's.
pub async fn a_lease_runs_out(leases: &dyn Leases) {
    assert!(acquire(leases, SWEEP, "one", 0, 10).await);
    assert!(acquire(leases, SWEEP, "two", 11, 20).await);
    assert!(!acquire(leases, SWEEP, "one", 12, 20).await);
}

/// Its holder gives a lease back; nobody else does.
pub async fn a_lease_is_given_back_by_its_holder(leases: &dyn Leases) {
    release(leases, SWEEP, "one").await;
    assert!(acquire(leases, SWEEP, "one", 0, 10).await);
    release(leases, SWEEP, "two").await;
    release(leases, FEED, "one").await;
    assert!(!acquire(leases, SWEEP, "two", 1, 10).await);
    release(leases, SWEEP, "one").await;
    assert!(acquire(leases, SWEEP, "two", 1, 10).await);
    assert!(!acquire(leases, SWEEP, "one", 2, 10).await);
}

/// Of many nodes that ask at once one gets the lease.
pub async fn of_many_who_ask_one_gets_it(leases: Arc<dyn Leases>) {
    let nodes: Vec<_> = (0..16)
        .map(|n| {
            let leases = Arc::clone(&leases);
            tokio::spawn(async move { acquire(&*leases, SWEEP, &format!("node-{n}"), 0, 10).await })
        })
        .collect();
    let mut holders = 0;
    for node in nodes {
        if node.await.expect("a node that does not panic") {
            holders += 1;
        }
    }
    assert_eq!(holders, 1);
}

async fn acquire(leases: &dyn Leases, name: LeaseName, node: &str, now: u64, until: u64) -> bool {
    let (now, until) = (noon_plus(now), noon_plus(until));
    let got = leases.acquire(name, node_id(node), now, until).await;
    got.expect("an answer")
}

async fn release(leases: &dyn Leases, name: LeaseName, node: &str) {
    let released = leases.release(name, node_id(node)).await;
    released.expect("an answer");
}
