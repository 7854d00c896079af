//! The server as a process: what it prints when it starts, what it takes along when it goes.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use greenroom_tests::api::Api;
use greenroom_tests::ffmpeg::Publish;
use greenroom_tests::server::{GRACE, Server};
use greenroom_tests::{ports, tools, wait};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::cli::{LIMIT, commands};

#[tokio::test]
async fn a_start_prints_what_to_do_next() {
    let (_folder, commands) = commands().await;
    let (http, rtmp) = (ports::free(), ports::free());
    let addresses = [format!("127.0.0.1:{http}"), format!("127.0.0.1:{rtmp}")];
    let mut server = commands
        .command(&["serve", "--http", &addresses[0], "--rtmp", &addresses[1]])
        .spawn()
        .expect("the binary can be started");
    let stdout = server.stdout.take().expect("standard output is piped");
    let mut lines = BufReader::new(stdout).lines();
    let mut printed = String::new();
    let read = async {
        while let Ok(Some(line)) = lines.next_line().await {
            printed = format!("{printed}{line}\n");
            if line.contains("first administrator") {
                break;
            }
        }
    };
    tokio::time::timeout(LIMIT, read).await.expect("it starts");
    for part in [
        format!("rtmp://localhost:{rtmp}/live/<stream key>"),
        format!("http://localhost:{http}/hls/<handle>/index.m3u8"),
        format!("http://localhost:{http}/api/docs"),
        format!("http://localhost:{http}/setup#"),
    ] {
        assert!(printed.contains(&part), "{part}: {printed}");
    }
    tools::signal(server.id(), tools::Signal::INT);
    let ended = tokio::time::timeout(LIMIT, server.wait()).await;
    let status = ended
        .expect("Ctrl-C ends it")
        .expect("it can be waited for");
    assert_eq!(status.code(), Some(0));
}

/// The processes that this one's threads have started.
fn children(id: u32) -> Vec<String> {
    let threads = std::fs::read_dir(format!("/proc/{id}/task")).expect("it runs");
    threads
        .flatten()
        .filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok())
        .flat_map(|children| {
            let children = children.split_whitespace().map(str::to_owned);
            children.collect::<Vec<_>>()
        })
        .collect()
}

/// Whether there is an encoder with this process id.
fn is_encoder(id: &String) -> bool {
    let program = std::fs::read_to_string(format!("/proc/{id}/comm"));
    program.is_ok_and(|program| program.trim() == "ffmpeg")
}

#[tokio::test]
async fn the_demo_publishes_and_takes_its_encoder_along() {
    let (_folder, commands) = commands().await;
    let serve = [
        "--json",
        "serve",
        "--demo",
        "--http",
        "127.0.0.1:0",
        "--rtmp",
        "127.0.0.1:0",
    ];
    let mut server = commands
        .command(&serve)
        .spawn()
        .expect("the binary can be started");
    let stdout = server.stdout.take().expect("standard output is piped");
    let mut lines = BufReader::new(stdout).lines();
    let first = tokio::time::timeout(LIMIT, lines.next_line()).await;
    let first = first
        .expect("it starts")
        .expect("it prints")
        .unwrap_or_default();
    let started: Value = serde_json::from_str(&first).expect("it is JSON");
    let address = started["http"].as_str().expect("an address");
    let api = Api::new(&format!("http://{address}"), None);
    let playlist = "/hls/demo/index.m3u8";
    api.until(playlist, "it can be played", LIMIT, |answer| {
        (answer.status == 200).then_some(())
    })
    .await;
    let encoders = children(server.id().expect("it runs"));
    assert!(encoders.iter().any(is_encoder), "{encoders:?}");
    tools::signal(server.id(), tools::Signal::TERM);
    let ended = tokio::time::timeout(LIMIT, server.wait()).await;
    let status = ended.expect("it ends").expect("it can be waited for");
    assert_eq!(status.code(), Some(0));
    wait::until("its encoder is gone", LIMIT, async || {
        (!encoders.iter().any(is_encoder)).then_some(())
    })
    .await;
}

/// A connection that has sent this and got the start of an answer.
async fn open(server: &Server, request: &str) -> TcpStream {
    let address = (Ipv4Addr::LOCALHOST, server.http_port());
    let mut socket = TcpStream::connect(address).await.expect("it listens");
    socket
        .write_all(request.as_bytes())
        .await
        .expect("it reads");
    socket
}

async fn answer(socket: &mut TcpStream) -> String {
    let mut bytes = [0; 4096];
    let read = tokio::time::timeout(LIMIT, socket.read(&mut bytes)).await;
    let n = read.expect("it answers").expect("it answers");
    String::from_utf8_lossy(&bytes[..n]).into_owned()
}

#[tokio::test]
async fn sigterm_ends_it_within_seconds_whoever_is_connected() {
    let mut server = Server::start().await;
    let channel = server.channel("kim").await;
    let publisher = Publish::default().to(&server.publish_url(&channel.key));
    let playlist = wait::until("it can be played", LIMIT, async || {
        let answer = server.api().try_get(&server.hls("kim")).await?;
        let path = answer
            .text
            .lines()
            .find(|line| line.contains(".m3u8") && !line.starts_with('#'));
        (answer.status == 200).then(|| path.map(str::to_owned))?
    })
    .await;

    // A player waits for the next segment, sockets are open by both transports, one says
    // nothing, one is in the middle of a request.
    let playlist = path_of(&server.hls("kim"), &playlist);
    let media = server.api().get(&playlist).await;
    let number = |line: &str| {
        line.strip_prefix("#EXT-X-MEDIA-SEQUENCE:")?
            .parse::<u64>()
            .ok()
    };
    let first = media.text.lines().find_map(number).expect("it is numbered");
    let listed = media
        .text
        .lines()
        .filter(|line| line.starts_with("#EXTINF"));
    let next = first + listed.count() as u64 + 1;
    let mut player = open(&server, &get(&format!("{playlist}?_HLS_msn={next}"))).await;
    let mut polling = open(&server, &get("/socket.io/?EIO=4&transport=polling")).await;
    let opened = answer(&mut polling).await;
    assert!(opened.contains("200 OK"), "{opened}");
    let upgrade = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nhost: a\r\n\
        connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
        sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let mut websocket = open(&server, upgrade).await;
    let upgraded = answer(&mut websocket).await;
    assert!(upgraded.contains("101 Switching"), "{upgraded}");
    let _silent = open(&server, "").await;
    let _halfway = open(
        &server,
        "POST /api/v1/sessions HTTP/1.1\r\nhost: a\r\n\
        content-type: application/json\r\ncontent-length: 100\r\n\r\n{",
    )
    .await;
    let start = Instant::now();
    server.stop().await;
    let took = start.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
    let last = answer(&mut player).await;
    assert!(last.is_empty() || last.starts_with("HTTP/1.1 "), "{last}");
    drop(publisher);

    // The stream was cut off, not ended: it goes on in the grace time, or ends then.
    server.restart().await;
    let api = server.api();
    let limit = GRACE + LIMIT;
    api.until(
        "/api/v1/channels/kim",
        "nothing is stuck on air",
        limit,
        |answer| answer.json["live"].is_null().then_some(()),
    )
    .await;
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\n")
}

/// The path of what a playlist at `base` names.
fn path_of(base: &str, relative: &str) -> String {
    let base = reqwest::Url::parse(base).expect("it is an address");
    let joined = base.join(relative).expect("it is a reference");
    joined.path().to_owned()
}
