//! One row of the API from PostgreSQL, beside Express with pg on the same database; and chat
//! posts that are durable in it, beside pgbench's own inserts.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use greenroom_testkit::servers::PostgresServer;
use greenroom_tests::server::Server;
use greenroom_tests::tools;
use tokio::process::Command;
use tokio::task::JoinSet;

use crate::hls::Connection;
use crate::peer::Peer;
use crate::report::{Aim, figure};
use crate::{Options, process};

/// The server's core, and everybody else's.
const SERVER: usize = 0;
const REST: usize = 1;
/// Connections that ask again as soon as they were answered.
const CONNECTIONS: usize = 64;
const PATH: &str = "/api/v1/channels/bench";

pub(crate) async fn run(options: &Options) -> io::Result<()> {
    println!("\n== GET {PATH} from PostgreSQL, {CONNECTIONS} connections");
    process::pin(REST)?;
    let postgres = PostgresServer::start_durable();
    let database = postgres.database();
    process::pin(SERVER)?;
    let mut environment = crate::QUIET.to_vec();
    environment.extend([
        ("GREENROOM_STORE", "postgres"),
        ("GREENROOM_POSTGRES__URL", database.url()),
        ("GREENROOM_HTTP__TRUSTED_PROXIES", "[127.0.0.1]"),
    ]);
    let server = Server::start_with(&environment).await;
    process::pin(REST)?;
    server.channel("bench").await;
    let ours = asked("Greenroom", options, server.id(), server.http_port()).await?;
    process::pin(SERVER)?;
    let express = Peer::express(database.url()).await?;
    process::pin(REST)?;
    let peer = asked("Express", options, Some(express.id), express.http).await?;
    process::unpin()?;
    let aim = Aim::Ratio(0.25);
    figure("CPU per request", "µs", ours, Some(("Express", peer)), &aim);
    drop(server);

    println!("\n== durable chat lines on PostgreSQL");
    let status = Command::new(tools::workspace().join("target/release/examples/commit_posts"))
        .arg(options.time.as_secs().to_string())
        .kill_on_drop(true)
        .status()
        .await?;
    if status.success() {
        Ok(())
    } else {
        Err(io::Error::other("commit_posts failed"))
    }
}

/// The CPU time of a server for each request, in microseconds.
async fn asked(name: &str, options: &Options, id: Option<u32>, port: u16) -> io::Result<f64> {
    let id = id.ok_or_else(|| io::Error::other(format!("{name} does not run")))?;
    let server = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let answered = Arc::new(AtomicU64::new(0));
    let mut asking = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let answered = Arc::clone(&answered);
        asking.spawn(async move {
            let mut connection = Connection::open(server, Ipv4Addr::LOCALHOST).await?;
            loop {
                // As through a proxy, for ten thousand clients in turn.
                let [.., high, low] = (answered.load(Relaxed) % 10_000).to_be_bytes();
                connection.ask_for(Ipv4Addr::new(10, 0, high, low));
                connection.text(PATH.to_owned()).await?;
                answered.fetch_add(1, Relaxed);
            }
            #[expect(unreachable_code, reason = "says what the task's error is")]
            Ok::<(), io::Error>(())
        });
    }
    tokio::time::sleep(options.settle(Duration::from_secs(2))).await;
    let (before, begun) = (answered.load(Relaxed), Instant::now());
    let used = process::measure(id, options.time).await;
    let seconds = begun.elapsed().as_secs_f64();
    if let Some(ended) = asking.try_join_next() {
        ended.map_err(io::Error::other)??;
    }
    let rate = exact(answered.load(Relaxed) - before) / seconds;
    let each = used.cpu / rate * 1e6;
    println!(
        "  {name}: {rate:.0} requests a second, {each:.1} µs of CPU each, {:.0} MiB",
        exact(used.memory_kib) / 1024.0
    );
    Ok(each)
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn exact(number: u64) -> f64 {
    number as f64
}
