//! What connections cost in memory, measured in a process of its own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use greenroom_web::socketio::Config;
use support::{eventually, serve};

#[expect(dead_code, reason = "the other tests use the rest")]
#[path = "socketio_server/support.rs"]
mod support;

#[tokio::test]
async fn idle_connections_are_small_and_abandoned_sessions_leave_nothing() {
    let config = Config {
        connect_timeout: Duration::from_secs(3),
        max_sessions_per_address: 20_000,
        handshakes_per_second: 100_000.0,
        handshake_burst: 100_000.0,
        ..Config::default()
    };
    let server = serve(config).await;
    let address = server.address;

    let before = resident();
    let open = move || (0..400).map(|_| websocket(address)).collect::<Vec<_>>();
    let open = tokio::task::spawn_blocking(open).await.unwrap();
    eventually("all are in", || server.chat.members.lock().len() == 400).await;
    let each = resident().saturating_sub(before) / 400;
    assert!(each <= 12, "{each} KiB for each idle WebSocket");
    drop(open);
    eventually("all have gone", || server.io.sessions() == 0).await;

    wave(address).await;
    assert!(server.io.sessions() > 5_000, "they are there at once");
    eventually("the first wave expires", || server.io.sessions() == 0).await;
    let before = LIVE.load(Relaxed);
    wave(address).await;
    let each = LIVE.load(Relaxed).saturating_sub(before) / server.io.sessions();
    assert!(each < 12 * 1024, "{each} bytes for each polling session");
    eventually("the second wave expires", || server.io.sessions() == 0).await;
    let after = LIVE.load(Relaxed);
    // A connection or two that hyper is still closing: six bytes for each session that was.
    assert!(
        after <= before + 64 * 1024,
        "{before} bytes grew to {after}"
    );
}

/// Bytes that are allocated and not freed. What is resident swings by tens of megabytes with
/// what the allocator keeps for itself.
static LIVE: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static ALLOCATOR: Counting = Counting;

struct Counting;

#[expect(
    unsafe_code,
    reason = "counts, and leaves the rest to the system's allocator"
)]
// SAFETY: every call goes to `System` unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Opens ten thousand polling sessions and forgets them.
async fn wave(address: SocketAddr) {
    let flood = move || {
        let mut stream = TcpStream::connect(address).unwrap();
        let request =
            format!("GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: {address}\r\n\r\n");
        let mut answer = [0; 4096];
        for _ in 0..10_000 {
            stream.write_all(request.as_bytes()).unwrap();
            let read = stream.read(&mut answer).unwrap();
            assert!(answer[..read].starts_with(b"HTTP/1.1 200"));
        }
    };
    tokio::task::spawn_blocking(flood).await.unwrap();
}

/// A WebSocket that is connected to the namespace.
fn websocket(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!(
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {address}\r\n\
         Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = [0; 4096];
    assert!(stream.read(&mut answer).unwrap() > 0);
    stream
        .write_all(&[0x81, 0x82, 0, 0, 0, 0, b'4', b'0'])
        .unwrap();
    stream
}

/// This process's resident memory, in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
