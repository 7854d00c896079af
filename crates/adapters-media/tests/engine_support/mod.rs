//! An engine with its listener and router, an application whose answers the test sets, and
//! encoders made of bytes.
#![allow(
    dead_code,
    clippy::allow_attributes,
    clippy::missing_panics_doc,
    reason = "every test file uses its part"
)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use bytes::{Buf as _, BytesMut};
use greenroom_adapters_media::{Door, Engine, EngineConfig};
use greenroom_domain::channel::Handle;
use greenroom_domain::media::{
    GrantToken, IngestLease, MediaEvent, MediaEvents, PlaybackLease, PlaybackRefused,
    PlaybackRequest, PublishRefused, PublishRequest,
};
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::clock::{Clock, Timestamp};
use greenroom_domain::shared::id::ChannelId;
use greenroom_domain::shared::node::NodeAddress;
use greenroom_domain::shared::store::StoreError;
use greenroom_domain::stream::Generation;
use greenroom_testkit::builders::{NOON, channel_id, guest, stream_id};
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::rtmp_support::{Chunks, Format, call, codes, opening};

/// A key that can be one.
pub(crate) const KEY: &str = "gk_00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// Runs on from noon, and skips what a test does not wait for.
pub(crate) struct SkippingClock {
    began: Instant,
    skipped: Mutex<Duration>,
}

impl Clock for SkippingClock {
    fn now(&self) -> Timestamp {
        NOON + self.began.elapsed() + *self.skipped.lock()
    }
}

type Publish = dyn FnMut(&PublishRequest) -> Result<IngestLease, PublishRefused> + Send;

/// Answers as the test says, and writes down what it is told.
pub(crate) struct Application {
    pub(crate) publish: Mutex<Box<Publish>>,
    pub(crate) publish_asked: AtomicUsize,
    /// Answers wait for a permit.
    pub(crate) answers: Semaphore,
    pub(crate) banned: Mutex<Vec<(ChannelId, Identity)>>,
    /// The node that has the media, where that is another.
    pub(crate) elsewhere: Mutex<Option<NodeAddress>>,
    pub(crate) playback_asked: AtomicUsize,
    /// The next so many reports fail.
    pub(crate) failures: AtomicUsize,
    pub(crate) report_tried: AtomicUsize,
    pub(crate) told: Mutex<Vec<MediaEvent>>,
}

#[derive(Debug, thiserror::Error)]
#[error("the test told it to fail")]
pub(crate) struct ToldToFail;

impl Application {
    fn new() -> Self {
        Self {
            publish: Mutex::new(Box::new(|_| Ok(lease(1, 1)))),
            publish_asked: AtomicUsize::new(0),
            answers: Semaphore::new(Semaphore::MAX_PERMITS),
            banned: Mutex::default(),
            elsewhere: Mutex::default(),
            playback_asked: AtomicUsize::new(0),
            failures: AtomicUsize::new(0),
            report_tried: AtomicUsize::new(0),
            told: Mutex::default(),
        }
    }

    /// The next encoders get this lease.
    pub(crate) fn admit(&self, lease: IngestLease) {
        *self.publish.lock() = Box::new(move |_| Ok(lease.clone()));
    }

    /// The encoders that are gone: of which of the channel `demo`'s streams, and which.
    pub(crate) fn lost(&self) -> Vec<(u64, Generation)> {
        let streams = [1, 2, 3].map(|n| (u64::from(n), stream_id("demo", n)));
        let told = self.told.lock();
        told.iter()
            .filter_map(|event| match event {
                MediaEvent::IngestLost { stream, generation } => {
                    let n = streams.iter().find(|(_, id)| id == stream);
                    Some((n.map_or(0, |(n, _)| *n), *generation))
                }
                _ => None,
            })
            .collect()
    }

    pub(crate) fn watched(&self) -> Vec<(ChannelId, Vec<Identity>)> {
        let told = self.told.lock();
        told.iter()
            .filter_map(|event| match event {
                MediaEvent::Watched { channel, viewers } => Some((*channel, viewers.clone())),
                _ => None,
            })
            .collect()
    }

    pub(crate) fn asked(&self) -> usize {
        self.playback_asked.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl MediaEvents for Application {
    async fn authorize_publish(
        &self,
        request: PublishRequest,
    ) -> Result<IngestLease, PublishRefused> {
        self.publish_asked.fetch_add(1, Ordering::SeqCst);
        let permit = self.answers.acquire().await;
        permit
            .map_err(|error| PublishRefused::Unavailable(Box::new(error)))?
            .forget();
        (self.publish.lock())(&request)
    }

    /// Channels begin with `demo`; a guest's token is `g-<handle>-<name>`.
    async fn authorize_playback(
        &self,
        request: PlaybackRequest,
    ) -> Result<PlaybackLease, PlaybackRefused> {
        let asked = self.playback_asked.fetch_add(1, Ordering::SeqCst);
        let handle = request.handle.as_str().to_owned();
        if !handle.starts_with("demo") {
            return Err(PlaybackRefused::NoSuchChannel);
        }
        let grant = match request.grant {
            Some(grant) => grant,
            None => token(&handle, &format!("new{asked}")),
        };
        let name = grant.expose().strip_prefix(&format!("g-{handle}-"));
        let viewer = guest(name.ok_or(PlaybackRefused::BadGrant)?);
        let channel = channel_id(&handle);
        // It looks first, and may take long to answer.
        let banned = self.banned.lock().contains(&(channel, viewer));
        let answered = self.answers.acquire().await;
        answered
            .map_err(|error| PlaybackRefused::Unavailable(Box::new(error)))?
            .forget();
        if banned {
            return Err(PlaybackRefused::Forbidden);
        }
        if let Some(node) = self.elsewhere.lock().clone() {
            return Err(PlaybackRefused::Elsewhere(node));
        }
        Ok(PlaybackLease {
            channel,
            viewer,
            grant,
            expires_at: NOON + Duration::from_secs(3600),
        })
    }

    async fn report(&self, event: MediaEvent) -> Result<(), StoreError> {
        self.report_tried.fetch_add(1, Ordering::SeqCst);
        let failing = self
            .failures
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                left.checked_sub(1)
            });
        if failing.is_ok() {
            return Err(StoreError::Unavailable(Box::new(ToldToFail)));
        }
        self.told.lock().push(event);
        Ok(())
    }
}

/// A guest's grant.
pub(crate) fn token(handle: &str, name: &str) -> GrantToken {
    GrantToken::parse(&format!("g-{handle}-{name}")).expect("a token")
}

/// The lease of the channel `demo`'s nth stream.
pub(crate) fn lease(n: u32, generation: u64) -> IngestLease {
    lease_of("demo", n, generation)
}

pub(crate) fn lease_of(handle: &str, n: u32, generation: u64) -> IngestLease {
    IngestLease {
        stream: stream_id(handle, n),
        channel: channel_id(handle),
        handle: Handle::parse(handle).expect("a handle"),
        generation: Generation(generation),
    }
}

/// A running engine.
pub(crate) struct House {
    pub(crate) engine: Arc<Engine>,
    pub(crate) app: Arc<Application>,
    pub(crate) rtmp: SocketAddr,
    pub(crate) shutdown: CancellationToken,
    pub(crate) running: Option<JoinHandle<()>>,
    pub(crate) router: Router,
    clock: Arc<SkippingClock>,
}

impl Drop for House {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

impl House {
    pub(crate) async fn open() -> Self {
        Self::with(EngineConfig::default()).await
    }

    pub(crate) async fn with(config: EngineConfig) -> Self {
        let clock = Arc::new(SkippingClock {
            began: Instant::now(),
            skipped: Mutex::default(),
        });
        let engine = Engine::new(config, Arc::clone(&clock) as Arc<dyn Clock>);
        let app = Arc::new(Application::new());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let rtmp = listener.local_addr().expect("bound");
        let shutdown = CancellationToken::new();
        let running = tokio::spawn(Arc::clone(&engine).run(
            vec![Door::plain(listener)],
            Arc::clone(&app) as Arc<dyn MediaEvents>,
            shutdown.clone(),
        ));
        // The application is connected in the engine's first step.
        tokio::task::yield_now().await;
        Self {
            router: engine.router(),
            engine,
            app,
            rtmp,
            shutdown,
            running: Some(running),
            clock,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> (StatusCode, String) {
        get(self.router.clone(), path.to_owned()).await
    }

    /// An encoder that was let in and has sent `groups` groups of two seconds.
    pub(crate) async fn on_air(&self, lease: IngestLease, groups: u32) -> Encoder {
        let handle = lease.handle.clone();
        self.app.admit(lease);
        let mut encoder = Encoder::connect(self.rtmp).await;
        assert!(encoder.publish("live", KEY).await, "it is let in");
        encoder.configure().await;
        self.groups(&mut encoder, groups).await;
        if groups > 1 {
            self.playable(handle.as_str()).await;
        }
        encoder
    }

    /// The encoder sends groups of two seconds and the key frame of the next, all at once.
    pub(crate) async fn groups(&self, encoder: &mut Encoder, count: u32) {
        *self.clock.skipped.lock() += Duration::from_millis(u64::from(count * GROUP));
        encoder.groups(count).await;
    }

    /// Until the channel's playlist is there; answers with its rendition's path.
    pub(crate) async fn playable(&self, handle: &str) -> String {
        let (status, playlist) = self
            .get(&format!("/hls/{handle}/index.m3u8?grant=g-{handle}-ada"))
            .await;
        assert_eq!(status, StatusCode::OK, "{playlist}");
        let rendition = playlist
            .lines()
            .find(|line| line.contains("/video/index."))
            .unwrap_or_else(|| panic!("a rendition in\n{playlist}"));
        format!("/hls/{handle}/{rendition}")
    }

    /// Until a media playlist fulfils a condition.
    pub(crate) async fn playlist(&self, path: &str, is_so: impl Fn(&str) -> bool) -> String {
        let mut last = String::new();
        let found = async {
            loop {
                last = self.get(path).await.1;
                if is_so(&last) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let found = tokio::time::timeout(Duration::from_secs(10), found).await;
        assert!(found.is_ok(), "not yet so:\n{last}");
        last
    }

    /// Ends it, within a second.
    pub(crate) async fn shut_down(&mut self) {
        self.shutdown.cancel();
        let running = self.running.take().expect("it runs");
        let ended = tokio::time::timeout(Duration::from_secs(1), running).await;
        ended.expect("it ends within a second").expect("no panic");
    }
}

pub(crate) async fn get(router: Router, path: String) -> (StatusCode, String) {
    let request = Request::get(path).body(Body::empty()).expect("a request");
    let response = router.oneshot(request).await.expect("infallible");
    let status = response.status();
    let body = to_bytes(response.into_body(), 64 << 20).await;
    let body = body.expect("a body");
    (status, String::from_utf8_lossy(&body).into_owned())
}

/// Where a request is sent on to, if it is.
pub(crate) async fn sent_to(router: Router, path: String) -> Option<String> {
    let request = Request::get(path).body(Body::empty()).expect("a request");
    let response = router.oneshot(request).await.expect("infallible");
    let is_redirect = response.status() == StatusCode::TEMPORARY_REDIRECT;
    let headers = response.headers();
    // Also for players on another site.
    let is_open = headers[header::ACCESS_CONTROL_ALLOW_ORIGIN] == "*";
    let location = headers.get(header::LOCATION)?.to_str().ok()?;
    (is_redirect && is_open).then(|| location.to_owned())
}

/// Until it is so.
pub(crate) async fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(10);
    while !is_so() {
        assert!(Instant::now() < until, "it never came to this: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A whole configuration as encoders send it: 640x360, baseline.
const AVC: &[u8] = &[
    0x01, 0x42, 0xc0, 0x1e, 0xff, 0xe1, 0x00, 0x19, 0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0, 0x2f,
    0xf9, 0x70, 0x11, 0x00, 0x00, 0x03, 0x00, 0x01, 0x00, 0x00, 0x03, 0x00, 0x32, 0x0f, 0x16, 0x2e,
    0x48, 0x01, 0x00, 0x05, 0x68, 0xcb, 0x83, 0xcb, 0x20,
];
/// Between two pictures.
const STEP: u32 = 40;
/// From key frame to key frame.
pub(crate) const GROUP: u32 = 2000;
/// Bytes of a key frame and of another.
const KEY_FRAME: usize = 4000;
const FRAME: usize = 400;

/// A connection that speaks RTMP as the test says.
pub(crate) struct Encoder {
    pub(crate) socket: TcpStream,
    chunks: Chunks,
    input: BytesMut,
    greeted: bool,
    told: Vec<String>,
    /// The timestamp of the next picture.
    pub(crate) time: u32,
    /// What its pictures are made of: shows whose they are.
    pub(crate) fill: u8,
}

impl Encoder {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let socket = TcpStream::connect(address).await.expect("it listens");
        Self {
            socket,
            chunks: Chunks::new(128),
            input: BytesMut::new(),
            greeted: false,
            told: Vec::new(),
            time: 0,
            fill: 0x65,
        }
    }

    /// Asks to publish; whether it may.
    pub(crate) async fn publish(&mut self, app: &str, key: &str) -> bool {
        let told = self.start(app, key).await;
        told.last()
            .is_some_and(|it| it == "NetStream.Publish.Start")
    }

    /// Asks to publish, and answers with what it is told until it knows whether it may.
    pub(crate) async fn start(&mut self, app: &str, key: &str) -> Vec<String> {
        self.ask(app, key).await;
        let mut told = Vec::new();
        while let Some(code) = self.code().await {
            let goes_on = code == "NetConnection.Connect.Success";
            told.push(code);
            if !goes_on {
                break;
            }
        }
        self.chunks.set_size(60_000);
        told
    }

    /// Asks to publish.
    pub(crate) async fn ask(&mut self, app: &str, key: &str) {
        self.chunks = opening(app, key);
        self.send().await;
    }

    /// How long its media so far takes.
    pub(crate) fn sent_for(&self) -> Duration {
        Duration::from_millis(self.time.into())
    }

    /// A video message of these bytes.
    pub(crate) async fn raw_video(&mut self, body: &[u8]) {
        self.chunks.video(self.time, body);
        self.send().await;
    }

    /// The codecs.
    pub(crate) async fn configure(&mut self) {
        let config = [&[0x17, 0, 0, 0, 0], AVC].concat();
        self.chunks.video(self.time, &config);
        self.sound(&[0xaf, 0, 0x12, 0x10]);
        self.send().await;
    }

    /// Groups of two seconds, and the key frame of the next.
    pub(crate) async fn groups(&mut self, count: u32) {
        let end = self.time + count * GROUP;
        while self.time <= end {
            self.picture();
        }
        self.send().await;
    }

    /// One picture and its sound.
    pub(crate) async fn frame(&mut self) {
        self.picture();
        self.send().await;
    }

    fn picture(&mut self) {
        let key = self.time.is_multiple_of(GROUP);
        let mut body = vec![if key { 0x17 } else { 0x27 }, 1, 0, 0, 0];
        body.resize(if key { KEY_FRAME } else { FRAME }, self.fill);
        self.chunks.video(self.time, &body);
        self.sound(&[0xaf, 1, 0x21, 0x10]);
        self.time += STEP;
    }

    fn sound(&mut self, body: &[u8]) {
        let format = Format::Full {
            time: self.time,
            kind: 8,
            stream: 1,
        };
        self.chunks.message(4, format, body);
    }

    /// Says goodbye.
    pub(crate) async fn unpublish(&mut self) {
        self.chunks.command(0, &call("FCUnpublish"));
        self.chunks.command(0, &call("deleteStream"));
        self.send().await;
    }

    /// Sends what was written; a server that is gone is found out by reading.
    pub(crate) async fn send(&mut self) {
        let bytes = std::mem::take(&mut self.chunks.bytes);
        let _ = self.socket.write_all(&bytes).await;
    }

    /// The next status that the server tells; `None` when it has closed.
    pub(crate) async fn code(&mut self) -> Option<String> {
        tokio::time::timeout(Duration::from_secs(15), self.next_code())
            .await
            .expect("the server says something, or closes")
    }

    async fn next_code(&mut self) -> Option<String> {
        loop {
            if !self.told.is_empty() {
                return Some(self.told.remove(0));
            }
            let whole = self.take_messages();
            self.told.extend(codes(whole.freeze()));
            if self.told.is_empty()
                && !matches!(self.socket.read_buf(&mut self.input).await, Ok(1..))
            {
                return None;
            }
        }
    }

    /// The whole messages in the input: the server sends each as one chunk.
    fn take_messages(&mut self) -> BytesMut {
        const HELLO: usize = 1 + 2 * 1536;
        if !self.greeted {
            if self.input.len() < HELLO {
                return BytesMut::new();
            }
            self.input.advance(HELLO);
            self.greeted = true;
        }
        let mut end = 0;
        while let Some(header) = self.input.get(end..end + 12) {
            let length = u32::from_be_bytes([0, header[4], header[5], header[6]]);
            let next = end + 12 + usize::try_from(length).expect("24 bits");
            if next > self.input.len() {
                break;
            }
            end = next;
        }
        self.input.split_to(end)
    }

    /// All that it is told until the server closes.
    pub(crate) async fn last_words(&mut self) -> Vec<String> {
        let mut words = Vec::new();
        while let Some(code) = self.code().await {
            words.push(code);
        }
        words
    }

    /// Whether the server has not closed: it is asked with a ping, and answers.
    pub(crate) async fn is_on(&mut self) -> bool {
        self.chunks.control(4, &[0, 6, 0, 0, 0, 1]);
        self.send().await;
        let before = self.input.len();
        let answered = async {
            // A pong is no status: it stays in the input as bytes.
            while self.input.len() == before {
                if !matches!(self.socket.read_buf(&mut self.input).await, Ok(1..)) {
                    return false;
                }
            }
            true
        };
        let answered = tokio::time::timeout(Duration::from_secs(10), answered).await;
        let on = answered.expect("an answer, or an end");
        let whole = self.take_messages();
        let told = codes(whole.freeze());
        let said_no = !told.is_empty();
        self.told.extend(told);
        on && !said_no
    }

    /// Resets the connection, as a cable that is pulled would not, and a crash does.
    pub(crate) fn reset(self) {
        let _ = self.socket.set_zero_linger();
    }
}
