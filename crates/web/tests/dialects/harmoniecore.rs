//! `HarmonieCORE`'s document.

use std::time::Duration;

use greenroom_domain::recording::RecordingProgress;
use greenroom_testkit::builders::recorded_file;
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
async fn start_and_stop_recording() {
    let server = speaking(Dialect::HarmonieCore).await;
    let (artist, bob) = (creator(&server, "artist123"), user(&server, "bob-2"));
    let id = started(&server, &artist).await;
    let path = format!("/api/streams/{id}/recordings");
    let start = format!("{path}/start");
    let early = post(&server, Some(&artist), &start, json!({})).await;
    early.expect_error(409, "NOT_PUBLISHING");
    server.publish(&artist, "artist123").await;
    let mobile = json!({ "deviceType": "mobile" });
    let begun = post(&server, Some(&artist), &start, mobile)
        .await
        .expect(201);
    let recording = text(&begun, "/id");
    assert_eq!(begun["recordingId"], begun["id"]);
    assert_eq!(
        (&begun["streamId"], &begun["status"]),
        (&json!(id), &json!("starting"))
    );
    let again = post(&server, Some(&artist), &start, json!({})).await;
    again.expect_error(409, "ALREADY_RECORDING");

    let since = server.app.now();
    let runs = RecordingProgress::Recording { since };
    server.recorded(&recording, runs).await;
    let stop = format!("{path}/stop");
    let stopped = post(&server, Some(&artist), &stop, json!({})).await;
    assert_eq!(stopped.expect(200)["status"], "processing");
    let file = recorded_file("artist123", 1);
    let ready = RecordingProgress::Available(file.clone());
    server.recorded(&recording, ready).await;

    // Get stream recordings, and the details of one.
    let listed = get(&server, Some(&artist), &path).await.expect(200);
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
    let details = format!("/api/recordings/{recording}");
    let details_of = get(&server, Some(&artist), &details).await.expect(200);
    assert_eq!(listed[0], details_of);
    assert_eq!(details_of["status"], "available");
    assert_eq!(details_of["startedAt"], file.started_at.to_rfc3339());
    assert_eq!(details_of["duration"], 60.0);
    assert_eq!(details_of["fileSize"], 15_000_000);
    assert_eq!(details_of["format"], "mp4");
    assert_eq!(details_of["filePath"], file.location);
    assert_eq!(details_of["limitReached"], false);
    let over = post(&server, Some(&artist), &stop, json!({})).await;
    over.expect_error(409, "RECORDING_OVER");

    let others = get(&server, Some(&bob), &path).await;
    others.expect_error(403, "FORBIDDEN");
    for nobodys in [&*details, "/api/recordings/1"] {
        let others = get(&server, Some(&bob), nobodys).await;
        others.expect_error(404, "RECORDING_NOT_FOUND");
    }
}

#[tokio::test]
async fn recordings_are_not_deleted_yet() {
    let server = speaking(Dialect::HarmonieCore).await;
    let artist = user(&server, "artist123");
    let path = "/api/recordings/1";
    let answer = ask(&server, Method::DELETE, Some(&artist), path, None).await;
    answer.expect_error(501, "RECORDINGS_NOT_AVAILABLE");
}
