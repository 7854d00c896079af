//! The schema is brought up to date once, and one that does not fit is not opened.

use greenroom_adapters_postgres::{MigrateError, OpenError, PgOptions, PgStore, UrlError};
use greenroom_domain::chat::{
    ChatRate, ChatSettings, LineBody, Moderation, RoomLog, Seq, SlowMode,
};
use greenroom_domain::shared::store::Version;
use greenroom_testkit::builders::channel_id;

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

/// Rooms and lines as they were written before there were pins, and rules for followers.
#[test]
fn what_an_older_version_wrote_is_read() {
    greenroom_testkit::run(async {
        let database = support::database().await;
        let mut operator = support::connect(&database).await;
        let id = channel_id("ada").uuid();
        let settings = r#"{"enabled": true, "guests": false, "slow_mode": 3,
            "max_length": 200, "rate": "strict"}"#;
        support::execute(
            &mut operator,
            &format!(
                "INSERT INTO rooms (channel, version, settings) VALUES ('{id}', 7, '{settings}'); \
                 INSERT INTO room_heads VALUES ('{id}', 1); \
                 INSERT INTO lines (room, seq, at, body) \
                 VALUES ('{id}', 1, 0, jsonb_build_object('settings_changed', '{settings}'::jsonb))"
            ),
        )
        .await;
        let store = support::open(&database).await;
        let room = store.room(channel_id("ada")).await.unwrap().unwrap();
        let expected = ChatSettings {
            guests: false,
            slow_mode: SlowMode::new(3).ok(),
            max_length: 200,
            rate: ChatRate::Strict,
            ..ChatSettings::default()
        };
        assert_eq!(room.version, Version(7));
        assert_eq!(room.value.settings, expected);
        assert!(room.value.pins.is_empty());
        let line = store
            .line(channel_id("ada"), Seq(1))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(line.body, LineBody::SettingsChanged(expected));
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
