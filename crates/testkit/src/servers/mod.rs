//! Real servers for tests: PostgreSQL and Redis of the system's packages, each in a folder
//! and on a port of its own.
//!
//! No server that happens to run is used. Nothing is left behind, even when the test process
//! is killed. Tests may run as root: the servers then do not.

mod postgres;
mod redis;
mod supervised;

use std::env;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

use supervised::Supervised;

pub use postgres::{Database, PostgresServer, StopMode, Template};
pub use redis::RedisServer;

/// How often another port is tried when somebody was faster.
const ATTEMPTS: u32 = 5;

/// Starts a server on a port that was free.
fn on_free_port(mut make: impl FnMut(u16) -> Supervised) -> (Supervised, u16) {
    for _ in 0..ATTEMPTS {
        let port = free_port();
        let mut server = make(port);
        match server.start() {
            Ok(()) => return (server, port),
            Err(log) if log.contains("in use") => {}
            Err(log) => panic!("a server for the tests does not start: {log}"),
        }
    }
    panic!("no port is free for a server of the tests");
}

/// A port below those that the system gives to clients: while a server is down none of them
/// may sit on its port, or even meet itself there.
fn free_port() -> u16 {
    const FIRST: u16 = 12_000;
    const COUNT: u64 = 20_000;
    loop {
        let random = RandomState::new().build_hasher().finish() % COUNT;
        let port = FIRST + u16::try_from(random).expect("it is below the count");
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

/// The first folder on the PATH that holds all of these programs.
fn folder_on_path(programs: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).find(|folder| holds(folder, programs))
}

fn holds(folder: &Path, programs: &[&str]) -> bool {
    programs
        .iter()
        .all(|program| folder.join(program).is_file())
}

/// What a test that needs an absent program says.
fn not_installed(program: &str, package: &str) -> ! {
    panic!("{program} is not installed: `apt-get install {package}`, or scripts/install-test-tools")
}
