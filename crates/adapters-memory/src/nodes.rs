//! Nodes of one process.

use std::collections::BTreeMap;

use async_trait::async_trait;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::NodeId;
use greenroom_domain::shared::node::{NodeAddress, Nodes};
use greenroom_domain::shared::store::StoreError;
use parking_lot::Mutex;

/// Which nodes there are, among the parts of one process.
#[derive(Debug, Default)]
pub struct InMemoryNodes(Mutex<BTreeMap<NodeId, Announced>>);

#[derive(Debug)]
struct Announced {
    address: NodeAddress,
    until: Timestamp,
}

#[async_trait]
impl Nodes for InMemoryNodes {
    async fn announce(
        &self,
        node: NodeId,
        address: &NodeAddress,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let address = address.clone();
        self.0.lock().insert(node, Announced { address, until });
        Ok(())
    }

    async fn leave(&self, node: NodeId) -> Result<(), StoreError> {
        self.0.lock().remove(&node);
        Ok(())
    }

    async fn all(&self, now: Timestamp) -> Result<Vec<(NodeId, NodeAddress)>, StoreError> {
        let mut nodes = self.0.lock();
        nodes.retain(|_, announced| now < announced.until);
        let all = nodes.iter();
        Ok(all.map(|(id, it)| (*id, it.address.clone())).collect())
    }
}
