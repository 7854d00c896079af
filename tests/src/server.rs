//! The real binary, on its own ports and in its own folder.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

use crate::api::{Answer, Api};
use crate::{ports, tools};

/// How long the binary may take to say that it is ready, on a busy machine.
const READY: Duration = Duration::from_secs(30);
/// How long a stream may take to be as it is waited for: graces are short here.
const PATIENCE: Duration = Duration::from_secs(20);
/// How many lines of its log a failed test shows.
const SHOWN_LINES: usize = 60;

/// How long an encoder that dropped may take to come back, unless a test says otherwise.
pub const GRACE: Duration = Duration::from_secs(3);

/// A running `greenroom serve`; dropping it kills it and removes its folder.
///
/// It survives [`kill`](Self::kill) and [`restart`](Self::restart): ports, folder and log stay.
#[derive(Debug)]
pub struct Server {
    child: Option<Child>,
    binary: PathBuf,
    http: u16,
    rtmp: u16,
    environment: Vec<(String, String)>,
    setup_link: Option<String>,
    folder: TempDir,
}

/// A creator's channel, ready to publish to.
#[derive(Clone, Debug)]
pub struct Channel {
    /// Its name in addresses, and its owner's user name.
    pub handle: String,
    /// Its id, and its chat room's.
    pub id: String,
    /// Its stream key's id.
    pub key_id: String,
    /// Its stream key.
    pub key: String,
    /// Its owner's bearer token.
    pub token: String,
    /// Its owner's user id.
    pub owner: String,
}

impl Server {
    /// Starts it with a grace of [`GRACE`].
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts it with these variables (`GREENROOM_…`) added to its environment; `{http}` in a
    /// value is its port.
    pub async fn start_with(environment: &[(&str, &str)]) -> Self {
        let http = ports::free();
        let owned = |(name, value): &(&str, &str)| {
            let value = value.replace("{http}", &http.to_string());
            ((*name).to_owned(), value)
        };
        let mut server = Self {
            child: None,
            binary: tools::greenroom().await,
            http,
            rtmp: ports::free(),
            environment: environment.iter().map(owned).collect(),
            setup_link: None,
            folder: tempfile::tempdir().expect("a folder for temporary files can be made"),
        };
        server.restart().await;
        server
    }

    /// Starts it again on the same ports and folder, and waits until it is ready.
    pub async fn restart(&mut self) {
        assert!(self.child.is_none(), "it runs");
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log_file())
            .expect("its log can be written");
        let mut child = Command::new(&self.binary)
            .arg("serve")
            .arg("--json")
            .arg("--data-dir")
            .arg(self.data_dir())
            .args(["--http", &format!("127.0.0.1:{}", self.http)])
            .args(["--rtmp", &format!("127.0.0.1:{}", self.rtmp)])
            .env(
                "GREENROOM_STREAMS__GRACE_SECONDS",
                GRACE.as_secs().to_string(),
            )
            .env(
                "GREENROOM_LOG__FILTER",
                "greenroom=debug,greenroom_web::layers=info,greenroom::http=info,info",
            )
            .env("NO_COLOR", "1")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .expect("the binary was built and can be started");
        let stdout = child.stdout.take().expect("standard output is piped");
        let mut line = String::new();
        let mut stdout = BufReader::new(stdout);
        let read = tokio::time::timeout(READY, stdout.read_line(&mut line)).await;
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|_| {
            panic!("the server did not start ({read:?}):\n{}", self.log());
        });
        self.setup_link = ready["setup_link"].as_str().map(str::to_owned);
        self.child = Some(child);
    }

    /// SIGKILL, and waits until it is gone.
    pub async fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().await.expect("a child can be killed");
    }

    /// SIGTERM, and waits until it has ended by itself.
    pub async fn stop(&mut self) {
        let mut child = self.child.take().expect("it runs");
        tools::signal(child.id(), tools::Signal::TERM);
        let ended = tokio::time::timeout(Duration::from_secs(15), child.wait()).await;
        let status = ended
            .expect("it ends when it is asked to")
            .expect("it can be waited for");
        assert!(status.success(), "{status}:\n{}", self.log());
    }

    /// Whether the process is there.
    pub fn is_running(&mut self) -> bool {
        self.child
            .as_mut()
            .is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.child.as_ref()?.id()
    }

    /// Its resident memory in KiB.
    #[must_use]
    pub fn memory_kib(&self) -> u64 {
        let id = self.id().expect("it runs");
        let status = std::fs::read_to_string(format!("/proc/{id}/status"));
        let status = status.expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok())
            .expect("a process has resident memory")
    }

    /// Where the folder is that it keeps everything in.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// `http://127.0.0.1:port`, without a slash at the end.
    #[must_use]
    pub fn http(&self) -> String {
        format!("http://127.0.0.1:{}", self.http)
    }

    /// The same where it has a certificate, which names `localhost`.
    #[must_use]
    pub fn https(&self) -> String {
        format!("https://localhost:{}", self.http)
    }

    /// A path of it as an address.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.http())
    }

    /// The port of web, API and playback.
    #[must_use]
    pub fn http_port(&self) -> u16 {
        self.http
    }

    /// The port that encoders publish to.
    #[must_use]
    pub fn rtmp_port(&self) -> u16 {
        self.rtmp
    }

    /// The link that makes the first administrator, while there is none.
    #[must_use]
    pub fn setup_link(&self) -> Option<&str> {
        self.setup_link.as_deref()
    }

    /// Where an encoder with this key publishes to.
    #[must_use]
    pub fn publish_url(&self, key: &str) -> String {
        format!("rtmp://127.0.0.1:{}/live/{key}", self.rtmp)
    }

    /// A channel's address for HLS players without a grant.
    #[must_use]
    pub fn hls(&self, handle: &str) -> String {
        self.url(&format!("/hls/{handle}/index.m3u8"))
    }

    /// A channel's address for DASH players without a grant.
    #[must_use]
    pub fn dash(&self, handle: &str) -> String {
        self.url(&format!("/dash/{handle}/index.mpd"))
    }

    /// Its REST API, asked by nobody in particular.
    #[must_use]
    pub fn api(&self) -> Api {
        Api::new(&self.http(), None)
    }

    /// Its REST API, asked by the holder of a token.
    #[must_use]
    pub fn api_as(&self, token: &str) -> Api {
        Api::new(&self.http(), Some(token))
    }

    /// A command of the operator (`["channel", "show", "kim"]`), answered in JSON. Works while
    /// the server runs and while it does not. Panics when it is refused.
    pub async fn command(&self, arguments: &[&str]) -> Value {
        self.command_with(arguments, "").await
    }

    /// A command that reads this line from standard input, such as a password.
    pub async fn command_with(&self, arguments: &[&str], line: &str) -> Value {
        let mut child = Command::new(&self.binary)
            .arg("--json")
            .arg("--data-dir")
            .arg(self.data_dir())
            .args(arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the binary was built and can be started");
        let mut stdin = child.stdin.take().expect("standard input is piped");
        // A command that reads nothing may have ended already.
        stdin.write_all(format!("{line}\n").as_bytes()).await.ok();
        drop(stdin);
        let output = tokio::time::timeout(READY, child.wait_with_output()).await;
        let output = output
            .expect("a command ends")
            .expect("it can be waited for");
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_slice(&output.stdout).expect("an answer is JSON")
    }

    /// Makes an account, and answers its bearer token and its user id.
    pub async fn user(&self, username: &str) -> (String, String) {
        let password = "a long enough password";
        let user = self
            .command_with(&["user", "create", username], password)
            .await;
        (self.token(username).await, text(&user["id"]))
    }

    /// Makes an administrator, and answers their bearer token.
    pub async fn admin(&self, username: &str) -> String {
        let password = "a long enough password";
        let command = ["user", "create", "--admin", username];
        self.command_with(&command, password).await;
        self.token(username).await
    }

    /// A new bearer token for an account.
    pub async fn token(&self, username: &str) -> String {
        text(&self.command(&["token", username]).await["token"])
    }

    /// Makes a creator of this name with a channel of this name, and a stream key.
    pub async fn channel(&self, handle: &str) -> Channel {
        let (token, owner) = self.user(handle).await;
        let channel = self.command(&["channel", "create", handle, handle]).await;
        let key = self.command(&["channel", "key", handle]).await;
        Channel {
            handle: handle.to_owned(),
            id: text(&channel["id"]),
            key_id: text(&key["id"]),
            key: text(&key["secret"]),
            token,
            owner,
        }
    }

    /// Waits until a channel's live stream has its encoder so (`publishing`, `interrupted`,
    /// `awaiting`); answers the stream's id.
    pub async fn until_ingest(&self, handle: &str, ingest: &str) -> String {
        let path = format!("/api/v1/channels/{handle}");
        let what = format!("{handle}'s encoder is {ingest}");
        let id = |answer: &Answer| {
            let live = &answer.json["live"];
            let found = live["ingest"] == ingest;
            found.then(|| text(&live["id"]))
        };
        self.api().until(&path, &what, PATIENCE, id).await
    }

    /// Waits until a stream is over; answers why it ended.
    pub async fn until_ended(&self, stream: &str) -> String {
        let path = format!("/api/v1/streams/{stream}");
        let reason = |answer: &Answer| answer.json["end_reason"].as_str().map(str::to_owned);
        self.api()
            .until(&path, "it is over", PATIENCE, reason)
            .await
    }

    /// What a stream's encoder sends, as its owner is told; `null` without one.
    pub async fn encoder(&self, channel: &Channel, stream: &str) -> Value {
        let path = format!("/api/v1/streams/{stream}/ingest");
        let answer = self.api_as(&channel.token).get(&path).await.expect(200);
        answer["encoder"].clone()
    }

    /// Everything it has logged since it was started first.
    #[must_use]
    pub fn log(&self) -> String {
        let log = std::fs::read(self.log_file()).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    /// Whether it has logged this.
    #[must_use]
    pub fn has_logged(&self, text: &str) -> bool {
        self.log().contains(text)
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }
}

impl Drop for Server {
    /// Killed, and gone before its folder is removed. A failed test shows what it logged last.
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // An error says that it has ended already.
            child.start_kill().ok();
            let start = Instant::now();
            while matches!(child.try_wait(), Ok(None)) && start.elapsed() < Duration::from_secs(3) {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            let last = &lines[lines.len().saturating_sub(SHOWN_LINES)..];
            eprintln!("the server logged last:\n{}", last.join("\n"));
        }
    }
}

/// The text of a JSON value that is one.
fn text(value: &Value) -> String {
    value.as_str().expect("it is a text").to_owned()
}

/// Whether a file under `folder` holds `needle`.
#[must_use]
pub fn holds(folder: &Path, needle: &str) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return false;
    };
    entries.flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            return holds(&path, needle);
        }
        let bytes = std::fs::read(&path).unwrap_or_default();
        bytes
            .windows(needle.len())
            .any(|window| window == needle.as_bytes())
    })
}
