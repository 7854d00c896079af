//! The store keeps every promise of its ports.

use std::sync::Arc;

use greenroom_adapters_sled::{SledStore, StoreOptions};
use greenroom_domain::shared::id::NodeId;
use greenroom_testkit::contract::{Kept, StoreUnderTest};
use uuid::Uuid;

greenroom_testkit::store_contract!(sled);

#[expect(clippy::unused_async, reason = "the suites take a maker that may wait")]
async fn sled() -> Arc<dyn StoreUnderTest> {
    let folder = tempfile::tempdir().unwrap();
    let options = StoreOptions::new(NodeId::from_uuid(Uuid::from_u128(1))).kept_back(0);
    let store = SledStore::open(folder.path(), options).unwrap();
    Arc::new(Kept {
        store,
        with: folder,
    })
}
