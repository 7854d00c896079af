//! How many chat posts a second become durable, with 64 writers: on one store, and on two
//! that share a database as two nodes do. Beside them `pgbench`'s own rate of single-row
//! inserts from 64 clients into a table with the same columns, on the same PostgreSQL (its
//! own, with its default settings: what is committed is on the disk).
//!
//! `cargo run --release -p greenroom-adapters-postgres --example commit_posts [seconds]`

use std::error::Error;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use greenroom_adapters_postgres::{PgOptions, PgStore};
use greenroom_domain::shared::commit::{Changes, Commit};
use greenroom_domain::shared::feed::Feed;
use greenroom_testkit::builders::{message, viewer};
use greenroom_testkit::servers::{Database, PostgresServer};

const WRITERS: usize = 64;
const ROOMS: usize = 8;

type Failed = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failed> {
    let seconds = std::env::args().nth(1).map_or(Ok(10), |it| it.parse())?;
    let time = Duration::from_secs(seconds);
    let server = PostgresServer::start_durable();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    for stores in [1, 2] {
        let database = server.database();
        let (rate, batch) = runtime.block_on(posts(&database, stores, time))?;
        println!(
            "{rate:>8.0} posts/s, {WRITERS} writers, {stores} store(s), {batch:.0} a transaction"
        );
    }
    let database = server.database();
    let rate = inserts(&server, &database, seconds)?;
    println!("{rate:>8.0} inserts/s, {WRITERS} clients of pgbench, one row a transaction");
    Ok(())
}

async fn posts(database: &Database, stores: usize, time: Duration) -> Result<(f64, f64), Failed> {
    let options = PgOptions::parse(database.url())?;
    PgStore::migrate(&options).await?;
    let mut nodes = Vec::new();
    for _ in 0..stores {
        nodes.push(Arc::new(PgStore::open(&options).await?));
    }
    let kept = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let (store, kept) = (Arc::clone(&nodes[writer % stores]), Arc::clone(&kept));
            tokio::spawn(async move {
                let room = format!("room-{}", writer % ROOMS);
                let author = viewer(&format!("writer-{writer}"));
                let mut n = 0;
                while begun.elapsed() < time {
                    n += 1;
                    let post = message(&room, author, "What a goal! Did you see that?")
                        .client_id(&format!("m-{n}"));
                    store.commit(Changes::new().line(post.line())).await?;
                    kept.fetch_add(1, Ordering::Relaxed);
                }
                Ok::<_, Failed>(())
            })
        })
        .collect();
    for writer in writers {
        writer.await??;
    }
    let time = begun.elapsed();
    let transactions = Feed::head(&*nodes[0]).await?.0;
    for node in nodes {
        node.close().await;
    }
    let kept = approximate(kept.load(Ordering::Relaxed));
    Ok((kept / time.as_secs_f64(), kept / approximate(transactions)))
}

#[expect(clippy::cast_precision_loss, reason = "it is shown without decimals")]
fn approximate(count: u64) -> f64 {
    count as f64
}

fn inserts(server: &PostgresServer, database: &Database, seconds: u64) -> Result<f64, Failed> {
    let folder = tempfile::tempdir()?;
    let script = folder.path().join("insert.sql");
    std::fs::write(
        &script,
        "INSERT INTO posts (room, at, body) VALUES (:client_id % 8, 1, \
         '{\"message\": {\"text\": \"What a goal! Did you see that?\"}}');\n",
    )?;
    let table = "CREATE TABLE posts (id bigserial PRIMARY KEY, room bigint NOT NULL, \
                 at bigint NOT NULL, body jsonb NOT NULL)";
    run(Command::new(server.programs().join("psql")).args([
        "--quiet",
        "--command",
        table,
        database.url(),
    ]))?;
    let clients = WRITERS.to_string();
    let output = run(Command::new(server.programs().join("pgbench"))
        .args(["--no-vacuum", "--protocol=prepared", "--jobs=2"])
        .args(["--client", &clients, "--time", &seconds.to_string()])
        .arg("--file")
        .arg(&script)
        .arg(database.url()))?;
    let tps = output.lines().find_map(|line| line.strip_prefix("tps = "));
    let tps = tps.and_then(|rest| rest.split_whitespace().next());
    Ok(tps.ok_or("pgbench tells no rate")?.parse()?)
}

fn run(command: &mut Command) -> Result<String, Failed> {
    let output = command.output()?;
    if output.status.success() {
        Ok(String::from_utf8(output.stdout)?)
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into())
    }
}
