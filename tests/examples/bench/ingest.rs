//! CPU and memory for each of ten encoders at once, packaged as LL-HLS, beside nginx-rtmp's HLS.

use std::io;
use std::time::Duration;

use greenroom_tests::server::Server;

use crate::peer::Peer;
use crate::process::{self, Use};
use crate::report::{Aim, figure};
use crate::{Options, source};

const INGESTS: u32 = 10;
/// Until playlists are full.
const SETTLE: Duration = Duration::from_secs(25);

pub(crate) async fn run(options: &Options) -> io::Result<()> {
    println!("\n== {INGESTS} ingests of 1080p30, 4 Mbit/s, nobody watching");
    source::file().await?;
    let ours = ours(options).await?;
    let nginx = match Peer::nginx().await? {
        Some(peer) => Some(published("nginx-rtmp, HLS", options, &peer, peer.id).await?),
        None => {
            println!("nginx-rtmp is not there: set BENCH_NGINX (scripts/bench does, on Debian)");
            None
        }
    };
    let mediamtx = match Peer::mediamtx().await? {
        Some(peer) => Some(published("MediaMTX, LL-HLS", options, &peer, peer.id).await?),
        None => {
            println!("MediaMTX is not there: MEDIAMTX=/path/to/mediamtx adds it");
            None
        }
    };
    let each = |used: Use| used.cpu * 100.0 / f64::from(INGESTS);
    let of = |peer: Option<Use>, name| peer.map(|used| (name, each(used)));
    let (what, unit) = ("CPU per ingest", "% of a core");
    let peer = of(nginx, "nginx-rtmp");
    figure(what, unit, each(ours), peer, &Aim::Ratio(0.7));
    if mediamtx.is_some() {
        figure(what, unit, each(ours), of(mediamtx, "MediaMTX"), &Aim::None);
    }
    Ok(())
}

async fn ours(options: &Options) -> io::Result<Use> {
    let server = Server::start_with(&crate::QUIET).await;
    let mut urls = Vec::new();
    for number in 0..INGESTS {
        let channel = server.channel(&format!("bench{number}")).await;
        urls.push(server.publish_url(&channel.key));
    }
    measured(
        "Greenroom, LL-HLS",
        options,
        server.id().unwrap_or(0),
        &urls,
    )
    .await
}

async fn published(name: &str, options: &Options, peer: &Peer, id: u32) -> io::Result<Use> {
    let url = |number| format!("rtmp://127.0.0.1:{}/live/p{number}", peer.rtmp);
    let urls: Vec<String> = (0..INGESTS).map(url).collect();
    measured(name, options, id, &urls).await
}

async fn measured(name: &str, options: &Options, id: u32, urls: &[String]) -> io::Result<Use> {
    let idle = process::memory_kib(id);
    let mut encoders = Vec::new();
    for url in urls {
        encoders.push(source::publish(url).await?);
        // Not all key frames at the same moment.
        tokio::time::sleep(Duration::from_millis(370)).await;
    }
    tokio::time::sleep(options.settle(SETTLE)).await;
    let used = process::measure(id, options.time).await;
    for encoder in &mut encoders {
        if let Some(status) = encoder.try_wait()? {
            return Err(io::Error::other(format!(
                "{name}: an encoder ended: {status}"
            )));
        }
    }
    println!(
        "  {name}: {:.2} % of a core in all, {} MiB ({} MiB before), others {:.1} %",
        used.cpu * 100.0,
        used.memory_kib / 1024,
        idle / 1024,
        used.foreign * 100.0,
    );
    Ok(used)
}
