//! What brought real-time servers down elsewhere: frames that declare or trickle, headers
//! without end, sessions that nobody comes back to.

use std::time::{Duration, Instant};

use greenroom_tests::chat::{ChatClients, Transport};
use greenroom_tests::server::Server;
use greenroom_tests::wait;
use serde_json::json;

use super::raw::{GRAPHQL, Raw, SOCKET_IO};

/// RFC 6455, 7.4.1: too big to be processed.
const TOO_BIG: Option<u16> = Some(1009);

#[tokio::test]
async fn messages_too_large_are_closed_before_they_arrive() {
    let mut server = Server::start().await;
    for path in [SOCKET_IO, GRAPHQL] {
        let before = server.memory_kib();
        for declared in [1_u64 << 62, u64::MAX >> 1, 1 << 32, 1 << 20] {
            let mut socket = Raw::open(&server, path, "").await.expect("a WebSocket");
            let header = [&[0x81, 0xff][..], &declared.to_be_bytes(), &[0; 4]].concat();
            socket.send(&header).await;
            assert_eq!(socket.close_code().await, TOO_BIG, "{path} {declared}");
        }
        // A message in so many fragments that each costs more than it brings.
        for fragment in [&b""[..], b"x"] {
            let mut socket = Raw::open(&server, path, "").await.expect("a WebSocket");
            socket.frame(0x01, b"4").await;
            for _ in 0..200 {
                socket.frame(0x00, fragment).await;
            }
            assert_eq!(socket.close_code().await, TOO_BIG, "{path} {fragment:?}");
        }
        // Few fragments that are too much together.
        let mut socket = Raw::open(&server, path, "").await.expect("a WebSocket");
        socket.frame(0x01, &[b'4'; 16 * 1024]).await;
        for _ in 0..5 {
            socket.frame(0x00, &[b'4'; 16 * 1024]).await;
        }
        assert_eq!(socket.close_code().await, TOO_BIG, "{path}");
        let grown = server.memory_kib().saturating_sub(before);
        assert!(grown < 8 * 1024, "{path}: {grown} KiB");
    }
    assert!(server.is_running());
}

#[tokio::test]
async fn a_handshake_is_no_place_to_store_things() {
    let mut server = Server::start().await;
    let before = server.memory_kib();
    let giant = format!("X-Giant: {}\r\n", "x".repeat(4 * 1024 * 1024));
    let many = "X-Many: x\r\n".repeat(50_000);
    let key = format!("Sec-WebSocket-Key: {}\r\n", "x".repeat(60_000));
    for path in [SOCKET_IO, GRAPHQL] {
        for (what, headers) in [("one", &giant), ("many", &many), ("key", &key)] {
            let refused = Raw::open(&server, path, headers).await.err();
            // It may hang up while the rest is still on its way.
            let is_refused = matches!(refused, Some(0 | 400 | 413 | 431));
            assert!(is_refused, "{path} {what}: {refused:?}");
        }
    }
    let grown = server.memory_kib().saturating_sub(before);
    assert!(grown < 8 * 1024, "{grown} KiB");
    assert!(server.is_running());
}

/// So many sessions each of so many addresses opens: fewer than one address may.
const EACH: usize = 250;
const ADDRESSES: u8 = 40;
/// How long it may take after the last of them was forgotten until their memory is given back.
const GIVEN_BACK: Duration = Duration::from_secs(60);
/// What gives back nothing for so long has nothing more to give back.
const SETTLED: Duration = Duration::from_secs(3);

/// What the process has from the system, seen from outside; that every byte is freed is counted
/// in `greenroom-web`'s test of its memory.
#[tokio::test]
async fn ten_thousand_abandoned_sessions_leave_nothing() {
    let mut server = Server::start().await;
    use_as_usual(&server).await;
    let before = settled_kib(&server).await;
    let most = before + before / 20;
    for wave in 1..=2 {
        let last = open_many(&server).await;
        let held = server.memory_kib();
        assert!(held > most, "{wave}: {before} KiB grew only to {held}");
        until_forgotten(&server, &last).await;
        let what = format!("{wave}: {before} KiB, which grew to {held}, are {most} at most again");
        wait::until(&what, GIVEN_BACK, async || {
            (server.memory_kib() <= most).then_some(())
        })
        .await;
    }
    assert!(server.is_running());
}

/// What a server has done that was not just started: some have signed in and chat, others look
/// at its pages. What it needs once for that is nothing that an attack has left behind.
async fn use_as_usual(server: &Server) {
    let channel = server.channel("kim").await;
    let mut clients = ChatClients::of(&server.http());
    for name in ["ann", "ben", "cleo"] {
        let (token, _) = server.user(name).await;
        clients
            .connect(name, Transport::Upgrade, Some(&token))
            .await;
        let room = json!({ "handle": channel.handle });
        clients.follow(name, "join-channel", room).await;
        for path in ["/", "/api/v1/channels/kim", "/api/v1/streams"] {
            server.api_as(&token).get(path).await;
        }
    }
    for nth in 0..30 {
        let name = ["ann", "ben", "cleo"][nth % 3];
        let message = json!({ "handle": channel.handle, "message": format!("{nth}") });
        clients.does(name, "send-message", message).await;
    }
}

/// The server's memory, once that of what it has just done is given back.
async fn settled_kib(server: &Server) -> u64 {
    let mut least = (server.memory_kib(), Instant::now());
    wait::until("its memory has settled", GIVEN_BACK, async || {
        let now = server.memory_kib();
        if now + now / 100 < least.0 {
            least = (now, Instant::now());
        }
        (least.1.elapsed() >= SETTLED).then_some(now)
    })
    .await
}

/// Ten thousand polling sessions from many addresses; the id of the last one.
async fn open_many(server: &Server) -> String {
    let handshake = format!(
        "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n",
        server.http_port()
    );
    let mut opened = String::new();
    for address in 1..=ADDRESSES {
        let mut raw = Raw::connect_from([127, 0, 1, address], server).await;
        for _ in 0..EACH {
            raw.send(handshake.as_bytes()).await;
            assert_eq!(raw.status().await, 200);
            opened = raw.body().await;
        }
    }
    let sid = opened.split('"').nth(3).expect("the last one's id");
    sid.to_owned()
}

async fn until_forgotten(server: &Server, sid: &str) {
    let path = format!("/socket.io/?EIO=4&transport=polling&sid={sid}");
    let limit = Duration::from_secs(40);
    wait::until("the last of them is forgotten", limit, async || {
        // Answered when something happens to it; what is not there is said to be unknown.
        let answer = server.api().get(&path).await;
        (answer.json["code"] == 1).then_some(())
    })
    .await;
}
