//! The store keeps every promise of its ports.

use std::sync::Arc;

use greenroom_testkit::contract::archive::ArchiveUnderTest;
use greenroom_testkit::contract::{Kept, StoreUnderTest};

use crate::support;

greenroom_testkit::store_contract!(postgres);

async fn postgres() -> Arc<dyn StoreUnderTest> {
    let with = support::database().await;
    let store = support::open(&with).await;
    Arc::new(Kept { store, with })
}

greenroom_testkit::archive_contract!(postgres_archive);

async fn postgres_archive() -> Arc<dyn ArchiveUnderTest> {
    let with = support::database().await;
    let store = support::open(&with).await;
    Arc::new(Kept { store, with })
}
