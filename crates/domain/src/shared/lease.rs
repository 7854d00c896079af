//! Leases: what one node does at a time.

use async_trait::async_trait;

use crate::shared::clock::Timestamp;
use crate::shared::id::NodeId;
use crate::shared::store::StoreError;

/// Which work is leased, `"feed:media-effects"` say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LeaseName(pub &'static str);

/// Who does what, one node at a time.
///
/// Promises: no two nodes hold the same lease at the same moment by the clock that the
/// callers share; a lease whose time ran out may be taken by anybody.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Leases: Send + Sync {
    /// Takes the lease, or renews one's own, until `until`. False when another node has it.
    async fn acquire(
        &self,
        name: LeaseName,
        node: NodeId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Gives it back; nothing happens when it is another's.
    async fn release(&self, name: LeaseName, node: NodeId) -> Result<(), StoreError>;
}
