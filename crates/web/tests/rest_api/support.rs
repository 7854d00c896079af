//! A server on its own port, and a client that says who it is.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use greenroom_adapters_memory::{
    InMemoryBus, InMemoryLeases, InMemoryNodes, InMemoryObjects, InMemoryPresence,
    InMemoryRateLimits, InMemoryStore,
};
use greenroom_app::account::setup;
use greenroom_app::stream::ingest::Ingests;
use greenroom_app::{App, Ports, Roles, Settings};
use greenroom_domain::channel::KeySecret;
use greenroom_domain::media::{MediaEvent, MediaEvents, PublishRequest};
use greenroom_domain::recording::{Recorder, RecordingProgress};
use greenroom_domain::shared::commit::{Changes, Commit, CommitError, Committed};
use greenroom_domain::shared::rate::Quota;
use greenroom_testkit::builders::node_id;
use greenroom_testkit::identity::{GlassBox, KnownTokens, PlainPasswords};
use greenroom_testkit::media::FakeMediaServer;
use greenroom_testkit::pictures::PlainPictures;
use greenroom_testkit::recording::InMemoryRecorder;
use greenroom_testkit::{ManualClock, SeededIds};
use greenroom_web::WebConfig;
use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(crate) const PASSWORD: &str = "correct horse battery";
/// What these tests' pictures take for one.
pub(crate) const JPEG: &[u8] = b"\xff\xd8 a picture";

/// A server, and what a test turns about it.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) app: Arc<App>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) disk: Arc<Disk>,
    pub(crate) tokens: Arc<KnownTokens>,
    pub(crate) objects: Arc<InMemoryObjects>,
    pub(crate) media: Arc<FakeMediaServer>,
    pub(crate) recorder: Arc<InMemoryRecorder>,
    http: reqwest::Client,
    serving: JoinHandle<()>,
}

/// A store whose disk may be full.
pub(crate) struct Disk {
    store: Arc<InMemoryStore>,
    pub(crate) full: AtomicBool,
}

#[async_trait]
impl Commit for Disk {
    async fn commit(&self, changes: Changes) -> Result<Committed, CommitError> {
        if self.full.load(Ordering::SeqCst) {
            return Err(CommitError::Full);
        }
        self.store.commit(changes).await
    }
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// The JSON of an answer of this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        if self.text.is_empty() {
            return Value::Null;
        }
        serde_json::from_str(&self.text).expect("JSON")
    }

    /// The details of an error in the shape that all errors have.
    #[track_caller]
    pub(crate) fn expect_error(self, status: u16, code: &str) -> Value {
        let body = self.expect(status);
        let error = body.as_object().expect("an object");
        let names: Vec<&str> = error.keys().map(String::as_str).collect();
        assert_eq!(names, ["code", "details", "error"]);
        assert_eq!(error["code"], code, "{body}");
        assert!(error["error"].as_str().is_some_and(|said| !said.is_empty()));
        assert!(error["details"].is_object());
        error["details"].clone()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("text"))
    }

    /// What a `Set-Cookie` of this name sets, with its attributes.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.headers
            .get_all("set-cookie")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .find_map(|value| value.strip_prefix(name)?.strip_prefix('='))
            .map(str::to_owned)
    }
}

/// More than any test asks for.
const GENEROUS: Quota = Quota {
    burst: 1_000_000,
    per: Duration::from_millis(1),
};

pub(crate) fn config() -> WebConfig {
    WebConfig {
        quota: GENEROUS,
        ..WebConfig::default()
    }
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::with(config()).await
    }

    pub(crate) async fn with(config: WebConfig) -> Self {
        let recorder = Arc::new(InMemoryRecorder::default());
        Self::recording_with(config, Some(recorder.clone()), recorder).await
    }

    /// A server that has nothing to record with.
    pub(crate) async fn without_recorder(config: WebConfig) -> Self {
        Self::recording_with(config, None, Arc::default()).await
    }

    async fn recording_with(
        config: WebConfig,
        port: Option<Arc<dyn Recorder>>,
        recorder: Arc<InMemoryRecorder>,
    ) -> Self {
        let store = Arc::new(InMemoryStore::new());
        let disk = Arc::new(Disk {
            store: store.clone(),
            full: AtomicBool::new(false),
        });
        let clock = Arc::new(ManualClock::default());
        let tokens = Arc::new(KnownTokens::default());
        let objects = Arc::new(InMemoryObjects::default());
        let media = Arc::new(FakeMediaServer::default());
        let roles = Roles {
            presence: Arc::new(InMemoryPresence::default()),
            rate_limits: Arc::new(InMemoryRateLimits::default()),
            leases: Arc::new(InMemoryLeases::default()),
            bus: Arc::new(InMemoryBus::default()),
            nodes: Arc::new(InMemoryNodes::default()),
            passwords: Arc::new(PlainPasswords),
            tokens: tokens.clone(),
            secrets: Arc::new(GlassBox),
            media: media.clone(),
            recorder: port,
            objects: objects.clone(),
            pictures: Arc::new(PlainPictures),
            clock: clock.clone(),
            ids: Arc::new(SeededIds::new(1)),
        };
        let ports = Ports {
            commit: disk.clone(),
            ..Ports::over(store, roles)
        };
        let settings = Settings {
            sign_in_quota: GENEROUS,
            ..Settings::default()
        };
        let app = App::new(node_id("one"), ports, settings);
        let router = greenroom_web::router(Arc::clone(&app), &config);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let serving = tokio::spawn(async move {
            let service = router.into_make_service_with_connect_info::<SocketAddr>();
            axum::serve(listener, service).await.expect("serves");
        });
        Self {
            address,
            app,
            clock,
            disk,
            tokens,
            objects,
            media,
            recorder,
            http: reqwest::Client::new(),
            serving,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A request that the test finishes itself.
    pub(crate) fn to(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, self.url(path))
    }

    /// The same below `/api/v1`.
    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.to(method, &format!("/api/v1{path}"))
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.expect("an answer");
        Answer {
            status: response.status(),
            headers: response.headers().clone(),
            text: response.text().await.expect("text"),
        }
    }

    pub(crate) async fn get(&self, who: Option<&str>, path: impl AsRef<str>) -> Answer {
        self.ask(Method::GET, who, path, None).await
    }

    pub(crate) async fn post(
        &self,
        who: Option<&str>,
        path: impl AsRef<str>,
        body: Value,
    ) -> Answer {
        self.ask(Method::POST, who, path, Some(body)).await
    }

    pub(crate) async fn ask(
        &self,
        method: Method,
        who: Option<&str>,
        path: impl AsRef<str>,
        body: Option<Value>,
    ) -> Answer {
        let mut request = self.request(method, path.as_ref());
        if let Some(token) = who {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        self.send(request).await
    }

    pub(crate) async fn upload(
        &self,
        who: Option<&str>,
        path: &str,
        kind: &str,
        bytes: &[u8],
    ) -> Answer {
        let mut request = self.request(Method::PUT, path).body(bytes.to_vec());
        request = request.header("content-type", kind);
        if let Some(token) = who {
            request = request.bearer_auth(token);
        }
        self.send(request).await
    }

    /// Somebody with an account; their token.
    pub(crate) async fn user(&self, name: &str) -> String {
        let body = json!({ "username": name, "password": PASSWORD });
        self.post(None, "/users", body.clone()).await.expect(201);
        let signed_in = self.post(None, "/sessions", body).await.expect(201);
        text(&signed_in, "/token")
    }

    /// A creator with a channel of the same name; their token.
    pub(crate) async fn creator(&self, name: &str) -> String {
        let token = self.user(name).await;
        let me = self.post(Some(&token), "/me/creator", json!({})).await;
        assert_eq!(me.expect(200)["creator_status"], "approved");
        let channel = json!({ "handle": name, "title": "Making things" });
        self.post(Some(&token), "/channels", channel)
            .await
            .expect(201);
        token
    }

    /// The first administrator's token.
    pub(crate) async fn admin(&self) -> String {
        let link = setup::open(&self.app).await.expect("a store that answers");
        let link = link.expect("no administrator yet");
        let body = json!({ "token": link.expose(), "username": "root", "password": PASSWORD });
        self.post(None, "/setup", body).await.expect(201);
        let body = json!({ "username": "root", "password": PASSWORD });
        let signed_in = self.post(None, "/sessions", body).await.expect(201);
        text(&signed_in, "/token")
    }

    /// A stream of the owner's that was started by command.
    pub(crate) async fn live_stream(&self, owner: &str, handle: &str) -> String {
        let path = format!("/channels/{handle}/streams");
        let stream = self.post(Some(owner), &path, json!({})).await.expect(201);
        let id = text(&stream, "/id");
        let path = format!("/streams/{id}/start");
        self.post(Some(owner), &path, json!({})).await.expect(200);
        id
    }

    /// An encoder publishes to the owner's channel; the stream.
    pub(crate) async fn publish(&self, owner: &str, handle: &str) -> String {
        let path = format!("/channels/{handle}/keys");
        let made = self.post(Some(owner), &path, json!({ "label": "Encoder" }));
        let key = text(&made.await.expect(201), "/secret");
        let request = PublishRequest {
            key: KeySecret::parse(&key).expect("a key"),
            peer: [203, 0, 113, 7].into(),
        };
        let ingests = Ingests(Arc::clone(&self.app));
        let lease = ingests.authorize_publish(request).await;
        let lease = lease.expect("may publish");
        self.media
            .connect(lease.stream, lease.generation, Duration::ZERO);
        lease.stream.to_string()
    }

    /// The recorder tells how far a recording is.
    pub(crate) async fn recorded(&self, recording: &str, progress: RecordingProgress) {
        let recording = recording.parse().expect("an id");
        self.recorder.set(recording, progress.clone());
        let event = MediaEvent::Recorded {
            recording,
            progress,
        };
        let told = Ingests(Arc::clone(&self.app)).report(event).await;
        told.expect("a store that answers");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// The text at a JSON pointer.
#[track_caller]
pub(crate) fn text(json: &Value, pointer: &str) -> String {
    let found = json.pointer(pointer).and_then(Value::as_str);
    found
        .unwrap_or_else(|| panic!("{pointer} in {json}"))
        .to_owned()
}
