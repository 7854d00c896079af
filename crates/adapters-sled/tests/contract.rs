//! The store keeps every promise of its ports.
#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

use std::sync::Arc;

use greenroom_adapters_sled::{SledStore, StoreOptions};
use greenroom_domain::shared::id::NodeId;
use greenroom_testkit::contract::archive::ArchiveUnderTest;
use greenroom_testkit::contract::{Kept, StoreUnderTest};
use uuid::Uuid;

greenroom_testkit::store_contract!(sled);

greenroom_testkit::archive_contract!(sled_archive);

async fn sled() -> Arc<dyn StoreUnderTest> {
    Arc::new(open())
}

async fn sled_archive() -> Arc<dyn ArchiveUnderTest> {
    Arc::new(open())
}

fn open() -> Kept<SledStore, tempfile::TempDir> {
    let folder = tempfile::tempdir().unwrap();
    let options = StoreOptions::new(NodeId::from_uuid(Uuid::from_u128(1))).kept_back(0);
    let store = SledStore::open(folder.path(), options).unwrap();
    Kept {
        store,
        with: folder,
    }
}
