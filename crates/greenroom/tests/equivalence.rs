//! Sled and PostgreSQL answer as the store in memory does, whatever they are told.
//!
//! Here, because adapters do not know each other and this crate knows them all.
#![cfg(all(feature = "sled", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

use std::sync::Arc;

use greenroom_adapters_memory::InMemoryStore;
use greenroom_adapters_postgres::{PgOptions, PgStore};
use greenroom_adapters_sled::{SledStore, StoreOptions};
use greenroom_domain::shared::commit::Changes;
use greenroom_testkit::builders::{message, node_id, viewer};
use greenroom_testkit::contract::equivalence::{check, stores_agree};
use greenroom_testkit::contract::{Kept, Subject};
use greenroom_testkit::run;
use greenroom_testkit::servers::PostgresServer;

#[test]
fn sled_answers_as_memory_does() {
    stores_agree(64, async || (memory(), sled()));
}

#[test]
fn postgres_answers_as_memory_does() {
    stores_agree(24, async || (memory(), postgres().await));
}

#[test]
fn a_store_that_knows_more_is_told_apart() {
    run(async {
        let (reference, other) = (memory(), memory());
        check(&reference, &other, &[]).await.unwrap();
        let said = Changes::new().line(message("bea", viewer("ada"), "only here").line());
        other.commit().commit(said).await.unwrap();
        let difference = check(&reference, &other, &[]).await.unwrap_err();
        assert_eq!(difference.question, "where the log of bea ends");
    });
}

fn memory() -> Subject {
    Arc::new(InMemoryStore::new())
}

fn sled() -> Subject {
    let with = tempfile::tempdir().unwrap();
    let options = StoreOptions::new(node_id("equivalence")).kept_back(0);
    let store = SledStore::open(with.path(), options).unwrap();
    Arc::new(Kept { store, with })
}

async fn postgres() -> Subject {
    let made = tokio::task::spawn_blocking(|| {
        let migrate = |url: &str| run(async { PgStore::migrate(&options(url)).await }).unwrap();
        let server = PostgresServer::shared();
        server.template("equivalence", migrate).database()
    });
    let with = made.await.unwrap();
    let store = PgStore::open(&options(with.url())).await.unwrap();
    Arc::new(Kept { store, with })
}

fn options(url: &str) -> PgOptions {
    PgOptions::parse(url).unwrap().max_connections(4)
}
