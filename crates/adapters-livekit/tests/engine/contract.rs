//! The engine on LiveKit's stand-in is held to the promises of `MediaServer` and `Recorder`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::support::{House, LONG, demo, key, key_of_demo, lease, tape};
use async_trait::async_trait;
use greenroom_adapters_livekit::Options;
use greenroom_domain::media::{IngestLease, MediaEvent, MediaServer, SeatRole};
use greenroom_domain::recording::{RecordedFile, Recorder};
use greenroom_testkit::builders::stream_id;
use greenroom_testkit::contract::media_server::{self, MediaServerUnderTest};
use greenroom_testkit::contract::recorder::{self, RecorderUnderTest};
use greenroom_testkit::livekit::{Attendee, Faults, KEY, SECRET, StandIn, Wire};
use parking_lot::Mutex;

struct OnStandIn {
    house: House,
    livekit: Arc<StandIn>,
}

struct Encoder {
    attendee: Attendee,
    livekit: Arc<StandIn>,
}

#[async_trait]
impl MediaServerUnderTest for OnStandIn {
    fn server(&self) -> &dyn MediaServer {
        &*self.house.engine
    }

    async fn publish(&self, lease: IngestLease) -> Option<Box<dyn media_server::Encoder>> {
        let house = &self.house;
        let (stream, generation) = (lease.stream, lease.generation);
        house.admit(lease);
        let tab = u128::from(generation.0) << 64 | stream.uuid().as_u128() >> 64;
        let seat = house.seat(SeatRole::Publisher(key()), tab).await;
        let attendee = self.livekit.join(seat.token.expose()).expect("a seat");
        self.livekit.publish(&attendee).expect("it may publish");
        // Until it is decided.
        let began = Instant::now();
        loop {
            let status = house.engine.ingest_status(stream).await;
            let current = status.expect("from memory").map(|it| it.generation);
            if current == Some(generation) || !self.livekit.is_there(&attendee) {
                break;
            }
            assert!(began.elapsed() < LONG, "it is decided");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let livekit = Arc::clone(&self.livekit);
        livekit.is_there(&attendee).then(|| {
            let encoder = Encoder { attendee, livekit };
            Box::new(encoder) as Box<dyn media_server::Encoder>
        })
    }

    fn told(&self) -> Vec<MediaEvent> {
        self.house.app.told()
    }
}

#[async_trait]
impl media_server::Encoder for Encoder {
    async fn send(&mut self) -> bool {
        // Sending takes time, in which others get on.
        tokio::task::yield_now().await;
        self.livekit.is_there(&self.attendee)
    }

    async fn drop_out(self: Box<Self>) {
        self.livekit.leave(&self.attendee);
    }
}

#[tokio::test]
async fn the_engine_keeps_the_promises_of_a_media_server() {
    media_server::all(async || {
        let mut livekit = StandIn::start();
        let options = Options::new(&livekit.url(), KEY, SECRET).expect("options");
        let house = House::open(options);
        livekit.deliver_to(house.engine.clone(), Faults::default());
        OnStandIn {
            house,
            livekit: Arc::new(livekit),
        }
    })
    .await;
}

/// The recorder, and an encoder by RTMP.
struct Taping {
    recorder: Arc<dyn Recorder>,
    encoder: Mutex<Option<Attendee>>,
    stream_key: String,
    wire: Arc<Wire>,
    on: OnStandIn,
}

impl Taping {
    async fn open() -> Self {
        let mut livekit = StandIn::start();
        let options = Options::new(&livekit.url(), KEY, SECRET).expect("options");
        let house = House::open(options.recording(tape()));
        let wire = Wire::to(house.engine.clone());
        livekit.deliver_to(wire.clone(), Faults::default());
        let made = house.engine.ingest_credentials(key_of_demo()).await;
        let stream_key = made.expect("reachable")[0].secret.expose().to_owned();
        let livekit = Arc::new(livekit);
        Self {
            recorder: house.engine.recorder().expect("it records"),
            encoder: Mutex::default(),
            stream_key,
            wire,
            on: OnStandIn { house, livekit },
        }
    }

    async fn until_publisher(&self, is_there: bool) {
        let began = Instant::now();
        while self.on.house.publisher(1).await.is_some() != is_there {
            assert!(began.elapsed() < LONG, "the encoder is seen, or missed");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

#[async_trait]
impl RecorderUnderTest for Taping {
    fn recorder(&self) -> &dyn Recorder {
        &*self.recorder
    }

    async fn publish(&self) {
        self.on.house.admit(lease(1, 1));
        let encoder = self.on.livekit.connect(&self.stream_key).expect("a key");
        *self.encoder.lock() = Some(encoder);
        self.until_publisher(true).await;
    }

    async fn drop_out(&self) {
        let encoder = self.encoder.lock().take().expect("it publishes");
        self.on.livekit.leave(&encoder);
        self.until_publisher(false).await;
    }

    async fn end(&self) {
        let ended = self.on.house.engine.end(demo().id, stream_id("demo", 1));
        ended.await.expect("reachable");
    }

    fn told(&self) -> Vec<MediaEvent> {
        self.on.told()
    }

    async fn lose_events(&self) {
        self.wire.cut();
    }

    async fn begun(&self) -> usize {
        self.on.livekit.egresses().len()
    }

    async fn plays(&self, file: &RecordedFile) -> bool {
        file.location.starts_with("/recordings/")
    }

    async fn go_away(&self) {
        self.on.livekit.kill().await;
    }
}

#[tokio::test]
async fn it_keeps_the_promises_of_a_recorder() {
    recorder::all(Taping::open).await;
}
