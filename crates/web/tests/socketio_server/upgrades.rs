//! The way from polling to a WebSocket, cut at every place by the end of the session.

use std::time::Duration;

use crate::support::{Frame, Server, Ws, eventually, http, open_polling, serve};
use greenroom_web::socketio::{Config, DisconnectReason, Socket};

/// Clients of one round, at once.
const CLIENTS: usize = 50;
const ROUNDS: usize = 4;

fn generous() -> Config {
    Config {
        handshake_burst: 10_000.0,
        max_sessions_per_address: 10_000,
        ..Config::default()
    }
}

/// When the server ends the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    BeforeUpgrade,
    WithProbe,
    AfterProbe,
    WithUpgrade,
    AfterUpgrade,
}

const ENDS: [End; 5] = [
    End::BeforeUpgrade,
    End::WithProbe,
    End::AfterProbe,
    End::WithUpgrade,
    End::AfterUpgrade,
];

/// A polling client that is in: its query, and how the server speaks to it.
async fn polling(server: &Server) -> (String, Socket) {
    let address = server.address;
    let query = format!("&sid={}", open_polling(address).await);
    assert_eq!(http(address, "POST", &query, "", "40").await.0, 200);
    let mut body = String::new();
    while !body.contains("42[\"welcome\"") {
        let (status, more) = http(address, "GET", &query, "", "").await;
        assert_eq!(status, 200, "{more}");
        body += &more;
    }
    let (_, id) = body.split_once("{\"sid\":\"").unwrap();
    let (id, _) = id.split_once('"').unwrap();
    let socket = server.chat.members.lock()[id].clone();
    (query, socket)
}

/// One client as the official one behaves: it polls until its WebSocket answers the probe, then
/// lets the last poll end, says so by WebSocket, and counts on that from there on. `true` if it
/// was told that the server let it go.
async fn upgrade(server: &Server, end: End) -> bool {
    let address = server.address;
    let (query, socket) = polling(server).await;
    // At the same moment as whatever the client does next.
    let kick = |now: End| {
        if now == end {
            let socket = socket.clone();
            tokio::spawn(async move { socket.disconnect() });
        }
    };
    let poll = || {
        let query = query.clone();
        tokio::spawn(async move { http(address, "GET", &query, "", "").await.1 })
    };
    let goodbye = |body: &str| body.split('\u{1e}').any(|packet| packet == "41");
    let mut polled = poll();
    kick(End::BeforeUpgrade);
    let mut ws = Ws::open_for(address, &query, "").await.unwrap();
    ws.send("2probe").await;
    kick(End::WithProbe);
    match ws.next().await {
        Frame::Text(pong) => assert_eq!(pong, "3probe"),
        // Not answered, it polls on.
        _ => loop {
            let body = polled.await.unwrap();
            if goodbye(&body) {
                return true;
            }
            if body != "6" {
                return false;
            }
            polled = poll();
        },
    }
    kick(End::AfterProbe);
    if goodbye(&polled.await.unwrap()) {
        return true;
    }
    kick(End::WithUpgrade);
    ws.send("5").await;
    kick(End::AfterUpgrade);
    ws.next().await == Frame::Text("41".into()) && ws.next().await == Frame::Closed(Some(1000))
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_let_go_while_changing_over_hears_of_it_by_websocket() {
    let server = serve(generous()).await;
    let (query, _) = polling(&server).await;
    let mut ws = Ws::open_for(server.address, &query, "").await.unwrap();
    ws.send("2probe").await;
    assert_eq!(ws.text().await, "3probe");
    let (_, noop) = http(server.address, "GET", &query, "", "").await;
    assert_eq!(noop, "6", "the last poll");
    let kick = "42[\"kick me\"]";
    let posted = http(server.address, "POST", &query, "", kick).await;
    assert_eq!(posted, (200, "ok".into()));
    // The official client waits forever if its WebSocket is closed at this point.
    let early = tokio::time::timeout(Duration::from_millis(200), ws.next()).await;
    assert!(early.is_err(), "{early:?}");
    ws.send("5").await;
    assert_eq!(ws.text().await, "41");
    assert_eq!(ws.next().await, Frame::Closed(Some(1000)));
    eventually("the application hears of it", || {
        *server.chat.gone.lock() == [DisconnectReason::Server]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wherever_an_upgrade_is_cut_the_client_hears_of_it() {
    let server = serve(generous()).await;
    for round in 0..ROUNDS {
        let ends = ENDS.into_iter().cycle().take(CLIENTS);
        let clients = ends.map(async |end| (end, upgrade(&server, end).await));
        let told = futures_util::future::join_all(clients).await;
        let lost: Vec<_> = told.iter().filter(|(_, told)| !told).collect();
        assert!(lost.is_empty(), "round {round}, not told: {lost:?}");
    }
    eventually("all are gone", || {
        server.chat.gone.lock().len() == CLIENTS * ROUNDS
    })
    .await;
    let reasons = server.chat.gone.lock().clone();
    assert_eq!(reasons, [DisconnectReason::Server; CLIENTS * ROUNDS]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_word_comes_before_the_connection_closes() {
    let server = serve(generous()).await;
    for spin in 0..400 {
        let mut ws = Ws::connect(server.address).await;
        let socket = server.chat.members.lock().values().next().cloned().unwrap();
        // While the connection's task is busy writing, a little later each time.
        let kick = tokio::task::spawn_blocking(move || {
            socket.emit("said", &"almost over").unwrap();
            for _ in 0..spin * 100 {
                std::hint::spin_loop();
            }
            socket.disconnect();
        });
        assert_eq!(ws.event().await, "42[\"said\",\"almost over\"]");
        assert_eq!(ws.next().await, Frame::Text("41".into()), "after {spin}");
        assert_eq!(ws.next().await, Frame::Closed(Some(1000)));
        kick.await.unwrap();
        eventually("it is gone", || server.chat.members.lock().is_empty()).await;
    }
}
