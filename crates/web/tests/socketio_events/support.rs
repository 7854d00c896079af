//! A server on its own port, and the script that plays its clients.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use greenroom_adapters_memory::{
    InMemoryBus, InMemoryLeases, InMemoryNodes, InMemoryObjects, InMemoryPresence, InMemoryStore,
    SystemClock,
};
use greenroom_app::stream::ingest::Ingests;
use greenroom_app::{App, Ports, Roles, Settings};
use greenroom_domain::account::VerifiedToken;
use greenroom_domain::channel::KeySecret;
use greenroom_domain::media::{MediaEvent, MediaEvents, PublishRequest};
use greenroom_domain::recording::RecordingProgress;
use greenroom_domain::shared::clock::{Clock, Timestamp};
use greenroom_domain::shared::node::NodeAddress;
use greenroom_domain::shared::rate::{Quota, RateKey, RateLimits};
use greenroom_domain::shared::store::StoreError;
use greenroom_testkit::SeededIds;
use greenroom_testkit::builders::{node_id, recorded_file};
use greenroom_testkit::identity::{GlassBox, KnownTokens, PlainPasswords, says};
use greenroom_testkit::media::FakeMediaServer;
use greenroom_testkit::pictures::PlainPictures;
use greenroom_testkit::recording::InMemoryRecorder;
use greenroom_web::WebConfig;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

/// No scenario takes longer.
const PATIENCE: Duration = Duration::from_secs(90);
const HOUR: Duration = Duration::from_secs(3600);

/// The system's time, moved on by the script.
struct ShiftedClock(AtomicI64);

impl Clock for ShiftedClock {
    fn now(&self) -> Timestamp {
        let shift = self.0.load(Ordering::SeqCst);
        Timestamp::from_micros(SystemClock.now().micros() + shift)
    }
}

/// Nobody chats too fast for a test.
struct NoLimits;

#[async_trait]
impl RateLimits for NoLimits {
    async fn take(
        &self,
        _: &RateKey,
        _: Quota,
        _: Timestamp,
    ) -> Result<Result<(), Duration>, StoreError> {
        Ok(Ok(()))
    }
}

/// A platform in memory that knows the tokens `owner` (a creator), `root` (an administrator),
/// `ann`, `bob`, those of the documents, and `brief`, which is worth something for a minute.
fn platform(
    clock: Arc<ShiftedClock>,
    recorder: Arc<InMemoryRecorder>,
    rate_limits: Arc<dyn RateLimits>,
) -> Arc<App> {
    let store = Arc::new(InMemoryStore::new());
    let tokens = Arc::new(KnownTokens::default());
    let now = clock.now();
    for name in ["ann", "bob", "artist123", "viewer1"] {
        tokens.add(name, says(name, now + HOUR));
    }
    tokens.add("brief", says("brief", now + Duration::from_secs(60)));
    tokens.add(
        "root",
        VerifiedToken {
            is_admin: Some(true),
            ..says("root", now + HOUR)
        },
    );
    tokens.add(
        "owner",
        VerifiedToken {
            is_creator: true,
            ..says("owner", now + HOUR)
        },
    );
    let roles = Roles {
        presence: Arc::new(InMemoryPresence::default()),
        rate_limits,
        leases: Arc::new(InMemoryLeases::default()),
        bus: Arc::new(InMemoryBus::default()),
        nodes: Arc::new(InMemoryNodes::default()),
        passwords: Arc::new(PlainPasswords),
        tokens,
        secrets: Arc::new(GlassBox),
        media: Arc::new(FakeMediaServer::default()),
        recorder: Some(recorder),
        objects: Arc::new(InMemoryObjects::default()),
        pictures: Arc::new(PlainPictures),
        clock,
        ids: Arc::new(SeededIds::new(1)),
    };
    let ports = Ports::over(store, roles);
    let settings = Settings {
        // Renewed every second.
        socket_presence: Duration::from_secs(3),
        ..Settings::default()
    };
    App::new(node_id("one"), ports, settings)
}

/// Does behind the scenes what the script orders.
struct Stagehand {
    app: Arc<App>,
    clock: Arc<ShiftedClock>,
    recorder: Arc<InMemoryRecorder>,
}

impl Stagehand {
    async fn obey(&self, order: &str) {
        let words: Vec<&str> = order.split(' ').collect();
        match *words {
            ["advance", seconds] => {
                let seconds: i64 = seconds.parse().unwrap();
                self.clock
                    .0
                    .fetch_add(seconds * 1_000_000, Ordering::SeqCst);
            }
            ["publish", key] => self.publish(key).await,
            ["recorded", id, "recording"] => {
                let since = self.clock.now();
                self.recorded(id, RecordingProgress::Recording { since })
                    .await;
            }
            ["recorded", id, "available"] => {
                let file = recorded_file("any", 1);
                self.recorded(id, RecordingProgress::Available(file)).await;
            }
            _ => panic!("an order that is not known: {order}"),
        }
    }

    /// An encoder comes with this key.
    async fn publish(&self, key: &str) {
        let request = PublishRequest {
            key: KeySecret::parse(key).unwrap(),
            peer: [203, 0, 113, 7].into(),
        };
        let ingests = Ingests(Arc::clone(&self.app));
        ingests.authorize_publish(request).await.unwrap();
    }

    /// The recorder tells how far a recording is.
    async fn recorded(&self, id: &str, progress: RecordingProgress) {
        let recording = id.parse().unwrap();
        self.recorder.set(recording, progress.clone());
        let event = MediaEvent::Recorded {
            recording,
            progress,
        };
        let ingests = Ingests(Arc::clone(&self.app));
        ingests.report(event).await.unwrap();
    }
}

/// Plays one scenario of the script against a new server.
pub(crate) async fn play(scenario: &str) {
    play_script("socketio_events/client.mjs", scenario).await;
}

/// The same with another script of this folder.
pub(crate) async fn play_script(script: &str, scenario: &str) {
    play_at(script, scenario, Arc::new(NoLimits), WebConfig::default()).await;
}

/// The same at a server that is configured so, and limits how fast people chat so.
pub(crate) async fn play_at(
    script: &str,
    scenario: &str,
    rate_limits: Arc<dyn RateLimits>,
    config: WebConfig,
) {
    let packages = tokio::task::spawn_blocking(node_packages).await.unwrap();
    let shutdown = CancellationToken::new();
    let _stop = shutdown.clone().drop_guard();
    let clock = Arc::new(ShiftedClock(AtomicI64::new(0)));
    let recorder = Arc::new(InMemoryRecorder::default());
    let app = platform(Arc::clone(&clock), Arc::clone(&recorder), rate_limits);
    let config = WebConfig {
        quota: Quota {
            burst: 1_000_000,
            per: Duration::from_secs(1),
        },
        shutdown: shutdown.clone(),
        ..config
    };
    let router = greenroom_web::router(Arc::clone(&app), &config);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let address = NodeAddress::parse(&url).unwrap();
    tokio::spawn(Arc::clone(&app).run(address, shutdown.clone()));
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });

    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(script);
    let mut node = Command::new("node")
        .arg(script)
        .args([scenario, &url])
        .arg(packages)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("node is installed");
    let mut orders = BufReader::new(node.stdout.take().unwrap()).lines();
    let mut answers = node.stdin.take().unwrap();
    let mut complaints = node.stderr.take().unwrap();
    let stagehand = Stagehand {
        app: Arc::clone(&app),
        clock,
        recorder,
    };
    let played = async {
        let obey = async {
            while let Some(order) = orders.next_line().await.unwrap() {
                stagehand.obey(&order).await;
                answers.write_all(b"done\n").await.unwrap();
            }
        };
        let mut said = String::new();
        let ((), read) = tokio::join!(obey, complaints.read_to_string(&mut said));
        read.unwrap();
        (node.wait().await.unwrap(), said)
    };
    let (status, said) = tokio::time::timeout(PATIENCE, played)
        .await
        .expect("a scenario that ends");
    assert!(status.success(), "{scenario}: {said}");

    // Nothing is left behind: no connection, no listener, no task.
    shutdown.cancel();
    config.tasks.close();
    tokio::time::timeout(PATIENCE, config.tasks.wait())
        .await
        .expect("every task ends at shutdown");
    assert_eq!(config.meters.connections.load(Ordering::SeqCst), 0);
    assert_eq!(app.hub.rooms(), 0, "rooms that somebody still listens to");
}

/// The folder of the Node packages, installed if they are not.
fn node_packages() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/node")
        .canonicalize()
        .unwrap();
    let lock = File::create(std::env::temp_dir().join("greenroom-npm.lock")).unwrap();
    lock.lock().unwrap();
    let packages = folder.join("node_modules");
    let clients = ["graphql-ws", "socket.io-client"];
    if !clients.iter().all(|client| packages.join(client).exists()) {
        let status = std::process::Command::new("npm")
            .args(["ci", "--silent"])
            .current_dir(&folder)
            .status();
        assert!(status.expect("npm is installed").success(), "npm ci");
    }
    folder
}
