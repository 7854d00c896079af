//! The store in memory, held to the promises of the stores.

use std::sync::Arc;

use greenroom_adapters_memory::InMemoryStore;
use greenroom_testkit::contract::StoreUnderTest;
use greenroom_testkit::contract::archive::ArchiveUnderTest;

async fn make() -> Arc<dyn StoreUnderTest> {
    Arc::new(InMemoryStore::new())
}

greenroom_testkit::store_contract!(make);

async fn make_archive() -> Arc<dyn ArchiveUnderTest> {
    Arc::new(InMemoryStore::new())
}

greenroom_testkit::archive_contract!(make_archive);
