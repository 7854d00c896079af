//! Chat's fan-out over Socket.IO, through the whole server, beside Node's socket.io. The load
//! is made by the example `socketio_load` of `greenroom-web`.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Stdio;

use greenroom_tests::server::Server;
use greenroom_tests::tools;
use tokio::process::Command;

use crate::Options;
use crate::peer::Peer;
use crate::process;
use crate::report::{Aim, figure};

const SERVER: usize = 0;
const REST: usize = 1;

const RECEIVERS: [u32; 2] = [500, 2000];
/// Messages in flight, or each second; and what part of Node's CPU time we may take at most.
const PACES: [(&str, f64); 3] = [("1", 0.25), ("8", 0.15), ("20hz", 0.62)];

/// What the load client found, in its order.
struct Found {
    memory_kib: f64,
    /// CPU-seconds per million deliveries, by pace.
    cpu: Vec<f64>,
}

pub(crate) async fn run(options: &Options) -> io::Result<()> {
    println!("\n== chat over Socket.IO, 180 characters each, kept by us and not by Node");
    for receivers in RECEIVERS {
        let ours = ours(options, receivers).await?;
        process::pin(SERVER)?;
        let node = Peer::socketio().await;
        process::unpin()?;
        let node = node?;
        let node = load("Node's socket.io", options, node.http, node.id, receivers).await?;
        for ((pace, most), (ours, node)) in PACES.iter().zip(ours.cpu.iter().zip(&node.cpu)) {
            figure(
                &format!("{receivers} receivers, {pace}"),
                "CPU-s per million",
                *ours,
                Some(("Node", *node)),
                &Aim::Ratio(*most),
            );
        }
        figure(
            &format!("{receivers} receivers, memory each"),
            "KiB",
            ours.memory_kib,
            Some(("Node", node.memory_kib)),
            &Aim::Most(12.0),
        );
    }
    Ok(())
}

async fn ours(options: &Options, receivers: u32) -> io::Result<Found> {
    process::pin(SERVER)?;
    let server = Server::start_with(&crate::QUIET).await;
    process::unpin()?;
    server.channel("bench").await;
    let id = server.id().unwrap_or(0);
    load("Greenroom", options, server.http_port(), id, receivers).await
}

async fn load(
    name: &str,
    options: &Options,
    http: u16,
    id: u32,
    receivers: u32,
) -> io::Result<Found> {
    process::pin(REST)?;
    let client = Command::new(tools::workspace().join("target/release/examples/socketio_load"))
        .arg(SocketAddr::from((Ipv4Addr::LOCALHOST, http)).to_string())
        .arg(id.to_string())
        .arg(receivers.to_string())
        .arg((options.time.as_secs() / 5).max(1).to_string())
        .args(PACES.iter().map(|(pace, _)| *pace))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn();
    process::unpin()?;
    let output = client?.wait_with_output().await?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    for line in said.lines() {
        println!("  {name}: {line}");
    }
    if !output.status.success() {
        return Err(io::Error::other(format!("{name}: the load client failed")));
    }
    let number = |line: &str, before: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let at = words.windows(2).position(|pair| pair[1] == before)?;
        words[at].parse::<f64>().ok()
    };
    Ok(Found {
        memory_kib: said
            .lines()
            .find_map(|line| number(line, "KiB"))
            .unwrap_or(f64::NAN),
        cpu: said
            .lines()
            .filter_map(|line| number(line.strip_prefix("pace ")?.split_once("CPU-s,")?.1, "CPU-s"))
            .collect(),
    })
}
