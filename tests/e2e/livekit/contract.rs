//! The engine on a real LiveKit is held to the promises of `MediaServer`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use greenroom_adapters_livekit::{CheckError, LiveKit, Options};
use greenroom_domain::media::{
    IngestLease, KeyOfChannel, KeyVersion, MediaEvent, MediaServer, SeatRequest, SeatRole, Tab,
};
use greenroom_testkit::ManualClock;
use greenroom_testkit::builders::{channel, noon_plus, stream_key_id};
use greenroom_testkit::contract::media_server::{self, MediaServerUnderTest};
use greenroom_testkit::livekit::{Application, OneChannel, take_webhooks};
use greenroom_testkit::servers::RedisServer;
use greenroom_tests::livekit::{Browser, Doors, KEY, LiveKitServer, SECRET};
use greenroom_tests::ports;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(20);
/// Nobody is behind them.
const DOORS: Doors = Doors {
    rtmp: 1935,
    whip: 8080,
};

struct OnLiveKit {
    engine: Arc<LiveKit>,
    app: Arc<Application>,
    browser: Arc<Mutex<Browser>>,
    stop: CancellationToken,
    _livekit: LiveKitServer,
    _redis: Option<RedisServer>,
}

struct Encoder {
    page: String,
    browser: Arc<Mutex<Browser>>,
}

async fn open(redis: Option<RedisServer>) -> OnLiveKit {
    let port = ports::apart();
    let url = format!("ws://127.0.0.1:{port}");
    let options = Options::new(&url, KEY, SECRET).expect("options");
    let clock = Arc::new(ManualClock::at(noon_plus(0)));
    let engine = LiveKit::new(options.clone(), Arc::new(OneChannel), clock);
    let webhook = take_webhooks(engine.clone()).await;
    let livekit = match &redis {
        Some(redis) => LiveKitServer::start_on(redis, port, &webhook, DOORS).await,
        None => LiveKitServer::start(port, &webhook).await,
    };
    LiveKit::check(&options).await.expect("it is right");
    let (app, stop) = (Arc::new(Application::default()), CancellationToken::new());
    tokio::spawn(Arc::clone(&engine).run(app.clone(), stop.clone()));
    OnLiveKit {
        engine,
        app,
        browser: Arc::new(Mutex::new(Browser::start().await)),
        stop,
        _livekit: livekit,
        _redis: redis,
    }
}

impl Drop for OnLiveKit {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

#[async_trait]
impl MediaServerUnderTest for OnLiveKit {
    fn server(&self) -> &dyn MediaServer {
        &*self.engine
    }

    async fn publish(&self, lease: IngestLease) -> Option<Box<dyn media_server::Encoder>> {
        let (stream, generation) = (lease.stream, lease.generation);
        let page = format!("{stream} {}", generation.0);
        self.app.admit(lease);
        let demo = channel("demo");
        let seat = SeatRequest {
            channel: demo.id,
            owner: demo.owner,
            role: SeatRole::Publisher(KeyVersion {
                key: stream_key_id("demo", 1),
                since: noon_plus(1),
            }),
            tab: Tab::OneOfMany(Uuid::from_u128(
                stream.uuid().as_u128() ^ u128::from(generation.0) << 64,
            )),
        };
        let seat = self.engine.take_seat(seat).await.expect("reachable");
        let seat = seat.expect("it has rooms");
        let mut browser = self.browser.lock().await;
        browser
            .try_to_publish(&page, &seat.url, seat.token.expose())
            .await;
        let began = Instant::now();
        loop {
            let status = self.engine.ingest_status(stream).await;
            let current = status.expect("from memory").map(|it| it.generation);
            if current == Some(generation) {
                break;
            }
            if browser.state(&page).await["room"] == "disconnected" {
                return None;
            }
            assert!(began.elapsed() < PATIENCE, "it is decided");
        }
        let browser = Arc::clone(&self.browser);
        Some(Box::new(Encoder { page, browser }))
    }

    fn told(&self) -> Vec<MediaEvent> {
        self.app.told()
    }
}

#[async_trait]
impl media_server::Encoder for Encoder {
    async fn send(&mut self) -> bool {
        self.browser.lock().await.state(&self.page).await["room"] == "connected"
    }

    async fn drop_out(self: Box<Self>) {
        self.browser.lock().await.close(&self.page).await;
    }
}

#[tokio::test]
async fn the_engine_keeps_the_promises_of_a_media_server() {
    media_server::all(async || open(None).await).await;
}

#[tokio::test]
async fn with_redis_it_makes_an_ingress_for_each_way_to_publish() {
    let test = open(Some(RedisServer::start())).await;
    media_server::there_is_a_way_in_and_out(&test).await;
    let demo = channel("demo");
    let key = KeyOfChannel {
        key: KeyVersion {
            key: stream_key_id("demo", 1),
            since: noon_plus(1),
        },
        channel: demo.id,
        owner: demo.owner,
    };
    let credentials = async || {
        test.engine
            .ingest_credentials(key)
            .await
            .expect("reachable")
    };
    let made = credentials().await;
    let ways: Vec<(&str, &str)> = made
        .iter()
        .map(|it| (it.protocol, it.url.as_str()))
        .collect();
    let expected = [
        ("rtmp", "rtmp://127.0.0.1:1935/x"),
        ("whip", "http://127.0.0.1:8080/w"),
    ];
    assert_eq!(ways, expected);
    assert_eq!(made, credentials().await, "they are there");
    let withdrawn = test.engine.withdraw_credentials(key.key.key).await;
    withdrawn.expect("reachable");
    assert_ne!(made, credentials().await, "others are made");
}

#[tokio::test]
async fn a_wrong_key_secret_or_address_is_named() {
    let port = ports::apart();
    let livekit = LiveKitServer::start(port, "http://127.0.0.1:1/").await;
    let check = async |url: &str, key: &str, secret: &str| {
        LiveKit::check(&Options::new(url, key, secret).expect("options")).await
    };
    let url = livekit.url();
    check(&url, KEY, SECRET).await.expect("it is right");
    let wrong = check(&url, "other", SECRET).await;
    assert!(matches!(wrong, Err(CheckError::UnknownKey)), "{wrong:?}");
    let wrong = check(&url, KEY, "another secret of over 32 characters").await;
    assert!(matches!(wrong, Err(CheckError::WrongSecret)), "{wrong:?}");
    let wrong = check(&format!("{url}/elsewhere/"), KEY, SECRET).await;
    let named = matches!(wrong, Err(CheckError::NotLiveKit { status: 404, .. }));
    assert!(named, "{wrong:?}");
}
