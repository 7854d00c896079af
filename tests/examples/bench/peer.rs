//! The peers: other people's servers, each with a configuration of its own, on ports and in
//! folders of its own.

use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use greenroom_tests::{ports, tools, tools::Signal};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// A running peer; dropping it kills it and removes its folder.
pub(crate) struct Peer {
    pub(crate) id: u32,
    pub(crate) http: u16,
    pub(crate) rtmp: u16,
    child: Child,
    _folder: TempDir,
}

impl Peer {
    /// nginx with its RTMP module, as Debian has them, writing HLS in segments of 2 s. Nothing
    /// where `BENCH_NGINX` names no folder that their packages were unpacked to.
    pub(crate) async fn nginx() -> io::Result<Option<Self>> {
        let Some(packages) = std::env::var_os("BENCH_NGINX").map(PathBuf::from) else {
            return Ok(None);
        };
        let (folder, rtmp) = (tempfile::tempdir()?, ports::free());
        let here = folder.path().display();
        let config = format!(
            "load_module {module};\n\
             daemon off; worker_processes 1; user {user}; pid {here}/pid; error_log {here}/log error;\n\
             events {{ worker_connections 512; }}\n\
             rtmp {{ access_log off; server {{ listen 127.0.0.1:{rtmp}; chunk_size 4096;\n\
               application live {{ live on; hls on; hls_path {here}/hls;\n\
                 hls_fragment 2s; hls_playlist_length 20s; }} }} }}\n",
            module = packages
                .join("usr/lib/nginx/modules/ngx_rtmp_module.so")
                .display(),
            user = user(),
        );
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, config)?;
        let mut command = Command::new(packages.join("usr/sbin/nginx"));
        command.arg("-p").arg(folder.path()).arg("-c").arg(file);
        command.args(["-e", "stderr"]);
        let child = start(command)?;
        Self::ready(child, folder, rtmp, rtmp).await.map(Some)
    }

    /// `MediaMTX`, remuxing to LL-HLS whether anybody watches or not, in parts and segments as
    /// long as ours. Nothing where `MEDIAMTX` names no binary.
    pub(crate) async fn mediamtx() -> io::Result<Option<Self>> {
        let Some(binary) = std::env::var_os("MEDIAMTX") else {
            return Ok(None);
        };
        let (folder, rtmp, http) = (tempfile::tempdir()?, ports::free(), ports::free());
        let config = format!(
            "logLevel: warn\n\
             rtsp: no\nwebrtc: no\nsrt: no\nmoq: no\n\
             rtmp: yes\nrtmpAddress: 127.0.0.1:{rtmp}\n\
             hls: yes\nhlsAddress: 127.0.0.1:{http}\nhlsAlwaysRemux: yes\nhlsVariant: lowLatency\n\
             hlsSegmentCount: 10\nhlsSegmentDuration: 2s\nhlsPartDuration: 250ms\n\
             paths:\n  all_others:\n"
        );
        let file = folder.path().join("mediamtx.yml");
        std::fs::write(&file, config)?;
        let mut command = Command::new(binary);
        command.arg(file).current_dir(folder.path());
        let child = start(command)?;
        Self::ready(child, folder, http, rtmp).await.map(Some)
    }

    /// Node's `socket.io`, whose clients speak to it as they do to ours.
    pub(crate) async fn socketio() -> io::Result<Self> {
        let (folder, http) = (tempfile::tempdir()?, ports::free());
        let mut command = Command::new("node");
        command
            .arg(tools::node_script("bench-socketio.mjs"))
            .arg(http.to_string())
            .env("NODE_ENV", "production");
        let child = start(command)?;
        Self::ready(child, folder, http, http).await
    }

    /// Express with pg, on the database that ours keeps everything in.
    pub(crate) async fn express(database: &str) -> io::Result<Self> {
        let (folder, http) = (tempfile::tempdir()?, ports::free());
        let mut command = Command::new("node");
        command
            .arg(tools::node_script("bench-express.mjs"))
            .arg(http.to_string())
            .arg(database)
            .env("NODE_ENV", "production");
        let child = start(command)?;
        Self::ready(child, folder, http, http).await
    }

    async fn ready(child: Child, folder: TempDir, http: u16, rtmp: u16) -> io::Result<Self> {
        let begun = Instant::now();
        for port in [http, rtmp] {
            while let Err(error) = TcpStream::connect(("127.0.0.1", port)).await {
                if begun.elapsed() > Duration::from_secs(20) {
                    return Err(error);
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        let id = child.id().ok_or_else(|| io::Error::other("it has ended"))?;
        Ok(Self {
            id,
            http,
            rtmp,
            child,
            _folder: folder,
        })
    }
}

impl Drop for Peer {
    /// Asked to end, for only then do its children end with it.
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            tools::signal(Some(self.id), Signal::TERM);
            let begun = Instant::now();
            while matches!(self.child.try_wait(), Ok(None))
                && begun.elapsed() < Duration::from_secs(3)
            {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
    }
}

fn start(mut command: Command) -> io::Result<Child> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()
}

/// Who nginx's worker runs as: whoever runs this.
fn user() -> String {
    std::env::var("USER").unwrap_or_else(|_| "root".to_owned())
}
