//! Promises of `Nodes`. Each function takes one in which nobody is announced.

use greenroom_domain::shared::node::{NodeAddress, Nodes};

use crate::builders::{node_id, noon_plus};

/// All of the promises, each on a new one.
pub async fn all<N: Nodes>(make: impl AsyncFn() -> N) {
    who_was_announced_is_there(&make().await).await;
    a_node_is_gone_when_its_time_has_run_out(&make().await).await;
    the_last_word_holds(&make().await).await;
    who_leaves_is_gone_at_once(&make().await).await;
}

/// A node that was announced is found, by itself and among all.
pub async fn who_was_announced_is_there(nodes: &dyn Nodes) {
    assert_eq!(all_at(nodes, 0).await, []);
    assert_eq!(at(nodes, "one", 0).await, None);
    announce(nodes, "one", "http://[::1]:8080", 15).await;
    announce(nodes, "two", "https://two.example.org/live", 15).await;
    let one = Some("http://[::1]:8080".to_owned());
    let two = Some("https://two.example.org/live".to_owned());
    assert_eq!(at(nodes, "one", 1).await, one);
    assert_eq!(at(nodes, "two", 1).await, two);
    assert_eq!(at(nodes, "three", 1).await, None);
    let mut both = ["one", "two"];
    both.sort_by_key(|name| node_id(name));
    assert_eq!(all_at(nodes, 1).await, both.map(node_id));
}

/// Who is not announced again in time is gone; who is stays.
pub async fn a_node_is_gone_when_its_time_has_run_out(nodes: &dyn Nodes) {
    announce(nodes, "one", "http://one", 15).await;
    for second in (0..60).step_by(5) {
        announce(nodes, "two", "http://two", second + 15).await;
    }
    assert!(at(nodes, "one", 14).await.is_some());
    assert_eq!(at(nodes, "one", 15).await, None);
    assert_eq!(all_at(nodes, 16).await, [node_id("two")]);
    assert!(at(nodes, "two", 69).await.is_some());
    assert_eq!(all_at(nodes, 71).await, []);
}

/// A node that is announced again is where it was announced last.
pub async fn the_last_word_holds(nodes: &dyn Nodes) {
    announce(nodes, "one", "http://one", 15).await;
    announce(nodes, "one", "http://moved", 20).await;
    assert_eq!(at(nodes, "one", 16).await.as_deref(), Some("http://moved"));
    assert_eq!(all_at(nodes, 16).await.len(), 1);
}

/// Who leaves is not there any more, and may come back; the others stay.
pub async fn who_leaves_is_gone_at_once(nodes: &dyn Nodes) {
    leave(nodes, "one").await;
    announce(nodes, "one", "http://one", 15).await;
    announce(nodes, "two", "http://two", 15).await;
    leave(nodes, "one").await;
    leave(nodes, "one").await;
    assert_eq!(at(nodes, "one", 1).await, None);
    assert_eq!(all_at(nodes, 1).await, [node_id("two")]);
    announce(nodes, "one", "http://one", 20).await;
    assert!(at(nodes, "one", 16).await.is_some());
}

async fn announce(nodes: &dyn Nodes, node: &str, address: &str, until: u64) {
    let address = NodeAddress::parse(address).expect("an address that fits");
    let announced = nodes.announce(node_id(node), &address, noon_plus(until));
    announced.await.expect("announced");
}

async fn leave(nodes: &dyn Nodes, node: &str) {
    nodes.leave(node_id(node)).await.expect("left");
}

async fn at(nodes: &dyn Nodes, node: &str, now: u64) -> Option<String> {
    let found = nodes.get(node_id(node), noon_plus(now)).await;
    found.expect("an answer").map(|it| it.as_str().to_owned())
}

async fn all_at(nodes: &dyn Nodes, now: u64) -> Vec<greenroom_domain::shared::id::NodeId> {
    let all = nodes.all(noon_plus(now)).await.expect("an answer");
    all.into_iter().map(|(id, _)| id).collect()
}
