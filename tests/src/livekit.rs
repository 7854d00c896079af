//! A real LiveKit server, and browsers in its rooms.

use std::fs::File;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use greenroom_testkit::servers::RedisServer;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::node::Node;
use crate::{ports, wait};

mod service;

pub use service::Service;

/// The key of its configuration.
pub const KEY: &str = "greenroom";
/// The key's secret.
pub const SECRET: &str = "a-secret-of-more-than-32-characters";

/// How long it may take to answer.
const READY: Duration = Duration::from_secs(20);
/// How long a browser may take to do as it is told.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where encoders come in: the ports of an ingress service.
#[derive(Clone, Copy, Debug)]
pub struct Doors {
    /// For RTMP.
    pub rtmp: u16,
    /// For WHIP.
    pub whip: u16,
}

/// A running `livekit-server`; dropping it kills it.
#[derive(Debug)]
pub struct LiveKitServer {
    child: Option<Child>,
    port: u16,
    folder: TempDir,
}

impl LiveKitServer {
    /// One that posts its webhooks to `webhook`, on this port. The program is `livekit-server`,
    /// or what `LIVEKIT_SERVER` names.
    pub async fn start(port: u16, webhook: &str) -> Self {
        Self::start_with(port, webhook, json!({})).await
    }

    /// The same with a Redis, by which it knows of ingresses and egresses; encoders are told of
    /// these doors.
    pub async fn start_on(redis: &RedisServer, port: u16, webhook: &str, doors: Doors) -> Self {
        let Doors { rtmp, whip } = doors;
        let more = json!({
            "redis": { "address": format!("127.0.0.1:{}", redis.port()) },
            "ingress": {
                "rtmp_base_url": format!("rtmp://127.0.0.1:{rtmp}/x"),
                "whip_base_url": format!("http://127.0.0.1:{whip}/w"),
            },
        });
        Self::start_with(port, webhook, more).await
    }

    async fn start_with(port: u16, webhook: &str, more: Value) -> Self {
        let folder = tempfile::tempdir().expect("a folder for temporary files can be made");
        let mut config = json!({
            "port": port,
            "bind_addresses": ["127.0.0.1"],
            "rtc": {
                "tcp_port": ports::apart(),
                "udp_port": ports::apart(),
                "node_ip": "127.0.0.1",
                "use_external_ip": false,
                "enable_loopback_candidate": true,
            },
            "keys": { KEY: SECRET },
            "room": { "auto_create": false },
            "webhook": { "api_key": KEY, "urls": [webhook] },
        });
        if let (Some(config), Value::Object(more)) = (config.as_object_mut(), more) {
            config.extend(more);
        }
        // JSON is YAML.
        let written = std::fs::write(folder.path().join("livekit.yaml"), config.to_string());
        written.expect("its configuration can be written");
        let mut server = Self {
            child: None,
            port,
            folder,
        };
        server.restart().await;
        server
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.port)
    }

    /// SIGKILL, and waits until it is gone.
    pub async fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().await.expect("a child can be killed");
    }

    /// Starts it again, and waits until it answers.
    pub async fn restart(&mut self) {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log_file())
            .expect("its log can be written");
        let program = std::env::var("LIVEKIT_SERVER");
        let child = Command::new(program.as_deref().unwrap_or("livekit-server"))
            .arg("--config")
            .arg(self.folder.path().join("livekit.yaml"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file has more than one handle"))
            .stderr(log)
            .kill_on_drop(true)
            .spawn();
        let mut child = child.expect("livekit-server is there: run scripts/test-livekit");
        let port = self.port;
        wait::until("LiveKit answers", READY, async || {
            let ended = child.try_wait().expect("a child can be waited for");
            assert!(ended.is_none(), "LiveKit does not start:\n{}", self.log());
            TcpStream::connect(("127.0.0.1", port)).await.ok()
        })
        .await;
        self.child = Some(child);
    }

    /// What it said.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("livekit.log")
    }
}

/// A browser with a camera, whose pages are in rooms.
#[derive(Debug)]
pub struct Browser {
    node: Node,
    asked: u64,
}

impl Browser {
    /// Starts it.
    pub async fn start() -> Self {
        let mut node = Node::run("livekit.mjs", &[]);
        let ready = node.until("the browser is there", PATIENCE, |line| {
            line["ready"].as_bool()
        });
        ready.await;
        Self { node, asked: 0 }
    }

    /// A page of this name publishes its camera with a seat.
    pub async fn publish(&mut self, page: &str, url: &str, token: &str) {
        let done = self.tell(page, "publish", url, token).await;
        assert_eq!(done["error"], Value::Null, "{done}");
    }

    /// The same, and what comes of it.
    pub async fn try_to_publish(&mut self, page: &str, url: &str, token: &str) -> Value {
        self.tell(page, "publish", url, token).await
    }

    /// A page of this name publishes its camera by WHIP.
    pub async fn whip(&mut self, page: &str, url: &str, token: &str) {
        let done = self.tell(page, "whip", url, token).await;
        assert_eq!(done["error"], Value::Null, "{done}");
    }

    /// A page of this name watches with a seat.
    pub async fn watch(&mut self, page: &str, url: &str, token: &str) {
        let done = self.tell(page, "watch", url, token).await;
        assert_eq!(done["error"], Value::Null, "{done}");
    }

    /// A page of this name shows what is at this address.
    pub async fn visit(&mut self, page: &str, url: &str) {
        let done = self.tell(page, "visit", url, "").await;
        assert_eq!(done["error"], Value::Null, "{done}");
    }

    /// The same, and what comes of it.
    pub async fn try_to_watch(&mut self, page: &str, url: &str, token: &str) -> Value {
        self.tell(page, "watch", url, token).await
    }

    /// How a page is doing.
    pub async fn state(&mut self, page: &str) -> Value {
        self.tell(page, "state", "", "").await
    }

    /// Waits until a page has shown some frames.
    pub async fn until_frames(&mut self, page: &str) {
        let began = Instant::now();
        loop {
            let state = self.state(page).await;
            if state["frames"].as_u64().is_some_and(|frames| frames > 10) {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "no frames: {state}");
            tokio::time::sleep(wait::REST).await;
        }
    }

    /// A page says goodbye.
    pub async fn close(&mut self, page: &str) {
        self.tell(page, "close", "", "").await;
    }

    async fn tell(&mut self, page: &str, what: &str, url: &str, token: &str) -> Value {
        self.asked += 1;
        let id = self.asked;
        let command = json!({ "id": id, "page": page, "do": what, "url": url, "token": token });
        self.node.send(&command).await;
        let answer = |line: &Value| (line["id"] == id).then(|| line.clone());
        self.node.until(what, PATIENCE, answer).await
    }
}
