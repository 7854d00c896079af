//! Strangers attack the whole server, while somebody streams and somebody watches; and what
//! brought others down, on each interface by itself.

mod doors;
mod raw;
mod sockets;
mod statements;
mod text;

use std::time::Duration;

use greenroom_tests::ffmpeg::{Publish, Publisher};
use greenroom_tests::probe::{self, Decoded};
use greenroom_tests::rtmp::{self, Client};
use greenroom_tests::server::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

const LIMIT: Duration = Duration::from_secs(60);
/// How long somebody watches, and no attack on them lasts longer.
const WATCHED: Duration = Duration::from_secs(15);
/// What the server's memory may move by, busy as it is with an honest stream.
const NOISE_KIB: u64 = 16 * 1024;
/// How long a stranger may take to do nothing.
const PATIENCE: Duration = Duration::from_secs(10);

/// Somebody who streams, and somebody who watches it during the attack.
struct Honest {
    publisher: Publisher,
    viewer: JoinHandle<Result<Decoded, String>>,
    stream: String,
    memory_kib: u64,
}

impl Honest {
    async fn on(server: &Server) -> Self {
        let channel = server.channel("honest").await;
        let publisher = Publish::default().to(&server.publish_url(&channel.key));
        let stream = server.until_ingest("honest", "publishing").await;
        let hls = server.hls("honest");
        // The window is full and everything has been used once.
        let warm = probe::decode(&hls, Duration::from_secs(12), LIMIT).await;
        warm.expect("it is decoded");
        Self {
            publisher,
            viewer: tokio::spawn(async move { probe::decode(&hls, WATCHED, LIMIT).await }),
            stream,
            memory_kib: server.memory_kib(),
        }
    }

    /// Neither of them has noticed anything, and it cost no more memory than this.
    async fn assert_undisturbed(mut self, server: &mut Server, most_kib: u64) {
        let grown = server.memory_kib().saturating_sub(self.memory_kib);
        assert!(grown < most_kib, "{grown} KiB more than before");
        let decoded = self
            .viewer
            .await
            .expect("it watches")
            .expect("it is decoded");
        assert!(decoded.complaints.is_empty(), "{decoded:?}");
        let frames = WATCHED.as_secs() * 30;
        assert!(
            (frames - 5..=frames + 1).contains(&decoded.frames),
            "{decoded:?}"
        );
        let stream = server.until_ingest("honest", "publishing").await;
        assert_eq!(stream, self.stream);
        assert!(
            self.publisher.is_running(),
            "{}",
            self.publisher.stderr_tail()
        );
        assert!(server.is_running());
        assert!(!server.has_logged("panicked"));
    }
}

#[tokio::test]
async fn what_strangers_declare_costs_nothing() {
    let mut server = Server::start().await;
    let port = server.rtmp_port();
    let mallory = server.channel("mallory").await;
    let honest = Honest::on(&server).await;

    // Chunk sizes that cannot be, and one that is far too large.
    for size in [0, 1, 0x7fff_ffff, 0xffff_ffff] {
        let mut client = Client::connect(port).await.expect("it is answered");
        let declared = rtmp::header(3, rtmp::COMMAND, 0, 0, 0xff_ffff);
        let control = rtmp::chunks(2, 1, 0, 0, &u32::to_be_bytes(size), 128).concat();
        client
            .write(&[control, declared, vec![0; 1000]].concat())
            .await
            .ok();
        assert!(client.is_closed_within(PATIENCE).await, "size {size}");
    }

    // 16 MB on each of thousands of chunk streams, and no body.
    for _ in 0..20 {
        let mut client = Client::connect(port).await.expect("it is answered");
        let flood: Vec<u8> = (3..64)
            .flat_map(|stream| rtmp::header(stream, rtmp::VIDEO, 1, 0, 0xff_ffff))
            .collect();
        client.write(&flood.repeat(50)).await.ok();
        assert!(client.is_closed_within(PATIENCE).await);
    }

    // The same from somebody who may publish: each message is too long, or they are too many.
    for length in [0xff_ffff, 0x7f_ffff] {
        let mut client = Client::publish(port, "live", &mallory.key)
            .await
            .expect("let in");
        for stream in 6..60 {
            let header = rtmp::header(stream, rtmp::VIDEO, 1, 0, length);
            // It may be closed by now.
            client.write(&[header, vec![0x17; 128]].concat()).await.ok();
        }
        assert!(client.is_closed_within(PATIENCE).await, "length {length}");
    }

    // AMF0 that declares more than there is, and AMF0 without bottom.
    let lie = [
        rtmp::amf0_call("connect", 1.0),
        vec![0x0a, 0xff, 0xff, 0xff, 0xff, 5],
    ]
    .concat();
    let nested = [
        rtmp::amf0_call("connect", 1.0),
        [3, 0, 1, b'a'].repeat(4000),
    ]
    .concat();
    let arrays = [
        rtmp::amf0_call("connect", 1.0),
        [0x0a, 0, 0, 0, 1].repeat(3000),
    ]
    .concat();
    for body in [lie, nested, arrays] {
        let mut client = Client::connect(port).await.expect("it is answered");
        client.message(3, rtmp::COMMAND, 0, 0, &body).await.ok();
        assert!(client.is_closed_within(PATIENCE).await);
    }
    honest.assert_undisturbed(&mut server, NOISE_KIB).await;
}

#[tokio::test]
async fn names_lead_nowhere_but_to_channels() {
    let mut server = Server::start().await;
    let honest = Honest::on(&server).await;
    let before = files(&server);

    for (app, key) in [
        ("live", "../../../../etc/passwd"),
        ("live", "..%2f..%2fsecret.key"),
        ("live", "/etc/passwd"),
        ("live", "gk_\0"),
        ("live", "honest"),
        ("..", "gk_0"),
        ("../live", "gk_0"),
        ("live/../../etc", "passwd"),
        ("/etc", "passwd"),
        ("", ""),
    ] {
        let client = Client::publish(server.rtmp_port(), app, key).await;
        assert!(client.is_err(), "{app} {key:?}");
    }

    let index = server.api().get("/hls/honest/index.m3u8").await.text;
    let name = index.lines().find(|line| !line.starts_with('#'));
    let (grant, _) = name
        .and_then(|name| name.strip_prefix("g/")?.split_once('/'))
        .expect("it names a playlist under a grant");
    for path in [
        "/hls/../../../../etc/passwd".to_owned(),
        "/hls/%2e%2e/%2e%2e/etc/passwd".to_owned(),
        "/hls/..%2f..%2f..%2fetc%2fpasswd/index.m3u8".to_owned(),
        "/hls/honest%00/index.m3u8".to_owned(),
        "/hls//etc/passwd/index.m3u8".to_owned(),
        "/dash/../data/secret.key".to_owned(),
        format!("/hls/honest/g/{grant}/../../../../etc/passwd"),
        format!("/hls/honest/g/{grant}/video/..%2f..%2f..%2fetc%2fpasswd"),
        format!("/hls/honest/g/{grant}/%2e%2e/secret.key"),
        format!("/hls/honest/g/{grant}/video/%00.m4s"),
        format!("/dash/honest/g/{grant}/video/t{}.m4s", "9".repeat(40)),
        format!("/hls/honest/g/{}/video/index.2.m3u8", "..%2f".repeat(20)),
    ] {
        // By hand: clients would tidy the path up.
        let answer = get(&server, &path).await;
        let status = answer.split(' ').nth(1).unwrap_or_default();
        assert!(status.starts_with('4'), "{path}: {answer}");
        assert!(!answer.contains("root:"), "{path}: {answer}");
    }
    assert_eq!(files(&server), before);
    honest.assert_undisturbed(&mut server, NOISE_KIB).await;
}

#[tokio::test]
async fn slow_strangers_are_sent_away() {
    // All of them come from one address here.
    let many = [
        ("GREENROOM_RTMP__MAX_CONNECTIONS", "1200"),
        ("GREENROOM_RTMP__MAX_CONNECTIONS_PER_ADDRESS", "1200"),
    ];
    let mut server = Server::start_with(&many).await;
    let honest = Honest::on(&server).await;

    let handshake = vec![3; 1537];
    let head =
        b"GET /api/v1/streams HTTP/1.1\r\nhost: localhost\r\nx-slow: aaaaaaaaaaaaaaaaaaaaaaaaaaa";
    let (rtmp, http) = tokio::join!(
        outlasted(server.rtmp_port(), handshake),
        outlasted(server.http_port(), head.to_vec()),
    );
    for slowest in [rtmp, http] {
        assert!(slowest < PATIENCE, "{slowest:?}");
    }
    // Some 32 KiB for each of 2,000 connections, most of it what a build for tests adds.
    honest
        .assert_undisturbed(&mut server, NOISE_KIB + 2000 * 32)
        .await;
}

/// A thousand connections that send a byte a second. How long the slowest to be closed was open.
async fn outlasted(port: u16, bytes: Vec<u8>) -> Duration {
    let mut open = Vec::new();
    for _ in 0..1000 {
        let stream = TcpStream::connect(("127.0.0.1", port)).await;
        open.push((stream.expect("it is answered"), Instant::now()));
    }
    let mut slowest = Duration::ZERO;
    // The attack itself, one byte a second, looked at more often.
    for (byte, look) in bytes
        .iter()
        .flat_map(|byte| (0..4).map(move |look| (byte, look)))
    {
        open.retain(|(stream, since)| {
            let sent = match look {
                0 => stream.try_write(&[*byte]).map(drop),
                _ => Ok(()),
            };
            let mut answer = [0; 512];
            let closed = matches!(stream.try_read(&mut answer), Ok(0))
                || sent.is_err_and(|error| error.kind() != std::io::ErrorKind::WouldBlock);
            if closed {
                slowest = slowest.max(since.elapsed());
            }
            !closed
        });
        if open.is_empty() {
            return slowest;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
        if open.iter().any(|(_, since)| since.elapsed() > 2 * PATIENCE) {
            break;
        }
    }
    panic!("{} of 1000 connections are still open", open.len());
}

/// Asks for a path as it is.
async fn get(server: &Server, path: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", server.http_port()))
        .await
        .expect("it is answered");
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream
        .write_all(request.as_bytes())
        .await
        .expect("it reads");
    let mut answer = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    read.expect("it answers in time").expect("it answers");
    String::from_utf8_lossy(&answer).into_owned()
}

/// The names beside and in the data folder.
fn files(server: &Server) -> Vec<String> {
    let data = server.data_dir();
    let beside = data.parent().expect("it is in a folder");
    let mut names: Vec<String> = [data.as_path(), beside]
        .into_iter()
        .flat_map(|folder| std::fs::read_dir(folder).expect("it can be listed"))
        .map(|entry| {
            entry
                .expect("it is there")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    names
}
