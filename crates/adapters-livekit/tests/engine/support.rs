//! An application that lets in whom the test says, behind an engine on some LiveKit.

use std::sync::Arc;
use std::time::{Duration, Instant};

use greenroom_adapters_livekit::{LiveKit, Options, RecordingOptions};
use greenroom_domain::channel::Channel;
use greenroom_domain::media::{
    IngestLease, KeyOfChannel, KeyVersion, MediaEvent, MediaServer, Seat, SeatRequest, SeatRole,
    Tab,
};
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::stream::Generation;
use greenroom_testkit::ManualClock;
use greenroom_testkit::builders::{channel, noon_plus, stream_id, stream_key_id};
use greenroom_testkit::livekit::{Application, OneChannel};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Longer than anything here may take.
pub(crate) const LONG: Duration = Duration::from_secs(20);

/// The application, its engine, and what it was told.
pub(crate) struct House {
    pub(crate) engine: Arc<LiveKit>,
    pub(crate) app: Arc<Application>,
    stop: CancellationToken,
    running: Option<JoinHandle<()>>,
}

impl House {
    pub(crate) fn open(options: Options) -> Self {
        let clock = Arc::new(ManualClock::at(noon_plus(0)));
        let engine = LiveKit::new(options, Arc::new(OneChannel), clock);
        let app = Arc::new(Application::default());
        let stop = CancellationToken::new();
        let running = tokio::spawn(Arc::clone(&engine).run(app.clone(), stop.clone()));
        Self {
            engine,
            app,
            stop,
            running: Some(running),
        }
    }

    /// Ends, as at a shutdown.
    pub(crate) async fn close(mut self) {
        self.stop.cancel();
        let running = self.running.take().expect("it runs");
        let ended = tokio::time::timeout(LONG, running).await;
        ended.expect("it ends").expect("in good order");
    }

    pub(crate) async fn seat(&self, role: SeatRole, tab: u128) -> Seat {
        let demo = demo();
        let seat = SeatRequest {
            channel: demo.id,
            owner: demo.owner,
            role,
            tab: Tab::OneOfMany(Uuid::from_u128(tab)),
        };
        let seat = self.engine.take_seat(seat).await;
        seat.expect("reachable").expect("it has rooms")
    }

    /// The next publisher gets this.
    pub(crate) fn admit(&self, lease: IngestLease) {
        self.app.admit(lease);
    }

    /// Which publisher the stream has.
    pub(crate) async fn publisher(&self, n: u32) -> Option<Generation> {
        let status = self.engine.ingest_status(stream_id("demo", n)).await;
        status.expect("from memory").map(|it| it.generation)
    }

    pub(crate) fn watching(&self) -> Vec<Identity> {
        self.app.watching()
    }

    pub(crate) fn was_told(&self, event: &MediaEvent) -> bool {
        self.app.told().contains(event)
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// What LiveKit's stand-in is told about recordings.
pub(crate) fn tape() -> RecordingOptions {
    RecordingOptions::in_directory("/recordings").expect("a directory")
}

pub(crate) fn demo() -> Channel {
    channel("demo")
}

pub(crate) fn key() -> KeyVersion {
    KeyVersion {
        key: stream_key_id("demo", 1),
        since: noon_plus(1),
    }
}

pub(crate) fn key_of_demo() -> KeyOfChannel {
    KeyOfChannel {
        key: key(),
        channel: demo().id,
        owner: demo().owner,
    }
}

pub(crate) fn lease(n: u32, generation: u64) -> IngestLease {
    IngestLease {
        stream: stream_id("demo", n),
        channel: demo().id,
        handle: demo().handle,
        generation: Generation(generation),
    }
}

/// Until it is so.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < LONG, "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
