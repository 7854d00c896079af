//! The header `Idempotency-Key`.

use greenroom_app::account::setup;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, PASSWORD, Server, text};

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

/// The same by somebody who has no token, and no cookie either.
async fn post_as_nobody(server: &Server, path: &str, key: &str, body: &Value) -> Answer {
    let request = server.request(Method::POST, path);
    let request = request.header("idempotency-key", key).json(body);
    server.send(request).await
}

#[tokio::test]
async fn who_signs_in_again_has_the_same_session_until_it_is_over() {
    let server = Server::start().await;
    server.user("ada").await;
    let credentials = json!({ "username": "ada", "password": PASSWORD });
    let first = post_as_nobody(&server, "/sessions", "one", &credentials).await;
    let again = post_as_nobody(&server, "/sessions", "one", &credentials).await;
    let cookie = first.cookie("greenroom_session");
    assert!(cookie.is_some());
    assert_eq!(cookie, again.cookie("greenroom_session"));
    let first = first.expect(201);
    assert_eq!(first, again.expect(201), "the token too");
    let spelt = json!({ "password": PASSWORD, "username": "ada" });
    let spelt = post_as_nobody(&server, "/sessions", "one", &spelt).await;
    assert_eq!(first, spelt.expect(201), "fields have no order");

    let wrong = json!({ "username": "ada", "password": "wrong horse" });
    for key in ["one", "two"] {
        let refused = post_as_nobody(&server, "/sessions", key, &wrong).await;
        refused.expect_error(401, "WRONG_CREDENTIALS");
    }
    let token = text(&first, "/token");
    let mine = post(&server, &token, "/channels", "one", json!({})).await;
    mine.expect_error(422, "MISSING_FIELD");
    let body = json!({ "handle": "ada", "title": "Making things" });
    let reused = post(&server, &token, "/channels", "one", body).await;
    reused.expect_error(422, "IDEMPOTENCY_KEY_REUSED");

    let out = server.ask(Method::DELETE, Some(&token), "/sessions/current", None);
    out.await.expect(204);
    let over = post_as_nobody(&server, "/sessions", "one", &credentials).await;
    assert_eq!(over.cookie("greenroom_session"), None);
    over.expect_error(410, "SESSION_ENDED");
    let me = server.get(Some(&token), "/me").await;
    me.expect_error(401, "NOT_SIGNED_IN");
    let anew = post_as_nobody(&server, "/sessions", "two", &credentials).await;
    assert_ne!(text(&anew.expect(201), "/token"), token);
}

#[tokio::test]
async fn accounts_are_made_once_by_whoever_has_no_cookie() {
    let server = Server::start().await;
    let link = setup::open(&server.app).await.expect("an answer");
    let link = link.expect("no administrator yet");
    let root = json!({ "token": link.expose(), "username": "root", "password": PASSWORD });
    let ada = json!({ "username": "ada", "password": PASSWORD });
    for (path, body, other) in [
        ("/setup", &root, (403, "SETUP_LINK_INVALID")),
        ("/users", &ada, (409, "USERNAME_TAKEN")),
    ] {
        let made = post_as_nobody(&server, path, "one", body).await.expect(201);
        let again = post_as_nobody(&server, path, "one", body).await.expect(201);
        assert_eq!(made, again);
        let (status, code) = other;
        let another = post_as_nobody(&server, path, "two", body).await;
        another.expect_error(status, code);
        let mut wrong = body.clone();
        wrong["password"] = json!("wrong horse");
        let wrong = post_as_nobody(&server, path, "one", &wrong).await;
        wrong.expect_error(status, code);
    }
    let admin = json!({ "username": "root", "password": PASSWORD });
    let admin = server.post(None, "/sessions", admin).await.expect(201);
    let users = server.get(Some(&text(&admin, "/token")), "/users").await;
    assert_eq!(users.expect(200)["items"].as_array().map(Vec::len), Some(2));
}
