//! PostgreSQL underneath: made ready, away, back, and not for two who do not know each other.

use std::time::{Duration, Instant};

use greenroom_testkit::servers::{PostgresServer, StopMode};
use greenroom_tests::cluster::Cluster;
use greenroom_tests::commands::Commands;
use greenroom_tests::wait;
use serde_json::json;

/// Who asks while the database is away is told so within this.
const TOLD: Duration = Duration::from_secs(3);
/// It is back, and within this all is well again.
const WELL: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_database_that_is_away_is_told_in_time_and_got_over() {
    let mut cluster = Cluster::start(1).await;
    let channel = cluster.nodes[0].channel("kim").await;
    let owner = cluster.nodes[0].api_as(&channel.token);
    let chat = "/api/v1/channels/kim/chat";
    let post = |text: &str| json!({ "text": text, "client_message_id": text });
    owner.post(chat, &post("before")).await.expect(201);

    cluster.postgres.stop(StopMode::Immediate);
    let begun = Instant::now();
    let read = owner.get("/api/v1/channels/nobody").await;
    let read_in = begun.elapsed();
    let begun = Instant::now();
    let written = owner.post(chat, &post("meanwhile")).await;
    let written_in = begun.elapsed();
    let ready = owner.get("/readyz").await;
    for (what, answer) in [("read", read), ("write", written), ("ready", ready)] {
        assert_eq!(answer.status, 503, "{what}: {}", answer.text);
        assert!(answer.headers.contains_key("retry-after"), "{what}");
    }
    assert!(
        read_in < TOLD && written_in < TOLD,
        "{read_in:?} {written_in:?}"
    );
    assert_eq!(owner.get("/healthz").await.status, 200, "the process lives");

    cluster.postgres.start_again();
    let begun = Instant::now();
    wait::until("it is ready again", WELL, async || {
        (owner.get("/readyz").await.status == 200).then_some(())
    })
    .await;
    // Sent again under the same name, it is there once.
    wait::until("the message is taken", WELL, async || {
        let answer = owner.post(chat, &post("meanwhile")).await;
        matches!(answer.status, 200 | 201).then_some(())
    })
    .await;
    assert!(begun.elapsed() < WELL, "{:?}", begun.elapsed());
    let log = greenroom_tests::chat::log(&owner, "kim").await;
    let texts: Vec<_> = log
        .iter()
        .filter_map(|line| line["text"].as_str())
        .collect();
    assert_eq!(texts, ["before", "meanwhile"]);
}

#[tokio::test]
async fn a_database_is_made_ready_by_migrate_or_by_serve() {
    let (database, _postgres) = database().await;
    let folder = tempfile::tempdir().expect("a folder for temporary files can be made");
    let commands = Commands::on(folder.path().join("data"))
        .await
        .with("GREENROOM_STORE", "postgres")
        .with("GREENROOM_POSTGRES__URL", database.url())
        .with("GREENROOM_POSTGRES__MIGRATE", "false");
    let refused = commands.run(&["serve"]).await;
    assert_ne!(refused.code, Some(0));
    assert!(refused.stderr.contains("greenroom migrate"), "{refused:?}");
    let doctor = commands.run(&["--json", "doctor"]).await;
    assert!(doctor.stdout.contains("greenroom migrate"), "{doctor:?}");

    for _ in 0..2 {
        let migrated = commands.run(&["migrate"]).await;
        assert_eq!(migrated.code, Some(0), "{migrated:?}");
    }
    let made = ["--json", "user", "create", "ann"];
    let made = commands.run_with(&made, "a long enough password").await;
    assert_eq!(made.code, Some(0), "{made:?}");
    let listed = commands.run(&["--json", "user", "list"]).await;
    assert!(listed.stdout.contains("\"ann\""), "{listed:?}");
}

#[tokio::test]
async fn nodes_that_share_nothing_else_do_not_share_a_database() {
    let cluster = Cluster::start(1).await;
    let folder = tempfile::tempdir().expect("a folder for temporary files can be made");
    let stranger = Commands::on(folder.path().join("data"))
        .await
        .with("GREENROOM_STORE", "postgres")
        .with("GREENROOM_POSTGRES__URL", cluster.database_url())
        .with("GREENROOM_HTTP__ADDRESS", "127.0.0.1:0")
        .with("GREENROOM_RTMP__ADDRESS", "127.0.0.1:0");
    let refused = stranger.run(&["serve"]).await;
    assert_ne!(refused.code, Some(0));
    assert!(refused.stderr.contains("[redis]"), "{refused:?}");

    // Nor is a Redis believed in that is not there.
    let gone = stranger.with("GREENROOM_REDIS__URL", "redis://127.0.0.1:1");
    let refused = gone.run(&["serve"]).await;
    assert_ne!(refused.code, Some(0));
    assert!(refused.stderr.contains("redis.url"), "{refused:?}");

    // A password in an address is nobody's to read.
    let secret = gone.with(
        "GREENROOM_POSTGRES__URL",
        "postgres://ada:s3cret@127.0.0.1:1/x",
    );
    let refused = secret.run(&["serve"]).await;
    assert_ne!(refused.code, Some(0));
    assert!(!refused.stderr.contains("s3cret"), "{refused:?}");
}

async fn database() -> (greenroom_testkit::servers::Database, PostgresServer) {
    let started = tokio::task::spawn_blocking(|| {
        let postgres = PostgresServer::start();
        (postgres.database(), postgres)
    });
    started.await.expect("a database for the test")
}
