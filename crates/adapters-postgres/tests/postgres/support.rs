//! Databases, stores, and what is often done with them.

use std::time::Duration;

use greenroom_adapters_postgres::{PgOptions, PgStore};
use greenroom_domain::chat::{Place, Seq};
use greenroom_domain::shared::commit::{Changes, Commit};
use greenroom_domain::shared::id::ChannelId;
use greenroom_testkit::builders::{message, viewer};
use greenroom_testkit::servers::{Database, PostgresServer};
use sqlx::{Connection, PgConnection};
use tokio::time::Instant;

/// So long it may take until the store is well again.
pub(crate) const WELL_WITHIN: Duration = Duration::from_secs(5);

/// A migrated database in the cluster that all tests share.
pub(crate) async fn database() -> Database {
    let made = tokio::task::spawn_blocking(|| {
        let server = PostgresServer::shared();
        server.template("store", migrate).database()
    });
    made.await.unwrap()
}

/// An empty one.
pub(crate) async fn empty_database() -> Database {
    let made = tokio::task::spawn_blocking(|| PostgresServer::shared().database());
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

/// An operator's connection.
pub(crate) async fn connect(database: &Database) -> PgConnection {
    PgConnection::connect(database.url()).await.unwrap()
}

/// What an operator types.
pub(crate) async fn execute(connection: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()))
        .execute(connection)
        .await
        .unwrap();
}

/// Ends everybody else's connections.
pub(crate) async fn cut(operator: &mut PgConnection) {
    execute(
        operator,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    .await;
}

pub(crate) fn says(handle: &str, text: &str) -> Changes {
    Changes::new().line(message(handle, viewer("bea"), text).line())
}

/// Every line of a room: where it stands and what it is.
pub(crate) async fn log(store: &PgStore, room: ChannelId) -> Vec<(Place, String)> {
    use greenroom_domain::chat::RoomLog;
    let lines = store.after(room, Seq::ZERO, usize::MAX).await.unwrap();
    let told = lines
        .into_iter()
        .map(|line| (line.place, format!("{:?}", line.body)));
    told.collect()
}

/// Commits until it is kept, and says how long that took.
pub(crate) async fn until_well(store: &PgStore, changes: Changes) -> Duration {
    let begun = Instant::now();
    while let Err(error) = store.commit(changes.clone()).await {
        assert!(begun.elapsed() < WELL_WITHIN, "still {error:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    begun.elapsed()
}
