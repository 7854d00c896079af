//! What strangers do to Socket.IO servers, as tests: the server refuses, stays, and goes on
//! serving the others.

use std::time::{Duration, Instant};

use crate::support::{Frame, Ws, eventually, http, open_polling, serve};
use greenroom_web::socketio::{Class, Config, DisconnectReason, Origins};
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

fn generous() -> Config {
    Config {
        max_sessions_per_address: 20_000,
        handshakes_per_second: 100_000.0,
        handshake_burst: 100_000.0,
        ..Config::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn crafted_events_close_their_own_connection_only() {
    let server = serve(Config::default()).await;
    let mut honest = Ws::connect(server.address).await;
    for packet in [
        "42[\"connect\"]",
        "42[{\"toString\":\"x\"}]",
        "42[]",
        "42{}",
        "42",
        "42[\"m\"",
        "4",
        "49",
        "40{",
        "99",
        "42/other,[\"m\"]",
    ] {
        let mut ws = Ws::connect(server.address).await;
        ws.send(packet).await;
        assert_eq!(ws.close_code().await, Some(1002), "{packet}");
    }
    let deep = format!("42[\"m\",{}1{}]", "[".repeat(5000), "]".repeat(5000));
    let mut ws = Ws::connect(server.address).await;
    ws.send(&deep).await;
    assert_eq!(ws.close_code().await, Some(1002));

    // An event that no handler knows, and a name that trips emitters elsewhere.
    for name in ["error", "__proto__", "constructor"] {
        honest.send(&format!("42[\"{name}\",null]")).await;
    }
    honest.send("42[\"say\",\"still here\"]").await;
    assert_eq!(honest.event().await, "42[\"said\",\"still here\"]");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_million_declared_attachments_are_refused_with_the_first_packet() {
    let server = serve(Config::default()).await;
    let mut ws = Ws::connect(server.address).await;
    ws.send("451000000-[\"m\",{\"_placeholder\":true,\"num\":0}]")
        .await;
    assert_eq!(ws.text().await, "41", "told politely");
    assert_eq!(ws.next().await, Frame::Closed(Some(1003)));

    let mut ws = Ws::connect(server.address).await;
    ws.frame(0x82, &[1, 2, 3]).await;
    assert_eq!(ws.close_code().await, Some(1003));

    let sid = open_polling(server.address).await;
    let query = format!("&sid={sid}");
    assert_eq!(
        http(server.address, "POST", &query, "", "bAQIDBA==")
            .await
            .0,
        400
    );
    assert_eq!(http(server.address, "GET", &query, "", "").await.0, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn oversize_is_closed_with_1009_before_it_arrives() {
    let server = serve(Config::default()).await;
    let giant = [&[0x81, 0xff][..], &(1_u64 << 62).to_be_bytes(), &[0; 4]].concat();
    let mut ws = Ws::connect(server.address).await;
    ws.stream.write_all(&giant).await.unwrap();
    assert_eq!(ws.close_code().await, Some(1009));

    let mut ws = Ws::connect(server.address).await;
    ws.frame(0x81, &vec![b'4'; 16 * 1024 + 1]).await;
    assert_eq!(ws.close_code().await, Some(1009));

    let mut ws = Ws::connect(server.address).await;
    ws.frame(0x01, b"4").await;
    for _ in 0..100 {
        ws.frame(0x00, b"").await;
    }
    assert_eq!(ws.close_code().await, Some(1009));

    let sid = open_polling(server.address).await;
    let query = format!("&sid={sid}");
    let body = "4".repeat(16 * 1024 + 1);
    assert_eq!(http(server.address, "POST", &query, "", &body).await.0, 413);
    assert_eq!(
        http(server.address, "GET", &query, "", "").await.0,
        400,
        "the session is over"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_pages_may_not_connect() {
    let origins = Origins::also(["https://embed.example"]);
    let server = serve(Config {
        origins,
        ..Config::default()
    })
    .await;
    let own = format!("Origin: http://{}\r\n", server.address);
    let cookie = "Cookie: session=valid\r\n";
    for (origin, allowed) in [
        ("Origin: https://evil.example\r\n", false),
        ("Origin: null\r\n", false),
        ("Origin: http://127.0.0.1\r\n", false),
        ("Origin: https://embed.example\r\n", true),
        (own.as_str(), true),
        ("", true),
    ] {
        let headers = format!("{origin}{cookie}");
        let polling = http(server.address, "GET", "", &headers, "").await.0;
        let websocket = Ws::open(server.address, &headers).await.err();
        let expected = if allowed {
            (200, None)
        } else {
            (403, Some(403))
        };
        assert_eq!((polling, websocket), expected, "{origin}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_a_byte_a_second_is_closed() {
    let quick = Duration::from_millis(800);
    let config = Config {
        receive_timeout: quick,
        connect_timeout: quick,
        ..generous()
    };
    let server = serve(config).await;
    let started = Instant::now();
    let mut websockets = Vec::new();
    for _ in 0..50 {
        let mut ws = Ws::connect(server.address).await;
        ws.stream.write_all(&[0x81]).await.unwrap();
        websockets.push(ws);
    }
    // Silent after the upgrade: never connects to the namespace.
    let mut silent = Ws::open(server.address, "").await.unwrap();
    let sid = open_polling(server.address).await;
    let mut post = TcpStream::connect(server.address).await.unwrap();
    let head = format!(
        "POST /socket.io/?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nHost: {}\r\n\
         Content-Length: 100\r\n\r\n4",
        server.address
    );
    post.write_all(head.as_bytes()).await.unwrap();

    for ws in &mut websockets {
        assert_eq!(ws.close_code().await, Some(1008));
    }
    assert_eq!(silent.close_code().await, Some(1008));
    let mut answer = String::new();
    let read = tokio::io::AsyncReadExt::read_to_string(&mut post, &mut answer);
    tokio::time::timeout(Duration::from_secs(10), read)
        .await
        .unwrap()
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
    assert!(started.elapsed() < Duration::from_secs(10));
    eventually("nothing is left", || server.io.sessions() == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_bounded_in_all_per_address_and_per_second() {
    let config = Config {
        max_sessions: 3,
        ..generous()
    };
    let server = serve(config).await;
    let mut kept = Vec::new();
    for _ in 0..3 {
        kept.push(Ws::connect(server.address).await);
    }
    assert_eq!(Ws::open(server.address, "").await.err(), Some(503));
    drop(kept.pop());
    eventually("a place is free", || server.io.sessions() == 2).await;
    kept.push(Ws::connect(server.address).await);

    let server = serve(Config {
        max_sessions_per_address: 2,
        ..generous()
    })
    .await;
    let _two = (
        Ws::connect(server.address).await,
        Ws::connect(server.address).await,
    );
    assert_eq!(http(server.address, "GET", "", "", "").await.0, 429);

    let config = Config {
        handshakes_per_second: 0.01,
        handshake_burst: 2.0,
        ..generous()
    };
    let server = serve(config).await;
    open_polling(server.address).await;
    open_polling(server.address).await;
    assert_eq!(http(server.address, "GET", "", "", "").await.0, 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_is_closed_and_the_others_lose_nothing() {
    let server = serve(Config::default()).await;
    let mut honest = Ws::connect(server.address).await;
    let stuck = Ws::connect(server.address).await;
    let text = "x".repeat(8 * 1024);
    for n in 0..2_000 {
        server
            .chat
            .broadcast("said", &json!([n, text]), Class::Durable);
        let event = honest.event().await;
        assert!(
            event.starts_with(&format!("42[\"said\",[{n},")),
            "in order, none missing"
        );
        if server.chat.gone.lock().contains(&DisconnectReason::TooSlow) {
            break;
        }
    }
    eventually("the stuck client is let go", || {
        *server.chat.gone.lock() == [DisconnectReason::TooSlow]
    })
    .await;
    drop(stuck);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_much_is_given_it_as_fast_as_they_take_it() {
    let server = serve(Config::default()).await;
    let mut ws = Ws::connect(server.address).await;
    ws.send("42[\"pour\",3000]").await;
    for n in 0..3000 {
        let event = ws.event().await;
        assert!(event.starts_with(&format!("42[\"poured\",[{n},")), "{n}");
    }
    let sid = open_polling(server.address).await;
    let query = format!("&sid={sid}");
    http(server.address, "POST", &query, "", "40").await;
    http(server.address, "POST", &query, "", "42[\"pour\",500]").await;
    let (mut n, mut polls) = (0, 0);
    while n < 500 {
        let (status, body) = http(server.address, "GET", &query, "", "").await;
        assert_eq!(status, 200);
        n += body.matches("42[\"poured\"").count();
        polls += 1;
    }
    assert!(polls > 10, "no more than half a queue at a time: {polls}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_stops_taking_what_they_asked_for_is_given_up_and_told_to_resume() {
    let server = serve(Config {
        stall_timeout: Duration::from_millis(500),
        ..Config::default()
    })
    .await;
    let mut ws = Ws::connect(server.address).await;
    ws.send("42[\"pour\",100000]").await;
    eventually("the application stops waiting", || {
        let members = server.chat.members.lock();
        members.values().all(|socket| !socket.is_open())
    })
    .await;
    // It reads again: what it gets is a whole piece from the start, and the hint.
    let mut n = 0;
    loop {
        let event = ws.event().await;
        if event == "42[\"resume\",{\"reason\":\"too_slow\"}]" {
            break;
        }
        assert!(event.starts_with(&format!("42[\"poured\",[{n},")), "{n}");
        n += 1;
    }
    assert!(n < 100_000);
    assert_eq!(ws.next().await, Frame::Closed(Some(1013)));
    eventually("it is gone", || {
        *server.chat.gone.lock() == [DisconnectReason::TooSlow]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_floods_waits_for_its_handler_and_gets_everything_in_order() {
    let server = serve(Config::default()).await;
    let mut ws = Ws::connect(server.address).await;
    ws.send("42[\"think\",300]").await;
    for n in 0..500 {
        ws.send(&format!("42[\"echo\",{n}]")).await;
    }
    for n in 0..500 {
        assert_eq!(ws.event().await, format!("42[\"echoed\",{n}]"));
        // What it has not yet read is bounded as well.
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_panics_ends_its_own_connection_only() {
    let server = serve(Config::default()).await;
    let mut honest = Ws::connect(server.address).await;
    let mut ws = Ws::connect(server.address).await;
    ws.send("42[\"panic\"]").await;
    assert_eq!(ws.close_code().await, Some(1011));
    eventually("the application hears of it", || {
        *server.chat.gone.lock() == [DisconnectReason::Failed]
    })
    .await;
    honest.send("42[\"say\",1]").await;
    assert_eq!(honest.event().await, "42[\"said\",1]");
}

#[tokio::test(flavor = "multi_thread")]
async fn shutting_down_closes_everybody_and_ends() {
    let server = serve(Config::default()).await;
    let mut ws = Ws::connect(server.address).await;
    server.shutdown.cancel();
    assert_eq!(ws.close_code().await, Some(1001));
    tokio::time::timeout(Duration::from_secs(8), server.io.closed())
        .await
        .unwrap();
    assert_eq!(*server.chat.gone.lock(), [DisconnectReason::Shutdown]);
}
