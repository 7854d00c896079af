//! The ports on a real Redis: held to their promises, shared by two nodes, and while Redis
//! is away, hangs, or comes back empty.
#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

mod away;
mod bus;
mod contract;
mod nodes;

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use greenroom_adapters_redis::{Redis, RedisOptions};
use greenroom_testkit::servers::RedisServer;
use tokio::time::{sleep, timeout};

/// One that no test stops.
fn server() -> &'static RedisServer {
    static SERVER: OnceLock<RedisServer> = OnceLock::new();
    SERVER.get_or_init(RedisServer::start)
}

/// A prefix that nobody has used.
fn new_prefix() -> String {
    static LAST: AtomicU64 = AtomicU64::new(0);
    format!("test-{}:", LAST.fetch_add(1, Ordering::Relaxed))
}

/// An empty Redis.
fn empty() -> Redis {
    open(&server().url(), &new_prefix())
}

/// Two nodes' ways to the same empty Redis.
fn two() -> [Redis; 2] {
    let prefix = new_prefix();
    [(); 2].map(|()| open(&server().url(), &prefix))
}

fn open(url: &str, prefix: &str) -> Redis {
    Redis::open(RedisOptions::new(url).unwrap().prefix(prefix)).unwrap()
}

/// Waits until it is so: a moment, or the test fails.
async fn eventually(what: &str, is_so: impl AsyncFn() -> bool) {
    let waiting = async {
        while !is_so().await {
            sleep(Duration::from_millis(10)).await;
        }
    };
    let so = timeout(Duration::from_secs(10), waiting).await;
    assert!(so.is_ok(), "never: {what}");
}

/// Sends a command as a stranger would, and gives the answer's first line.
fn command(port: u16, words: &[&[u8]]) -> String {
    let mut connection = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend(format!("${}\r\n", word.len()).into_bytes());
        bytes.extend(*word);
        bytes.extend(b"\r\n");
    }
    connection.write_all(&bytes).unwrap();
    let mut answer = String::new();
    BufReader::new(connection).read_line(&mut answer).unwrap();
    answer.trim_end().to_owned()
}
