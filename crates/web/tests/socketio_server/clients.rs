//! The real `socket.io-client` against the server.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::support::{Frame, Ws, eventually, http, open_polling, serve};
use greenroom_web::socketio::{Class, Config, DisconnectReason};
use serde_json::json;

/// The folder of the Node packages, installed if they are not.
fn node_packages() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/node")
        .canonicalize()
        .unwrap();
    let lock = File::create(std::env::temp_dir().join("greenroom-npm.lock")).unwrap();
    lock.lock().unwrap();
    if !folder.join("node_modules/socket.io-client").exists() {
        let status = Command::new("npm")
            .args(["ci", "--silent"])
            .current_dir(&folder)
            .status();
        assert!(status.expect("npm is installed").success(), "npm ci");
    }
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn the_real_client_by_every_transport() {
    let packages = tokio::task::spawn_blocking(node_packages).await.unwrap();
    let server = serve(Config {
        ping_interval: Duration::from_millis(500),
        // Node may not get its turn for a while on a busy machine.
        ping_timeout: Duration::from_secs(8),
        ..Config::default()
    })
    .await;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/socketio_server/client.mjs");
    let run = tokio::process::Command::new("node")
        .arg(script)
        .arg(format!("http://{}", server.address))
        .arg(packages)
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(Duration::from_secs(60), run)
        .await
        .unwrap()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    eventually("every session ends", || server.io.sessions() == 0).await;
    let reasons = server.chat.gone.lock().clone();
    assert!(reasons.contains(&DisconnectReason::Server), "{reasons:?}");
    assert!(!reasons.contains(&DisconnectReason::Timeout), "{reasons:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_encoding_reaches_both_transports() {
    let server = serve(Config::default()).await;
    let mut ws = Ws::connect(server.address).await;
    let sid = open_polling(server.address).await;
    let query = format!("&sid={sid}");
    assert_eq!(
        http(server.address, "POST", &query, "", "40").await,
        (200, "ok".into())
    );
    eventually("the polling client is in", || {
        server.chat.members.lock().len() == 2
    })
    .await;
    for text in ["short".to_owned(), "m".repeat(200), "l".repeat(70_000)] {
        server.chat.broadcast("said", &json!(text), Class::Durable);
        if text.len() < 60_000 {
            assert_eq!(ws.event().await, format!("42[\"said\",\"{text}\"]"));
        }
    }
    let (_, body) = http(server.address, "GET", &query, "", "").await;
    let packets: Vec<_> = body.split('\u{1e}').collect();
    assert!(packets[0].starts_with("40{"), "{}", packets[0]);
    assert!(packets[1].starts_with("42[\"welcome\""));
    assert_eq!(packets[2], "42[\"said\",\"short\"]");
    assert_eq!(packets[4].len(), 70_000 + "42[\"said\",\"\"]".len());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_or_slow_handler_holds_up_neither_pings_nor_what_is_sent() {
    let config = Config {
        ping_interval: Duration::from_millis(100),
        ..Config::default()
    };
    let server = serve(config).await;
    let mut ws = Ws::connect(server.address).await;
    ws.send("42[\"think\",60000]").await;
    assert_eq!(ws.next().await, Frame::Text("2".into()));
    ws.send("3").await;
    server
        .chat
        .broadcast("said", &json!("meanwhile"), Class::Ephemeral);
    assert_eq!(ws.event().await, "42[\"said\",\"meanwhile\"]");
    ws.frame(0x89, b"rfc ping").await;
    loop {
        match ws.next().await {
            Frame::Pong(data) => break assert_eq!(data, b"rfc ping"),
            Frame::Text(_) => ws.send("3").await,
            closed @ Frame::Closed(_) => panic!("{closed:?}"),
        }
    }
}
