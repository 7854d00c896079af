//! CPU and memory for each of many viewers of one channel by LL-HLS, sound and picture.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use greenroom_tests::server::Server;
use tokio::task::JoinSet;

use crate::hls::{self, Connection, Load};
use crate::peer::Peer;
use crate::process;
use crate::report::{Aim, figure};
use crate::{Options, source};

/// The server's core, and everybody else's.
const SERVER: usize = 0;
const REST: usize = 1;

/// What one viewer more costs.
struct Each {
    /// % of a core.
    cpu: f64,
    memory_kib: f64,
}

pub(crate) async fn run(options: &Options) -> io::Result<()> {
    let viewers = options.viewers;
    println!("\n== {viewers} viewers of one channel, LL-HLS, sound and picture, 4.1 Mbit/s each");
    source::file().await?;
    let ours = ours(options).await?;
    process::pin(SERVER)?;
    let peer = Peer::mediamtx().await?;
    process::unpin()?;
    let peer = match peer {
        Some(peer) => {
            let url = format!("rtmp://127.0.0.1:{}/live/p0", peer.rtmp);
            let path = "/live/p0/index.m3u8";
            Some(measured("MediaMTX", options, peer.id, peer.http, &url, path).await?)
        }
        None => {
            println!("MediaMTX is not there: MEDIAMTX=/path/to/mediamtx adds it");
            None
        }
    };
    let (cpu, memory) = match peer {
        Some(each) => (
            Some(("MediaMTX", each.cpu)),
            Some(("MediaMTX", each.memory_kib)),
        ),
        None => (None, None),
    };
    figure(
        "CPU per viewer",
        "% of a core",
        ours.cpu,
        cpu,
        &Aim::Most(0.05),
    );
    figure(
        "memory per viewer",
        "KiB",
        ours.memory_kib,
        memory,
        &Aim::None,
    );
    Ok(())
}

async fn ours(options: &Options) -> io::Result<Each> {
    process::pin(SERVER)?;
    let server = Server::start_with(&crate::QUIET).await;
    process::unpin()?;
    let channel = server.channel("bench").await;
    let (url, id) = (server.publish_url(&channel.key), server.id().unwrap_or(0));
    let path = "/hls/bench/index.m3u8";
    measured("Greenroom", options, id, server.http_port(), &url, path).await
}

async fn measured(
    name: &str,
    options: &Options,
    id: u32,
    http: u16,
    url: &str,
    path: &str,
) -> io::Result<Each> {
    process::pin(REST)?;
    let each = alone_and_watched(name, options, id, http, url, path).await;
    process::unpin()?;
    each
}

async fn alone_and_watched(
    name: &str,
    options: &Options,
    id: u32,
    http: u16,
    url: &str,
    path: &str,
) -> io::Result<Each> {
    let server = SocketAddr::from((Ipv4Addr::LOCALHOST, http));
    let _encoder = source::publish(url).await?;
    until_playable(server, path).await?;
    tokio::time::sleep(options.settle(Duration::from_secs(25))).await;
    let alone = process::measure(id, options.time / 2).await;
    let load = Arc::new(Load::default());
    let mut watching = JoinSet::new();
    for number in 0..options.viewers {
        watching.spawn(hls::watch(
            server,
            path.to_owned(),
            number,
            Arc::clone(&load),
        ));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    tokio::time::sleep(options.settle(Duration::from_secs(8))).await;
    let counted = |load: &Load| (load.parts.load(Relaxed), load.bytes.load(Relaxed));
    let (before, begun) = (counted(&load), Instant::now());
    let watched = process::measure(id, options.time).await;
    let (now, seconds) = (counted(&load), begun.elapsed().as_secs_f64());
    let viewers = f64::from(options.viewers);
    let rate = |now: u64, before: u64| exact(now - before) / seconds / viewers;
    let each = Each {
        cpu: (watched.cpu - alone.cpu) * 100.0 / viewers,
        memory_kib: (exact(watched.memory_kib) - exact(alone.memory_kib)) / viewers,
    };
    println!(
        "  {name}: {:.2} % of a core with viewers, {:.2} % without; each got {:.2} parts/s and \
         {:.2} Mbit/s; {} failures; others {:.1} %",
        watched.cpu * 100.0,
        alone.cpu * 100.0,
        rate(now.0, before.0),
        rate(now.1, before.1) * 8e-6,
        load.failures.load(Relaxed),
        watched.foreign * 100.0,
    );
    Ok(each)
}

/// Waits until the multivariant playlist lists both renditions.
async fn until_playable(server: SocketAddr, path: &str) -> io::Result<()> {
    let begun = Instant::now();
    loop {
        let asked = async {
            let mut connection = Connection::open(server, Ipv4Addr::LOCALHOST).await?;
            let (playlist, at) = connection.text(path.to_owned()).await?;
            Ok::<_, io::Error>(hls::rendition_paths(&playlist, &at).len())
        };
        match asked.await {
            Ok(2) => return Ok(()),
            found if begun.elapsed() > Duration::from_secs(30) => {
                return Err(io::Error::other(format!(
                    "{path} cannot be played: {found:?}"
                )));
            }
            _ => tokio::time::sleep(Duration::from_millis(200)).await,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn exact(number: u64) -> f64 {
    number as f64
}
