//! Leases of one process.

use std::collections::HashMap;

use async_trait::async_trait;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::NodeId;
use greenroom_domain::shared::lease::{LeaseName, Leases};
use greenroom_domain::shared::store::StoreError;
use parking_lot::Mutex;

/// Who does what, among the parts of one process.
#[derive(Debug, Default)]
pub struct InMemoryLeases(Mutex<HashMap<LeaseName, Held>>);

#[derive(Debug, Clone, Copy)]
struct Held {
    by: NodeId,
    until: Timestamp,
}

#[async_trait]
impl Leases for InMemoryLeases {
    async fn acquire(
        &self,
        name: LeaseName,
        node: NodeId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut leases = self.0.lock();
        match leases.get(&name) {
            Some(held) if held.by != node && now < held.until => Ok(false),
            _ => {
                leases.insert(name, Held { by: node, until });
                Ok(true)
            }
        }
    }

    async fn release(&self, name: LeaseName, node: NodeId) -> Result<(), StoreError> {
        let mut leases = self.0.lock();
        if leases.get(&name).is_some_and(|held| held.by == node) {
            leases.remove(&name);
        }
        Ok(())
    }
}
