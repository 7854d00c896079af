//! The header `Idempotency-Key`.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Server, text};

async fn post(server: &Server, who: &str, path: &str, key: &str, body: Value) -> Answer {
    let request = server
        .request(Method::POST, path)
        .bearer_auth(who)
        .header("idempotency-key", key)
        .json(&body);
    server.send(request).await
}

#[tokio::test]
async fn what_is_sent_again_is_answered_again_and_made_once() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    let keys = "/channels/ada/keys";
    let label = || json!({ "label": "OBS" });
    let first = post(&server, &ada, keys, "one", label()).await.expect(201);
    let again = post(&server, &ada, keys, "one", label()).await.expect(201);
    assert_eq!(first, again, "the same key, its secret too");
    let listed = server.get(Some(&ada), keys).await.expect(200);
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));

    let streams = "/channels/ada/streams";
    let plan = json!({ "title": "Soldering" });
    let first = post(&server, &ada, streams, "two", plan.clone()).await;
    let again = post(&server, &ada, streams, "two", plan).await;
    assert_eq!(first.expect(201)["id"], again.expect(201)["id"]);

    let chat = "/channels/ada/chat";
    let hello = || json!({ "text": "hello" });
    let said = post(&server, &ada, chat, "three", hello())
        .await
        .expect(201);
    let again = post(&server, &ada, chat, "three", hello())
        .await
        .expect(200);
    assert_eq!(text(&said, "/place"), text(&again, "/place"));
}

#[tokio::test]
async fn a_key_is_for_one_request_and_its_senders_own() {
    let server = Server::start().await;
    let (ada, bob) = (server.creator("ada").await, server.creator("bob").await);
    let one = json!({ "label": "One" });
    let made = post(&server, &ada, "/channels/ada/keys", "k", one.clone()).await;
    made.expect(201);
    let other = json!({ "label": "Other" });
    let refused = post(&server, &ada, "/channels/ada/keys", "k", other).await;
    refused.expect_error(422, "IDEMPOTENCY_KEY_REUSED");
    let elsewhere = post(&server, &ada, "/channels/ada/streams", "k", json!({})).await;
    elsewhere.expect_error(422, "IDEMPOTENCY_KEY_REUSED");
    let theirs = post(&server, &bob, "/channels/bob/keys", "k", one.clone()).await;
    theirs.expect(201);
    let long = "k".repeat(256);
    let refused = post(&server, &bob, "/channels/bob/keys", &long, one).await;
    refused.expect_error(400, "INVALID_IDEMPOTENCY_KEY");
}
