//! From the start of the process until it is ready, memory when idle, size of the binary.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use greenroom_tests::server::Server;
use greenroom_tests::{ports, tools};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::Options;
use crate::process;
use crate::report::{Aim, figure};

const STARTS: usize = 9;

pub(crate) async fn run(options: &Options) -> io::Result<()> {
    println!("\n== start and rest, median of {STARTS} starts");
    let mut empty = Vec::new();
    for _ in 0..STARTS {
        let folder = tempfile::tempdir()?;
        empty.push(once(folder.path()).await?);
    }
    let aim = Aim::Most(150.0);
    figure(
        "start to ready, empty store",
        "ms",
        median(empty),
        None,
        &aim,
    );

    let mut used = Server::start_with(&crate::QUIET).await;
    for number in 0..20 {
        used.channel(&format!("bench{number}")).await;
    }
    used.stop().await;
    let mut again = Vec::new();
    for _ in 0..STARTS {
        again.push(once(&used.data_dir()).await?);
    }
    figure(
        "start to ready, 20 channels",
        "ms",
        median(again),
        None,
        &aim,
    );

    let folder = tempfile::tempdir()?;
    let (_, child) = ready(folder.path()).await?;
    tokio::time::sleep(options.settle(Duration::from_secs(10))).await;
    let memory = process::memory_kib(child.id().unwrap_or(0));
    figure(
        "memory when idle",
        "MiB",
        mebi(memory * 1024),
        None,
        &Aim::Most(30.0),
    );
    let size = std::fs::metadata(tools::greenroom().await)?.len();
    figure("binary, stripped", "MiB", mebi(size), None, &Aim::None);
    Ok(())
}

async fn once(data: &Path) -> io::Result<f64> {
    let (time, mut child) = ready(data).await?;
    child.kill().await?;
    Ok(time)
}

/// Starts the server and asks `/readyz` until it says 200: after how many milliseconds.
async fn ready(data: &Path) -> io::Result<(f64, Child)> {
    let binary = tools::greenroom().await;
    let (http, rtmp) = (ports::free(), ports::free());
    let begun = Instant::now();
    let child = Command::new(binary)
        .arg("serve")
        .arg("--data-dir")
        .arg(data)
        .args(["--http", &format!("127.0.0.1:{http}")])
        .args(["--rtmp", &format!("127.0.0.1:{rtmp}")])
        .envs(crate::QUIET)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    while !says_ready(http).await.unwrap_or(false) {
        if begun.elapsed() > Duration::from_secs(30) {
            return Err(io::Error::other("it does not get ready"));
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok((begun.elapsed().as_secs_f64() * 1e3, child))
}

async fn says_ready(http: u16) -> io::Result<bool> {
    let mut stream = TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, http))).await?;
    let request = "GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer.starts_with("HTTP/1.1 200"))
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn mebi(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
