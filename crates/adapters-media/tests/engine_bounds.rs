//! Strangers at the engine's door cost little, and disturb nobody.

mod engine_support;
mod rtmp_support;

use std::time::{Duration, Instant};

use engine_support::{Encoder, House, KEY, lease};
use greenroom_adapters_media::EngineConfig;
use rtmp_support::{Chunks, Format, hello};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Until the server has closed.
async fn closed(socket: &mut TcpStream) {
    let mut rest = [0; 4096];
    while matches!(socket.read(&mut rest).await, Ok(1..)) {}
}

async fn soon<T>(work: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(Duration::from_secs(10), work).await;
    done.expect("within ten seconds")
}

#[tokio::test]
async fn connections_are_limited_for_an_address_and_free_again() {
    let config = EngineConfig {
        max_connections_per_address: 3,
        ..EngineConfig::default()
    };
    let house = House::with(config).await;
    let held = house.on_air(lease(1, 1), 1).await;
    let mut strangers = Vec::new();
    for _ in 0..2 {
        let mut stranger = Encoder::connect(house.rtmp).await;
        stranger.socket.write_all(&hello()).await.expect("open");
        soon(stranger.socket.readable())
            .await
            .expect("it is served");
        strangers.push(stranger);
    }
    let mut one_more = TcpStream::connect(house.rtmp).await.expect("a backlog");
    soon(closed(&mut one_more)).await;
    strangers.pop();
    let again = async {
        loop {
            let mut stranger = TcpStream::connect(house.rtmp).await.expect("a backlog");
            let _ = stranger.write_all(&hello()).await;
            if matches!(stranger.read(&mut [0; 1]).await, Ok(1)) {
                return;
            }
        }
    };
    soon(again).await;
    drop(held);
}

#[tokio::test]
async fn connections_are_limited_in_all() {
    let config = EngineConfig {
        max_connections: 2,
        ..EngineConfig::default()
    };
    let house = House::with(config).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stranger = TcpStream::connect(house.rtmp).await.expect("it listens");
        stranger.write_all(&hello()).await.expect("open");
        soon(stranger.readable()).await.expect("it is served");
        held.push(stranger);
    }
    let mut one_more = TcpStream::connect(house.rtmp).await.expect("a backlog");
    soon(closed(&mut one_more)).await;
}

#[tokio::test]
async fn two_hundred_who_never_publish_are_closed_and_an_honest_publisher_goes_on() {
    let config = EngineConfig {
        max_connections_per_address: 500,
        patience: Duration::from_millis(1500),
        ..EngineConfig::default()
    };
    let house = House::with(config).await;
    let mut honest = house.on_air(lease(1, 1), 2).await;
    let began = Instant::now();
    let strangers: Vec<_> = (0..200)
        .map(|n| {
            let address = house.rtmp;
            tokio::spawn(async move {
                let mut socket = TcpStream::connect(address).await.expect("it listens");
                let greeting = hello();
                // Silent ones, slow ones, and ones that stop in the middle.
                match n % 3 {
                    0 => {}
                    1 => {
                        let (mut read, mut write) = socket.split();
                        let slow = async {
                            for byte in &greeting {
                                if write.write_all(&[*byte]).await.is_err() {
                                    break;
                                }
                                tokio::time::sleep(Duration::from_millis(100)).await;
                            }
                            std::future::pending::<()>().await;
                        };
                        let mut rest = [0; 64];
                        let end = async { while matches!(read.read(&mut rest).await, Ok(1..)) {} };
                        tokio::select! { () = slow => {}, () = end => {} }
                    }
                    _ => {
                        let _ = socket.write_all(&greeting).await;
                    }
                }
                closed(&mut socket).await;
            })
        })
        .collect();
    let mut slowest = Duration::ZERO;
    while began.elapsed() < Duration::from_millis(1200) {
        let sent = Instant::now();
        honest.frame().await;
        assert!(honest.is_on().await);
        slowest = slowest.max(sent.elapsed());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for stranger in strangers {
        soon(stranger).await.expect("no panic");
    }
    assert!(began.elapsed() < Duration::from_secs(8), "closed in time");
    assert!(honest.is_on().await);
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    assert_eq!(house.app.lost(), []);
}

#[tokio::test]
async fn a_flood_before_publishing_is_cut_off() {
    let house = House::open().await;
    let mut flood = TcpStream::connect(house.rtmp).await.expect("it listens");
    let mut bytes = hello();
    let mut chunks = Chunks::new(128);
    // Messages of a kind that nobody answers, half a megabyte of them.
    for _ in 0..512 {
        let format = Format::Full {
            time: 0,
            kind: 3,
            stream: 0,
        };
        chunks.message(2, format, &[0; 1024]);
    }
    bytes.extend(&chunks.bytes);
    let began = Instant::now();
    let _ = flood.write_all(&bytes).await;
    soon(closed(&mut flood)).await;
    assert!(began.elapsed() < Duration::from_secs(4), "not by patience");

    // A key that takes for ever to arrive costs no more than the others.
    let mut slow = Encoder::connect(house.rtmp).await;
    assert!(slow.publish("live", KEY).await, "and the door is open");
}
