//! What whoever runs the server asks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use greenroom_web::WebConfig;
use serde_json::{Value, json};

use crate::support::{Server, config};

#[tokio::test]
async fn alive_ready_and_counted() {
    let full = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&full);
    let server = Server::with(WebConfig {
        not_ready: Some(Arc::new(move || {
            asked.load(Ordering::SeqCst).then_some("the disk is full")
        })),
        more_metrics: Some(Arc::new(|| "more_of_it 7\n".to_owned())),
        ..config()
    })
    .await;
    let get = |path: &str| reqwest::get(server.url(path));
    assert_eq!(get("/healthz").await.unwrap().status(), 200);
    assert_eq!(get("/readyz").await.unwrap().status(), 200);
    full.store(true, Ordering::SeqCst);
    let refused = get("/readyz").await.unwrap();
    assert_eq!(refused.status(), 503);
    let refused: Value = refused.json().await.unwrap();
    assert_eq!(refused["code"], "NOT_READY");

    let ada = server.creator("ada").await;
    server.live_stream(&ada, "ada").await;
    let posted = server.post(Some(&ada), "/channels/ada/chat", json!({ "text": "hi" }));
    posted.await.expect(201);
    let metrics = get("/metrics").await.unwrap();
    assert!(
        metrics.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/plain")
    );
    let metrics = metrics.text().await.unwrap();
    for line in [
        "greenroom_streams_live 1",
        "greenroom_viewers 0",
        "greenroom_chat_messages_total 1",
        "greenroom_http_responses_total{class=\"5xx\"} 1",
        "more_of_it 7",
    ] {
        assert!(metrics.lines().any(|it| it == line), "{line} in {metrics}");
    }
}

#[tokio::test]
async fn every_answer_is_framed() {
    let server = Server::with(WebConfig {
        public_url: Some("https://live.example".to_owned()),
        ..config()
    })
    .await;
    for path in ["/api/v1/streams", "/healthz", "/nowhere.json"] {
        let answer = reqwest::get(server.url(path)).await.unwrap();
        let headers = answer.headers();
        let is = |name: &str, value: &str| assert_eq!(headers[name], value, "{path}");
        is("x-content-type-options", "nosniff");
        is("referrer-policy", "same-origin");
        is(
            "content-security-policy",
            "default-src 'none'; frame-ancestors 'none'",
        );
        is("strict-transport-security", "max-age=31536000");
        assert!(headers.contains_key("x-request-id"), "{path}");
    }
    let answer = reqwest::get(server.url("/api/v1/streams")).await.unwrap();
    assert_eq!(answer.headers()["cache-control"], "no-store");
}

/// Whether or not the interface was built into this program.
#[tokio::test]
async fn a_browser_finds_a_page_and_a_program_an_error() {
    let server = Server::with(config()).await;
    let get = async |path: &str| {
        let request = reqwest::Client::new()
            .get(server.url(path))
            .header("accept", "text/html,*/*;q=0.8");
        request.send().await.unwrap()
    };
    for path in ["/", "/setup"] {
        let page = get(path).await;
        assert_eq!(page.status(), 200, "{path}");
        assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
        assert_eq!(page.headers()["cache-control"], "no-cache");
        let policy = page.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    }
    for path in ["/api/v1/nowhere", "/api", "/hls/ada/x", "/socket.io2/x.js"] {
        let missing = get(path).await;
        assert_eq!(missing.status(), 404, "{path}");
        let missing: Value = missing.json().await.unwrap();
        assert_eq!(missing["code"], "NOT_FOUND", "{path}");
    }
}
