//! LiveKit's ingress and egress: programs of their own, which meet the server by Redis.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use greenroom_testkit::servers::RedisServer;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use super::{Doors, KEY, LiveKitServer, SECRET};
use crate::{ports, wait};

/// Where the program `egress` keeps what it is at work on, wherever it runs.
const EGRESS_FOLDER: &str = "/home/egress/tmp";
/// How the names begin of what it makes there and leaves: itself, its handlers, egresses.
const EGRESS_NAMES: [&str; 3] = ["NE_", "EGH_", "EG_"];
/// How long one may take to listen.
const READY: Duration = Duration::from_secs(30);
/// How long one may take to end that is asked to.
const GOODBYE: Duration = Duration::from_secs(10);

/// A running ingress or egress; dropping it ends it, with all that it has started.
#[derive(Debug)]
pub struct Service {
    name: &'static str,
    child: Option<Child>,
    /// Where it listens when it is ready.
    port: u16,
    folder: TempDir,
}

impl Service {
    /// The program `ingress`, or what `LIVEKIT_INGRESS` names: encoders come in by these doors.
    pub async fn ingress(livekit: &LiveKitServer, redis: &RedisServer, doors: Doors) -> Self {
        let config = json!({
            "rtmp_port": doors.rtmp,
            "whip_port": doors.whip,
            "http_relay_port": ports::apart(),
            "rtc_config": {
                "udp_port": ports::apart(),
                "node_ip": "127.0.0.1",
                "enable_loopback_candidate": true,
            },
            // It refuses work while the machine has less to spare, and here others compile.
            "cpu_cost": {
                "rtmp_cpu_cost": -100,
                "whip_cpu_cost": -100,
                "whip_bypass_transcoding_cpu_cost": -100,
                "url_cpu_cost": -100,
            },
        });
        Self::start("ingress", config, doors.rtmp, livekit, redis).await
    }

    /// The program `egress`, or what `LIVEKIT_EGRESS` names.
    pub async fn egress(livekit: &LiveKitServer, redis: &RedisServer) -> Self {
        let port = ports::apart();
        let config = json!({
            "template_port": port,
            "cpu_cost": {
                "max_cpu_utilization": 1.0,
                "room_composite_cpu_cost": 0.1,
                "web_cpu_cost": 0.1,
                "participant_cpu_cost": 0.1,
                "track_composite_cpu_cost": 0.1,
                "track_cpu_cost": 0.1,
            },
        });
        Self::start("egress", config, port, livekit, redis).await
    }

    async fn start(
        name: &'static str,
        mut config: Value,
        port: u16,
        livekit: &LiveKitServer,
        redis: &RedisServer,
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder for temporary files can be made");
        config["api_key"] = json!(KEY);
        config["api_secret"] = json!(SECRET);
        config["ws_url"] = json!(livekit.url());
        config["redis"] = json!({ "address": format!("127.0.0.1:{}", redis.port()) });
        // JSON is YAML.
        let written = std::fs::write(folder.path().join("config.yaml"), config.to_string());
        written.expect("its configuration can be written");
        let mut service = Self {
            name,
            child: None,
            port,
            folder,
        };
        service.restart().await;
        service
    }

    /// Starts it again, and waits until it listens.
    pub async fn restart(&mut self) {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log_file())
            .expect("its log can be written");
        let program = program(self.name);
        let child = Command::new(&program)
            .arg("--config")
            .arg(self.folder.path().join("config.yaml"))
            .current_dir(self.folder.path())
            // It starts itself once more by its name, for each encoder or recording.
            .env("PATH", path_with(&program))
            // What is killed leaves its temporary files.
            .env("TMPDIR", self.folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file has more than one handle"))
            .stderr(log)
            .kill_on_drop(true)
            .spawn();
        let mut child = child.unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        let (name, port) = (self.name, self.port);
        wait::until(&format!("{name} listens"), READY, async || {
            let ended = child.try_wait().expect("a child can be waited for");
            assert!(ended.is_none(), "{name} does not start:\n{}", self.log());
            TcpStream::connect(("127.0.0.1", port)).await.ok()
        })
        .await;
        self.child = Some(child);
    }

    /// SIGKILL, to it and to what it has started, and waits until it is gone.
    pub async fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        let started = child.id().map(children).unwrap_or_default();
        child.kill().await.expect("a child can be killed");
        end_all(&started);
    }

    /// What it said.
    #[must_use]
    pub fn log(&self) -> String {
        let log = std::fs::read(self.log_file()).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }
}

impl Drop for Service {
    /// Asked to end, it tidies up; what is left then is killed.
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else {
            return;
        };
        let started = child.id().map(children).unwrap_or_default();
        if let Some(id) = child.id().and_then(pid) {
            kill_process(id, Signal::INT).ok();
        }
        let began = Instant::now();
        while matches!(child.try_wait(), Ok(None)) && began.elapsed() < GOODBYE {
            std::thread::sleep(Duration::from_millis(20));
        }
        child.start_kill().ok();
        end_all(&started);
        if self.name == "egress" {
            tidy_up(&self.log());
        }
    }
}

/// Removes what an egress that logged this has left.
fn tidy_up(log: &str) {
    let words = log.split(|it: char| !it.is_ascii_alphanumeric() && it != '_');
    let made = words.filter(|word| EGRESS_NAMES.iter().any(|name| word.starts_with(name)));
    for name in made.collect::<BTreeSet<_>>() {
        // Not each of them is a folder.
        std::fs::remove_dir_all(Path::new(EGRESS_FOLDER).join(name)).ok();
    }
    // Where others have something there these stay, too.
    for folder in Path::new(EGRESS_FOLDER).ancestors().take(2) {
        std::fs::remove_dir(folder).ok();
    }
}

/// Where the program is: what the variable of its name says, or its name.
fn program(name: &str) -> PathBuf {
    let variable = format!("LIVEKIT_{}", name.to_uppercase());
    std::env::var_os(variable).map_or_else(|| name.into(), PathBuf::from)
}

/// The PATH, with a program's folder first.
fn path_with(program: &Path) -> OsString {
    let folder = program.parent().filter(|folder| folder.is_absolute());
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all = folder
        .map(Path::to_owned)
        .into_iter()
        .chain(std::env::split_paths(&path));
    std::env::join_paths(all).expect("a PATH is made of paths")
}

/// What a process has started and not yet waited for; each may be the head of a session of its
/// own, so that no group holds them together.
fn children(of: u32) -> Vec<Pid> {
    let tasks = std::fs::read_dir(format!("/proc/{of}/task"));
    let lists = tasks
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    let ids: Vec<String> = lists.collect();
    let ids = ids.iter().flat_map(|list| list.split_whitespace());
    ids.filter_map(|id| pid(id.parse().ok()?)).collect()
}

fn end_all(processes: &[Pid]) {
    for process in processes {
        // An error says that it has ended already.
        kill_process(*process, Signal::KILL).ok();
    }
}

fn pid(id: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(id).ok()?)
}
