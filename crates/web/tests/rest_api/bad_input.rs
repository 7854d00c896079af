//! Bad input of every kind: a clear error, and nothing is lost.

use std::sync::atomic::Ordering;
use std::time::Duration;

use greenroom_domain::shared::rate::Quota;
use greenroom_web::WebConfig;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Answer, PASSWORD, Server, config, text};

async fn raw(server: &Server, method: Method, path: &str, who: &str, body: &str) -> Answer {
    let request = server
        .request(method, path)
        .bearer_auth(who)
        .header("content-type", "application/json")
        .body(body.to_owned());
    server.send(request).await
}

async fn patch(server: &Server, who: &str, body: Value) -> Answer {
    server
        .ask(Method::PATCH, Some(who), "/channels/ada", Some(body))
        .await
}

#[tokio::test]
async fn a_body_that_is_no_json_or_of_another_shape() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    for broken in [
        "",
        "{",
        "{\"title\": \"a\",}",
        "\u{1}",
        "{\"title\": \"\\ud800\"}",
    ] {
        let answer = raw(&server, Method::PATCH, "/channels/ada", &ada, broken).await;
        answer.expect_error(400, "MALFORMED_BODY");
    }
    let details = patch(&server, &ada, json!({ "titel": "a" })).await;
    let details = details.expect_error(422, "UNKNOWN_FIELD");
    assert_eq!(details["field"], "titel");
    let answer = patch(&server, &ada, json!({ "title": 5 })).await;
    answer.expect_error(422, "WRONG_TYPE");
    for other in [
        json!([]),
        json!(["Title", null, null, null, null]),
        json!(5),
        json!(null),
    ] {
        let answer = patch(&server, &ada, other).await;
        answer.expect_error(422, "WRONG_TYPE");
    }
    let answer = server
        .post(Some(&ada), "/channels/ada/keys", json!({}))
        .await;
    assert_eq!(answer.expect_error(422, "MISSING_FIELD")["field"], "label");
    let nested = "[".repeat(10_000);
    let answer = raw(&server, Method::PATCH, "/channels/ada", &ada, &nested).await;
    answer.expect_error(400, "MALFORMED_BODY");
}

#[tokio::test]
async fn a_body_of_another_kind_or_too_large() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    let form = server
        .request(Method::PATCH, "/channels/ada")
        .bearer_auth(&ada)
        .header("content-type", "application/x-www-form-urlencoded")
        .body("title=a");
    let answer = server.send(form).await;
    answer.expect_error(415, "UNSUPPORTED_MEDIA_TYPE");
    let large = json!({ "description": "a".repeat(64 * 1024) });
    let answer = patch(&server, &ada, large).await;
    answer.expect_error(413, "BODY_TOO_LARGE");

    // Chunked, so that nothing is declared.
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    let head = format!(
        "PATCH /api/v1/channels/ada HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {ada}\r\n\
         content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("8000\r\n{}\r\n", "a".repeat(0x8000));
    for _ in 0..3 {
        // The server may have stopped reading.
        let _ = socket.write_all(chunk.as_bytes()).await;
    }
    let mut start = [0; 12];
    socket.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 413");
}

#[tokio::test]
async fn fields_that_are_too_long_or_too_many() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    let details = patch(&server, &ada, json!({ "title": "é".repeat(121) })).await;
    let details = details.expect_error(422, "INVALID_FIELD");
    assert_eq!(details, json!({ "field": "title", "max": 120 }));
    let title = "é".repeat(120);
    let answer = patch(&server, &ada, json!({ "title": title })).await;
    assert_eq!(answer.expect(200)["title"], title.as_str());

    let tags = |n: usize| (0..n).map(|i| format!("tag{i}")).collect::<Vec<_>>();
    let answer = patch(&server, &ada, json!({ "tags": tags(11) })).await;
    let details = answer.expect_error(422, "INVALID_FIELD");
    assert_eq!(details, json!({ "field": "tags", "max": 10 }));
    let answer = patch(&server, &ada, json!({ "tags": tags(10) })).await;
    assert_eq!(answer.expect(200)["tags"], json!(tags(10)));

    let short = json!({ "username": "eve", "password": "short" });
    let details = server.post(None, "/users", short).await;
    let details = details.expect_error(422, "INVALID_FIELD");
    assert_eq!(details, json!({ "field": "password", "min": 10 }));
    let unlimited = "/streams?limit=101";
    server
        .get(None, unlimited)
        .await
        .expect_error(400, "MALFORMED_QUERY");
    let unknown = "/streams?colour=red";
    server
        .get(None, unknown)
        .await
        .expect_error(400, "MALFORMED_QUERY");
    let cursor = "/streams?cursor=mine";
    server
        .get(None, cursor)
        .await
        .expect_error(400, "UNKNOWN_CURSOR");
}

#[tokio::test]
async fn absent_stays_and_null_clears() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    let answer = patch(
        &server,
        &ada,
        json!({ "category": "Art", "language": "en" }),
    )
    .await;
    answer.expect(200);
    let answer = patch(&server, &ada, json!({ "category": null }))
        .await
        .expect(200);
    assert_eq!(
        (&answer["category"], &answer["language"]),
        (&json!(null), &json!("en"))
    );
}

#[tokio::test]
async fn a_stale_version_changes_nothing() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    for (path, method, body) in [
        ("/channels/ada", Method::PATCH, json!({ "title": "First" })),
        (
            "/channels/ada/chat/settings",
            Method::PUT,
            json!({ "enabled": true, "guests": false, "slow_mode_seconds": 5, "max_length": 200,
                "rate": "strict" }),
        ),
    ] {
        let seen = server.get(Some(&ada), path).await;
        let etag = seen.header("etag").to_owned();
        let change = |tag: &str, body: &Value| {
            server
                .request(method.clone(), path)
                .bearer_auth(&ada)
                .header("if-match", tag)
                .json(body)
        };
        let first = server.send(change(&etag, &body)).await;
        let next = first.header("etag").to_owned();
        assert_ne!(etag, next);
        first.expect(200);
        let mut other = body.clone();
        match &mut other["title"] {
            Value::String(title) => "Second".clone_into(title),
            _ => {
                other.as_object_mut().unwrap().remove("title");
                other["enabled"] = json!(false);
            }
        }
        let stale = server.send(change(&etag, &other)).await;
        stale.expect_error(412, "STALE_VERSION");
        let nonsense = server.send(change("\"mine\"", &other)).await;
        nonsense.expect_error(412, "STALE_VERSION");
        let fresh = server.send(change(&next, &other)).await;
        fresh.expect(200);
    }
}

#[tokio::test]
async fn anothers_things_are_refused_or_not_there() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    let eve = server.creator("eve").await;
    let answer = patch(&server, &eve, json!({ "title": "Mine now" })).await;
    answer.expect_error(403, "FORBIDDEN");
    let key = server.post(Some(&ada), "/channels/ada/keys", json!({ "label": "OBS" }));
    let key = text(&key.await.expect(201), "/key/id");
    let secret = server.get(Some(&eve), format!("/keys/{key}/secret")).await;
    secret.expect_error(404, "KEY_NOT_FOUND");
    let revoke = server.ask(Method::DELETE, Some(&eve), format!("/keys/{key}"), None);
    revoke.await.expect_error(404, "KEY_NOT_FOUND");
    let still = server.get(Some(&ada), format!("/keys/{key}/secret")).await;
    still.expect(200);
}

#[tokio::test]
async fn what_is_taken_stays_whose_it_is() {
    let server = Server::start().await;
    server.creator("ada").await;
    let bob = server.user("bob").await;
    let again = json!({ "username": "ADA", "password": PASSWORD });
    let again = server.post(None, "/users", again).await;
    again.expect_error(409, "USERNAME_TAKEN");
    let channel = |handle: &str| json!({ "handle": handle, "title": "Mine" });
    let early = server.post(Some(&bob), "/channels", channel("bob")).await;
    early.expect_error(403, "NOT_A_CREATOR");
    server
        .post(Some(&bob), "/me/creator", json!({}))
        .await
        .expect(200);
    let taken = server.post(Some(&bob), "/channels", channel("Ada")).await;
    taken.expect_error(409, "HANDLE_TAKEN");
    server
        .post(Some(&bob), "/channels", channel("bob"))
        .await
        .expect(201);
    let second = server.post(Some(&bob), "/channels", channel("bob2")).await;
    second.expect_error(409, "CHANNEL_EXISTS");
}

#[tokio::test]
async fn a_full_disk_refuses_writes_serves_reads_and_goes_on() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    server.disk.full.store(true, Ordering::SeqCst);
    let message = json!({ "text": "hello", "client_message_id": "1" });
    let path = "/channels/ada/chat";
    let refused = server.post(Some(&ada), path, message.clone()).await;
    refused.expect_error(507, "STORAGE_FULL");
    let answer = patch(&server, &ada, json!({ "title": "Other" })).await;
    answer.expect_error(507, "STORAGE_FULL");
    let read = server.get(Some(&ada), path).await.expect(200);
    assert_eq!(read["lines"], json!([]));
    server.disk.full.store(false, Ordering::SeqCst);
    let posted = server.post(Some(&ada), path, message).await.expect(201);
    assert_eq!(posted["seq"], 1);
}

#[tokio::test]
async fn routes_and_methods_that_are_not_there() {
    let server = Server::start().await;
    let answer = server.get(None, "/nothing/here").await;
    assert_eq!(answer.header("content-type"), "application/json");
    answer.expect_error(404, "NOT_FOUND");
    let answer = server.ask(Method::DELETE, None, "/streams", None).await;
    assert!(answer.header("allow").contains("GET"));
    answer.expect_error(405, "METHOD_NOT_ALLOWED");
    let outside = reqwest::get(server.url("/nowhere.json")).await.unwrap();
    assert_eq!(outside.status(), 404);
    let body: Value = serde_json::from_str(&outside.text().await.unwrap()).unwrap();
    assert_eq!(body["code"], "NOT_FOUND");
}

#[tokio::test]
async fn who_asks_too_often_waits() {
    let server = Server::with(WebConfig {
        quota: Quota {
            burst: 3,
            per: Duration::from_secs(6),
        },
        ..config()
    })
    .await;
    for _ in 0..3 {
        server.get(None, "/streams").await.expect(200);
    }
    let answer = server.get(None, "/streams").await;
    assert_eq!(answer.header("retry-after"), "2");
    answer.expect_error(429, "TOO_MANY_REQUESTS");
    server.clock.advance(Duration::from_secs(2));
    server.get(None, "/streams").await.expect(200);
}

#[tokio::test]
async fn a_body_that_drips_is_given_up() {
    let server = Server::with(WebConfig {
        body_timeout: Duration::from_millis(300),
        ..config()
    })
    .await;
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    let head = "POST /api/v1/users HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n\
                content-length: 1000\r\n\r\n{";
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut start = [0; 12];
    let read = socket.read_exact(&mut start);
    tokio::time::timeout(Duration::from_secs(10), read)
        .await
        .expect("it is not waited for")
        .unwrap();
    assert_eq!(&start, b"HTTP/1.1 408");
}
