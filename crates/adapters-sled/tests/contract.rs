//! The store keeps every promise of its ports.
#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

use std::sync::Arc;

use greenroom_adapters_sled::{SledStore, StoreOptions};
use greenroom_domain::shared::id::NodeId;
use greenroom_testkit::contract::{Kept, StoreUnderTest};
use uuid::Uuid;

greenroom_testkit::store_contract!(sled);

async fn sled() -> Arc<dyn StoreUnderTest> {
    let folder = tempfile::tempdir().unwrap();
    let options = StoreOptions::new(NodeId::from_uuid(Uuid::from_u128(1))).kept_back(0);
    let store = SledStore::open(folder.path(), options).unwrap();
    Arc::new(Kept {
        store,
        with: folder,
    })
}
