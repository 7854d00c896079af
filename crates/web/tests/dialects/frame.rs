//! What all dialects share.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use greenroom_domain::media::{MediaWebhooks, WebhookRefused};
use greenroom_domain::shared::rate::Quota;
use greenroom_web::{Dialect, WebConfig};
use reqwest::Method;
use serde_json::json;

use crate::support::{Server, config};
use crate::{ask, creator, get, post, speaking, user};

const CREATE: &str = "/api/livestream/streams";

#[tokio::test]
async fn a_dialect_is_spoken_where_it_is_configured() {
    let none = Server::start().await;
    for path in [
        "/api/livestream/streams",
        "/api/viewer/live",
        "/api/streams",
        "/api/live/active",
    ] {
        get(&none, None, path).await.expect(404);
    }
    let one = speaking(Dialect::StreamIt).await;
    get(&one, None, "/api/viewer/live").await.expect(200);
    get(&one, None, "/api/livestream/streams").await.expect(404);
    one.get(None, "/streams").await.expect(200);
}

#[tokio::test]
async fn all_of_them_are_spoken_side_by_side() {
    let server = Server::with(WebConfig {
        dialects: [
            Dialect::Circle,
            Dialect::HarmonieCore,
            Dialect::PawfectMatch,
            Dialect::StreamIt,
        ]
        .into(),
        ..config()
    })
    .await;
    get(&server, None, "/api/viewer/live").await.expect(200);
    get(&server, None, "/api/livestream/streams")
        .await
        .expect(401);
}

#[tokio::test]
async fn a_body_is_json_whatever_its_type() {
    let server = speaking(Dialect::Circle).await;
    let ada = user(&server, "ada-1");
    for kind in [
        "application/json",
        "text/plain;charset=UTF-8",
        "application/x-www-form-urlencoded",
    ] {
        let request = reqwest::Client::new()
            .post(server.url(CREATE))
            .bearer_auth(&ada)
            .header("content-type", kind)
            .body(r#"{ "title": "Mine", "unheard_of": true }"#);
        server.send(request).await.expect(201);
    }
    ask(&server, Method::POST, Some(&ada), CREATE, None)
        .await
        .expect(201);
    for (body, status) in [("{", 400), ("[]", 422), (r#"{"title":1}"#, 422)] {
        let request = reqwest::Client::new().post(server.url(CREATE));
        let answer = server.send(request.bearer_auth(&ada).body(body)).await;
        assert_eq!(answer.expect(status)["success"], false);
    }
    let large = json!({ "title": "x".repeat(100_000) });
    let answer = post(&server, Some(&ada), CREATE, large).await;
    assert_eq!(answer.expect(413)["success"], false);
}

#[tokio::test]
async fn who_asks_too_often_is_told_in_the_documents_words() {
    let server = Server::with(WebConfig {
        dialects: [Dialect::Circle].into(),
        quota: Quota {
            burst: 1,
            per: Duration::from_secs(60),
        },
        ..config()
    })
    .await;
    get(&server, None, CREATE).await.expect(401);
    let answer = get(&server, None, CREATE).await;
    assert_ne!(answer.header("retry-after"), "");
    assert_eq!(answer.expect(429)["success"], false);
}

#[tokio::test]
async fn another_sites_page_does_nothing_in_a_visitors_name() {
    let server = speaking(Dialect::StreamIt).await;
    let request = reqwest::Client::new()
        .post(server.url("/api/viewer/token"))
        .header("origin", "https://evil.example")
        .header("content-type", "text/plain")
        .body(r#"{"hostId":"x"}"#);
    server
        .send(request)
        .await
        .expect_error(403, "FOREIGN_ORIGIN");
}

#[tokio::test]
async fn a_local_accounts_id_is_its_own() {
    let server = speaking(Dialect::StreamIt).await;
    let ada = server.creator("ada").await;
    let me = server.get(Some(&ada), "/me").await.expect(200);
    let shown = get(&server, None, "/api/viewer/stream/ada")
        .await
        .expect(200);
    assert_eq!(shown["userId"], me["id"]);
    let token = json!({ "hostId": me["id"] });
    let found = post(&server, None, "/api/viewer/token", token).await;
    found.expect_error(501, "LIVEKIT_NOT_CONFIGURED");
}

#[tokio::test]
async fn a_channel_is_made_where_its_natural_name_cannot_be_had() {
    let server = speaking(Dialect::StreamIt).await;
    // An address of the platform's own.
    let who = creator(&server, "browse");
    let made = json!({ "title": "Mine" });
    let made = post(&server, Some(&who), "/api/stream/create", made).await;
    assert_eq!(made.expect(200)["userId"], "browse");
    let own = server.get(Some(&who), "/me/channel").await.expect(200);
    let handle = own["handle"].as_str().unwrap();
    assert!(handle.starts_with('u') && handle.len() == 17, "{handle}");
}

#[tokio::test]
async fn addresses_are_whole_where_no_public_one_is_said() {
    let server = Server::with(WebConfig {
        dialects: [Dialect::StreamIt].into(),
        ..config()
    })
    .await;
    let ada = creator(&server, "ada-1");
    let made = json!({ "title": "Mine" });
    let made = post(&server, Some(&ada), "/api/stream/create", made).await;
    let here = server.url("/hls/ada-1/index.m3u8");
    assert_eq!(made.expect(200)["playbackUrl"], here.as_str());
}

/// Remembers what was delivered.
#[derive(Default)]
struct Deliveries(Mutex<Vec<Vec<u8>>>);

#[async_trait]
impl MediaWebhooks for Deliveries {
    async fn receive(&self, authorization: &str, body: &[u8]) -> Result<(), WebhookRefused> {
        if authorization != "signed" {
            return Err(WebhookRefused::Unsigned);
        }
        let mut deliveries = self.0.lock().expect("nobody panicked");
        deliveries.push(body.to_owned());
        Ok(())
    }
}

#[tokio::test]
async fn webhooks_reach_the_media_server_by_the_documents_paths() {
    let alone = speaking(Dialect::StreamIt).await;
    let absent = post(&alone, None, "/api/webhook/livekit", json!({})).await;
    absent.expect_error(501, "LIVEKIT_NOT_CONFIGURED");

    let deliveries = Arc::new(Deliveries::default());
    let server = Server::with(WebConfig {
        dialects: [Dialect::StreamIt, Dialect::PawfectMatch].into(),
        media_webhooks: Some(deliveries.clone()),
        quota: Quota {
            burst: 1,
            per: Duration::from_secs(60),
        },
        ..config()
    })
    .await;
    let body = r#"{"event":"ingress_started"}"#;
    let paths = ["/api/webhook/livekit", "/api/webhooks/livekit"];
    for path in [paths, paths].concat() {
        let request = reqwest::Client::new().post(server.url(path)).body(body);
        let request = request.header("authorization", "signed");
        server.send(request).await.expect(200);
    }
    let unsigned = post(&server, None, paths[0], json!({})).await;
    unsigned.expect_error(401, "NOT_SIGNED");
    let taken = deliveries.0.lock().unwrap();
    assert_eq!(*taken, [body.as_bytes(); 4], "however many there are");
}
