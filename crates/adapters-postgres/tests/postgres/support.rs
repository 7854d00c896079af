//! Databases and stores for the tests.

use greenroom_adapters_postgres::{PgOptions, PgStore};
use greenroom_testkit::servers::{Database, PostgresServer};

/// A migrated database in the cluster that all tests share.
pub(crate) async fn database() -> Database {
    let made = tokio::task::spawn_blocking(|| {
        let server = PostgresServer::shared();
        server.template("store", migrate).database()
    });
    made.await.unwrap()
}

/// Brings a database up to date, from outside of any runtime.
pub(crate) fn migrate(url: &str) {
    greenroom_testkit::run(async { PgStore::migrate(&options(url)).await }).unwrap();
}

pub(crate) fn options(url: &str) -> PgOptions {
    PgOptions::parse(url).unwrap().max_connections(4)
}

/// A store on a database.
pub(crate) async fn open(database: &Database) -> PgStore {
    PgStore::open(&options(database.url())).await.unwrap()
}
