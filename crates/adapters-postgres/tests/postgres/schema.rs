//! The schema is brought up to date once, and one that does not fit is not opened.

use greenroom_adapters_postgres::{MigrateError, OpenError, PgOptions, PgStore, UrlError};

use crate::support::{self, options};

#[test]
fn nodes_that_start_at_once_migrate_once() {
    greenroom_testkit::run(async {
        let database = support::empty_database().await;
        let options = options(database.url());
        let (one, two, three) = tokio::join!(
            PgStore::migrate(&options),
            PgStore::migrate(&options),
            PgStore::migrate(&options)
        );
        for done in [one, two, three] {
            done.unwrap();
        }
        assert_eq!(PgStore::open(&options).await.unwrap().epoch(), 1);
    });
}

#[test]
fn an_older_schema_is_not_opened() {
    greenroom_testkit::run(async {
        let database = support::empty_database().await;
        let refused = PgStore::open(&options(database.url())).await.err().unwrap();
        assert!(matches!(refused, OpenError::Older), "{refused:?}");
        assert!(refused.to_string().contains("greenroom migrate"));
    });
}

#[test]
fn a_newer_schema_is_neither_opened_nor_migrated() {
    greenroom_testkit::run(async {
        let database = support::database().await;
        let mut operator = support::connect(&database).await;
        support::execute(
            &mut operator,
            "INSERT INTO _sqlx_migrations \
             (version, description, success, checksum, execution_time) \
             VALUES (9999, 'of tomorrow', true, '', 0)",
        )
        .await;
        let options = options(database.url());
        let refused = PgStore::open(&options).await.err().unwrap();
        assert!(matches!(refused, OpenError::Newer), "{refused:?}");
        let refused = PgStore::migrate(&options).await.unwrap_err();
        assert!(matches!(refused, MigrateError::Newer), "{refused:?}");
    });
}

#[test]
fn a_database_that_is_not_there_is_told_in_time_and_without_its_password() {
    greenroom_testkit::run(async {
        let options = PgOptions::parse("postgres://ada:s3cret@127.0.0.1:1/none").unwrap();
        let begun = tokio::time::Instant::now();
        let refused = PgStore::open(&options).await.err().unwrap();
        assert!(matches!(refused, OpenError::Store(_)), "{refused:?}");
        assert!(begun.elapsed() < std::time::Duration::from_secs(3));
        assert!(!format!("{refused:?} {options:?} {options}").contains("s3cret"));
        let wrong: UrlError = PgOptions::parse("s3cret").unwrap_err();
        assert!(!format!("{wrong:?} {wrong}").contains("s3cret"));
    });
}
