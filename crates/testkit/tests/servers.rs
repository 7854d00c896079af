//! The servers for tests: real, apart from each other, and gone without a trace.
#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use greenroom_testkit::servers::{Database, PostgresServer, RedisServer, StopMode};

/// Says to the test's binary that it is the one to be killed.
const CHILD: &str = "GREENROOM_SERVERS_TEST";

/// How long a killed test's servers may take to be gone.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn two_clusters_run_side_by_side() {
    let [one, other] = thread::scope(|scope| {
        let started = [(); 2].map(|()| scope.spawn(PostgresServer::start));
        started.map(|server| server.join().unwrap())
    });
    assert_ne!(one.port(), other.port());
    let (here, there) = (one.database(), other.database());
    ask(&one, &here, "CREATE TABLE things ()");
    assert_eq!(ask(&one, &here, COUNT_THINGS), "1");
    assert_eq!(ask(&other, &there, COUNT_THINGS), "0");
    assert_eq!(ask(&other, &there, "SHOW fsync"), "off");
}

#[test]
fn a_database_is_a_copy_of_its_own() {
    let server = PostgresServer::shared();
    let template = |name: &str| {
        server.template(name, |url| {
            psql(server, url, "CREATE TABLE things ()");
        })
    };
    let (first, second) = (template("full").database(), template("full").database());
    ask(server, &first, "DROP TABLE things");
    assert_eq!(ask(server, &first, COUNT_THINGS), "0");
    assert_eq!(ask(server, &second, COUNT_THINGS), "1");
    let empty = server.template("empty", |_| {}).database();
    assert_eq!(ask(server, &empty, COUNT_THINGS), "0");

    let gone = first.url().rsplit_once('/').unwrap().1.to_owned();
    drop(first);
    let left = format!("SELECT count(*) FROM pg_database WHERE datname = '{gone}'");
    assert_eq!(ask(server, &second, &left), "0");
}

#[test]
fn a_cluster_is_itself_after_a_crash() {
    let mut server = PostgresServer::start_durable();
    let database = server.database();
    assert_eq!(ask(&server, &database, "SHOW fsync"), "on");
    for mode in [StopMode::Immediate, StopMode::Fast] {
        ask(&server, &database, "CREATE TABLE IF NOT EXISTS things ()");
        server.restart(mode);
        assert_eq!(ask(&server, &database, COUNT_THINGS), "1");
    }
    server.stop(StopMode::Fast);
    server.stop(StopMode::Fast);
    assert!(connect(server.port()).is_none());
}

#[test]
fn redis_comes_back_empty_where_it_was() {
    let mut server = RedisServer::start();
    let url = server.url();
    assert_eq!(command(server.port(), "SET thing 1"), "+OK");
    server.stop();
    assert!(connect(server.port()).is_none());
    server.start_again();
    assert_eq!(server.url(), url);
    assert_eq!(command(server.port(), "EXISTS thing"), ":0");
}

#[test]
fn a_killed_test_leaves_neither_process_nor_folder() {
    let folder = tempfile::tempdir().unwrap();
    // The servers may run as somebody else.
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "holds_servers_until_it_is_killed", "--nocapture"])
        .env(CHILD, "1")
        .env("TMPDIR", folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap());
    let mut ports = String::new();
    told.read_line(&mut ports).unwrap();
    let ports: Vec<u16> = ports
        .split(' ')
        .map(|it| it.trim().parse().unwrap())
        .collect();
    assert_eq!(ports.len(), 2);
    for port in &ports {
        assert!(connect(*port).is_some(), "it runs");
    }
    assert_eq!(entries(folder.path()), 2);

    child.kill().unwrap();
    child.wait().unwrap();
    let killed = Instant::now();
    // Ends when the last process that the child has started is gone.
    told.read_to_string(&mut String::new()).unwrap();
    assert!(killed.elapsed() < PATIENCE);
    for port in ports {
        assert!(connect(port).is_none(), "it still runs");
    }
    assert_eq!(entries(folder.path()), 0);
}

/// Not a test of its own: the process that is killed.
#[test]
fn holds_servers_until_it_is_killed() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    // One in a static, as tests have it.
    let (postgres, redis) = (PostgresServer::shared(), RedisServer::start());
    let _used = postgres.database();
    eprintln!("{} {}", postgres.port(), redis.port());
    loop {
        thread::park();
    }
}

const COUNT_THINGS: &str = "SELECT count(*) FROM pg_tables WHERE tablename = 'things'";

fn ask(server: &PostgresServer, database: &Database, sql: &str) -> String {
    psql(server, database.url(), sql)
}

fn psql(server: &PostgresServer, url: &str, sql: &str) -> String {
    let output = Command::new(server.programs().join("psql"))
        .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"])
        .args(["--command", sql, url])
        .output()
        .unwrap();
    assert!(output.status.success(), "{sql}: {output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn command(port: u16, command: &str) -> String {
    let mut connection = connect(port).unwrap();
    connection
        .write_all(format!("{command}\r\n").as_bytes())
        .unwrap();
    let mut answer = String::new();
    BufReader::new(connection).read_line(&mut answer).unwrap();
    answer.trim_end().to_owned()
}

fn connect(port: u16) -> Option<TcpStream> {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()
}

fn entries(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}
