//! PostgreSQL for tests.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;

use super::supervised::{Signal, Supervised};
use super::{folder_on_path, holds, not_installed, on_free_port};

/// The first argument is the folder of the programs, the rest are PostgreSQL's.
const INIT_AND_RUN: &str = r#"
    programs=$1; shift
    [ -e data/PG_VERSION ] || "$programs/initdb" --pgdata=data --username=postgres --auth=trust \
        --encoding=UTF8 --locale=C --no-sync >initdb.log || exit
    exec "$programs/postgres" -D data "$@"
"#;

/// For ordinary tests a loss of power is none of their business.
const FAST: &[&str] = &[
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
];

/// A PostgreSQL cluster of its own, as superuser `postgres` without a password, on 127.0.0.1.
/// It ends when it is dropped, and with the process.
#[derive(Debug)]
pub struct PostgresServer {
    server: Supervised,
    client: Arc<Client>,
    templates: Mutex<HashSet<String>>,
}

/// How a cluster is stopped: `pg_ctl --mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopMode {
    /// Connections are closed, and everything is written.
    Fast,
    /// As by a crash: the log is replayed at the next start.
    Immediate,
}

impl PostgresServer {
    /// The cluster that all tests of this process share. It cannot be stopped.
    ///
    /// # Panics
    /// When PostgreSQL is not installed, or does not start.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<PostgresServer> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// Starts one that forgets what it likes when the machine (not the cluster) is lost.
    ///
    /// # Panics
    /// When PostgreSQL is not installed, or does not start.
    pub fn start() -> Self {
        Self::with_settings(FAST)
    }

    /// Starts one with PostgreSQL's own settings: what is committed is on the disk. For
    /// benchmarks, and for tests of crashes.
    ///
    /// # Panics
    /// When PostgreSQL is not installed, or does not start.
    pub fn start_durable() -> Self {
        Self::with_settings(&[])
    }

    fn with_settings(settings: &[&str]) -> Self {
        let programs = programs();
        let always = [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=200",
        ];
        let (server, port) = on_free_port(|port| {
            let port = format!("port={port}");
            let mut command = ["sh", "-c", INIT_AND_RUN, "sh"].map(OsStr::new).to_vec();
            command.push(programs.as_os_str());
            for setting in always.iter().chain(settings).chain([&port.as_str()]) {
                command.extend(["-c", setting].map(OsStr::new));
            }
            Supervised::new("postgres", Signal::Quit, &command)
        });
        let psql = programs.join("psql");
        Self {
            server,
            client: Arc::new(Client { psql, port }),
            templates: Mutex::default(),
        }
    }

    /// Makes an empty database.
    ///
    /// # Panics
    /// When the cluster does not run.
    pub fn database(&self) -> Database {
        Database::copy(&self.client, "template0")
    }

    /// A database to copy others from, which `migrate` fills: given its URL, on a thread of its
    /// own so that it may run a runtime, and only the first time that this name is asked for.
    /// It has to close its connections.
    ///
    /// # Panics
    /// When `migrate` does, or the cluster does not run.
    pub fn template(&self, name: &str, migrate: impl FnOnce(&str) + Send) -> Template {
        let mut templates = self
            .templates
            .lock()
            // One that failed was not put down as made.
            .unwrap_or_else(PoisonError::into_inner);
        let name = format!("template_{name}");
        if !templates.contains(&name) {
            self.client
                .run(&format!(r#"DROP DATABASE IF EXISTS "{name}""#));
            self.client
                .run(&format!(r#"CREATE DATABASE "{name}" TEMPLATE template0"#));
            let url = self.client.url(&name);
            thread::scope(|scope| scope.spawn(|| migrate(&url)).join())
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            templates.insert(name.clone());
        }
        Template {
            client: Arc::clone(&self.client),
            name,
        }
    }

    /// Where it listens, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.client.port
    }

    /// The folder of the same installation's programs, `pgbench` say.
    pub fn programs(&self) -> &Path {
        self.client.psql.parent().expect("it is in a folder")
    }

    /// Stops it. Nothing happens when it does not run.
    pub fn stop(&mut self, mode: StopMode) {
        self.server.stop(match mode {
            StopMode::Fast => Signal::Interrupt,
            StopMode::Immediate => Signal::Quit,
        });
    }

    /// Starts it after a stop, on the same port.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start_again(&mut self) {
        self.server.start_again();
    }

    /// Stops it and starts it on the same port.
    ///
    /// # Panics
    /// When it does not start.
    pub fn restart(&mut self, mode: StopMode) {
        self.stop(mode);
        self.start_again();
    }
}

/// A database that others are copied from.
#[derive(Debug)]
pub struct Template {
    client: Arc<Client>,
    name: String,
}

impl Template {
    /// Makes a copy.
    ///
    /// # Panics
    /// When the cluster does not run, or somebody is connected to the template.
    pub fn database(&self) -> Database {
        Database::copy(&self.client, &self.name)
    }
}

/// A database of its own, gone when this is dropped: with all connections to it.
#[derive(Debug)]
pub struct Database {
    client: Arc<Client>,
    name: String,
    url: String,
}

impl Database {
    fn copy(client: &Arc<Client>, template: &str) -> Self {
        static MADE: AtomicU64 = AtomicU64::new(0);
        let name = format!("test_{}", MADE.fetch_add(1, Ordering::Relaxed));
        client.run(&format!(
            r#"CREATE DATABASE "{name}" TEMPLATE "{template}""#
        ));
        Self {
            client: Arc::clone(client),
            url: client.url(&name),
            name,
        }
    }

    /// How clients find it.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // The cluster may be stopped; its folder goes with it then.
        let _ = self
            .client
            .psql(&format!(r#"DROP DATABASE "{}" WITH (FORCE)"#, self.name))
            .output();
    }
}

/// Asks the cluster by `psql`, so that no driver is needed.
#[derive(Debug)]
struct Client {
    psql: PathBuf,
    port: u16,
}

impl Client {
    fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    fn psql(&self, sql: &str) -> Command {
        let mut psql = Command::new(&self.psql);
        psql.args(["--no-psqlrc", "--quiet", "--command", sql])
            .arg(self.url("postgres"));
        psql
    }

    fn run(&self, sql: &str) {
        let output = self.psql(sql).output().expect("psql runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{sql}: {said}");
    }
}

/// The folder of an installation's programs: the one on the PATH, or Debian's newest.
fn programs() -> PathBuf {
    let needed = ["initdb", "postgres", "psql"];
    if let Some(folder) = folder_on_path(&needed) {
        return folder;
    }
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let newest = versions
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            let programs = entry.path().join("bin");
            holds(&programs, &needed).then_some((version, programs))
        })
        .max();
    match newest {
        Some((_, programs)) => programs,
        None => not_installed("PostgreSQL", "postgresql"),
    }
}
