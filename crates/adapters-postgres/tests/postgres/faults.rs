//! A database that does not do what it is asked: whoever asks is told in time, and the store
//! is well again by itself.

use std::time::Duration;

use greenroom_adapters_postgres::PgStore;
use greenroom_domain::account::Users;
use greenroom_domain::shared::commit::{Commit, CommitError};
use greenroom_domain::shared::store::StoreError;
use greenroom_testkit::builders::{channel_id, creates_user, user, user_id};
use tokio::time::Instant;

use crate::support::{self, WELL_WITHIN, connect, cut, execute, log, options, says, until_well};

/// The promised two seconds, and what a busy machine adds.
const IN_TIME: Duration = Duration::from_secs(4);

async fn assert_unavailable(store: &PgStore) {
    let begun = Instant::now();
    match store.commit(says("ada", "not now")).await {
        Err(CommitError::Store(StoreError::Unavailable(_))) => {}
        other => panic!("nothing can be kept now: {other:?}"),
    }
    assert!(begun.elapsed() < IN_TIME, "{:?}", begun.elapsed());
}

#[test]
fn read_only_is_unavailable_for_as_long_as_it_lasts() {
    greenroom_testkit::run(async {
        let database = support::database().await;
        let store = support::open(&database).await;
        store
            .commit(creates_user(&user("ada").build()))
            .await
            .unwrap();
        let mut operator = connect(&database).await;
        let set = |on| {
            format!(
                "SET default_transaction_read_only = off; \
                 DO $$ BEGIN EXECUTE format('ALTER DATABASE %I \
                 SET default_transaction_read_only = {on}', current_database()); END $$"
            )
        };
        execute(&mut operator, &set("on")).await;
        cut(&mut operator).await;
        assert_unavailable(&store).await;
        let read = Users::get(&store, user_id("ada")).await.unwrap();
        assert!(read.is_some(), "reading goes on");

        execute(&mut operator, &set("off")).await;
        until_well(&store, says("ada", "again")).await;
        assert_eq!(log(&store, channel_id("ada")).await.len(), 1);
    });
}

/// A lock that an operator holds makes statements run out of time, and with them the pool.
#[test]
fn what_takes_too_long_is_unavailable_for_as_long_as_it_lasts() {
    greenroom_testkit::run(async {
        let database = support::database().await;
        let options = options(database.url()).max_connections(1);
        let store = PgStore::open(&options).await.unwrap();
        store
            .commit(creates_user(&user("ada").build()))
            .await
            .unwrap();
        let mut operator = connect(&database).await;
        execute(
            &mut operator,
            "BEGIN; LOCK TABLE users, room_heads IN ACCESS EXCLUSIVE MODE",
        )
        .await;
        let read = async || {
            let begun = Instant::now();
            let read = Users::get(&store, user_id("ada")).await;
            assert!(matches!(read, Err(StoreError::Unavailable(_))), "{read:?}");
            assert!(begun.elapsed() < IN_TIME, "{:?}", begun.elapsed());
        };
        // One has the connection, the others wait for it.
        tokio::join!(read(), read(), read(), assert_unavailable(&store));

        execute(&mut operator, "ROLLBACK").await;
        until_well(&store, says("ada", "again")).await;
        assert_eq!(
            log(&store, channel_id("ada")).await.len(),
            1,
            "what was refused was not kept"
        );
        assert!(Users::get(&store, user_id("ada")).await.unwrap().is_some());
    });
}

#[test]
fn connections_that_were_cut_are_not_noticed() {
    greenroom_testkit::run(async {
        let database = support::database().await;
        let store = support::open(&database).await;
        let mut operator = connect(&database).await;
        for n in 0..3 {
            // As many as the pool has.
            let read = || Users::get(&store, user_id("ada"));
            let (one, two, three) = tokio::join!(read(), read(), read());
            for read in [one, two, three] {
                read.unwrap();
            }
            store.commit(says("ada", &n.to_string())).await.unwrap();
            cut(&mut operator).await;
        }
        let read = || Users::get(&store, user_id("ada"));
        let (one, two, three) = tokio::join!(read(), read(), read());
        for read in [one, two, three] {
            read.unwrap();
        }
        assert!(until_well(&store, says("ada", "last")).await < WELL_WITHIN);
        assert_eq!(log(&store, channel_id("ada")).await.len(), 4);
    });
}

#[test]
fn a_value_that_cannot_be_kept_stands_in_nobodys_way() {
    greenroom_testkit::run(async {
        let database = support::database().await;
        let store = support::open(&database).await;
        // No text of PostgreSQL holds a NUL, and no password hash has one.
        let mut broken = user("ada").build();
        broken.login = greenroom_domain::account::Login::Local(
            greenroom_domain::account::PasswordHash("\0".to_owned()),
        );
        let (bad, good, other) = tokio::join!(
            store.commit(creates_user(&broken)),
            store.commit(says("ada", "hello")),
            store.commit(creates_user(&user("bea").build()))
        );
        assert!(
            matches!(bad, Err(CommitError::Store(StoreError::Corrupt { .. }))),
            "{bad:?}"
        );
        good.unwrap();
        other.unwrap();
    });
}

#[test]
fn a_closed_store_has_kept_what_it_was_given_and_takes_nothing() {
    greenroom_testkit::run(async {
        let database = support::database().await;
        let store = support::open(&database).await;
        let (kept, ()) = tokio::join!(store.commit(says("ada", "before")), store.close());
        store.close().await;
        assert_unavailable(&store).await;
        assert!(Users::get(&store, user_id("ada")).await.is_err());
        let reopened = support::open(&database).await;
        let lines = log(&reopened, channel_id("ada")).await.len();
        assert_eq!(lines, usize::from(kept.is_ok()), "{kept:?}");
    });
}
