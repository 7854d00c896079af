//! `HarmonieCORE`'s document.

use std::time::Duration;

use greenroom_web::Dialect;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Server, text};
use crate::{ask, creator, get, post, speaking, user};

/// The document's own example.
fn concert() -> Value {
    json!({
        "artistId": "artist123",
        "title": "Live Concert",
        "category": "music",
        "recordingEnabled": true
    })
}

async fn created(server: &Server, who: &str) -> Value {
    let made = post(server, Some(who), "/api/streams/create", concert()).await;
    made.expect(201)
}

async fn started(server: &Server, who: &str) -> String {
    let id = text(&created(server, who).await, "/id");
    let start = server.request(Method::POST, &format!("/streams/{id}/start"));
    server.send(start.bearer_auth(who)).await.expect(200);
    // What is live is listed within two seconds.
    server.clock.advance(Duration::from_secs(3));
    id
}

#[tokio::test]
async fn create_new_stream() {
    let server = speaking(Dialect::HarmonieCore).await;
    let artist = user(&server, "artist123");
    let stream = created(&server, &artist).await;
    assert_eq!(stream["artistId"], "artist123");
    assert_eq!(stream["title"], "Live Concert");
    assert_eq!(stream["category"], "music");
    assert_eq!(stream["status"], "pending");
    assert_eq!(stream["viewerCount"], 0);
    assert_eq!(stream["streamId"], stream["id"]);

    // What the document's events also take is kept, too.
    let more = json!({ "title": "Second", "description": "With a band" });
    let more = post(&server, Some(&artist), "/api/streams/create", more).await;
    assert_eq!(more.expect(201)["description"], "With a band");
}

#[tokio::test]
async fn nobody_creates_for_somebody_else() {
    let server = speaking(Dialect::HarmonieCore).await;
    let (artist, bob) = (user(&server, "artist123"), user(&server, "bob-2"));
    let path = "/api/streams/create";
    let answer = post(&server, None, path, concert()).await;
    answer.expect_error(401, "SIGN_IN_FIRST");
    let answer = post(&server, Some(&bob), path, concert()).await;
    answer.expect_error(403, "FORBIDDEN");
    let long = json!({ "artistId": "artist123", "title": "x".repeat(121) });
    let answer = post(&server, Some(&artist), path, long).await;
    assert_eq!(answer.expect_error(422, "INVALID_FIELD")["field"], "title");
}

#[tokio::test]
async fn get_active_streams() {
    let server = speaking(Dialect::HarmonieCore).await;
    let artist = creator(&server, "artist123");
    created(&server, &artist).await;
    let id = started(&server, &artist).await;
    let live = get(&server, None, "/api/streams").await.expect(200);
    let ids: Vec<&Value> = live
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["id"])
        .collect();
    assert_eq!(ids, [&json!(id)], "what is only planned is not there");
    assert_eq!(live[0]["status"], "live");
    assert_eq!(live[0]["artistId"], "artist123");
}

#[tokio::test]
async fn get_stream_details() {
    let server = speaking(Dialect::HarmonieCore).await;
    let artist = user(&server, "artist123");
    let stream = created(&server, &artist).await;
    let path = format!("/api/streams/{}", text(&stream, "/id"));
    assert_eq!(get(&server, None, &path).await.expect(200), stream);
    for nobodys in ["none", "01980a4e-7b1c-7c3f-8d2a-5e6f70819203"] {
        let path = format!("/api/streams/{nobodys}");
        let answer = get(&server, None, &path).await;
        answer.expect_error(404, "STREAM_NOT_FOUND");
    }
}

#[tokio::test]
async fn get_stream_statistics() {
    let server = speaking(Dialect::HarmonieCore).await;
    let artist = creator(&server, "artist123");
    let id = started(&server, &artist).await;
    let say = server.request(Method::POST, "/channels/artist123/chat");
    let say = say.bearer_auth(&artist).json(&json!({ "text": "Hello" }));
    server.send(say).await.expect(201);
    server.clock.advance(Duration::from_secs(57));
    let stats = get(&server, None, &format!("/api/streams/{id}/stats")).await;
    let stats = stats.expect(200);
    assert_eq!(stats["streamId"], json!(id));
    assert_eq!(stats["status"], "live");
    assert_eq!(stats["duration"], 60);
    assert_eq!(stats["messageCount"], 1);
    for none in ["viewerCount", "peakViewers", "totalViews"] {
        assert_eq!(stats[none], 0, "{none}");
    }
    let unknown = get(&server, None, "/api/streams/none/stats").await;
    unknown.expect_error(404, "STREAM_NOT_FOUND");
}

#[tokio::test]
async fn recordings_are_still_to_come() {
    let server = speaking(Dialect::HarmonieCore).await;
    let artist = user(&server, "artist123");
    let id = text(&created(&server, &artist).await, "/id");
    for (method, path) in [
        (Method::POST, format!("/api/streams/{id}/recordings/start")),
        (Method::POST, format!("/api/streams/{id}/recordings/stop")),
        (Method::GET, format!("/api/streams/{id}/recordings")),
        (Method::GET, "/api/recordings/1".to_owned()),
        (Method::DELETE, "/api/recordings/1".to_owned()),
    ] {
        let answer = ask(&server, method, Some(&artist), &path, None).await;
        answer.expect_error(501, "RECORDINGS_NOT_AVAILABLE");
    }
}
