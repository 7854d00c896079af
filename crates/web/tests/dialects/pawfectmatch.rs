//! `PawfectMatch`'s document.

use std::time::Duration;

use greenroom_domain::account::VerifiedToken;
use greenroom_domain::recording::{RecordingFailure, RecordingProgress};
use greenroom_testkit::builders::recorded_file;
use greenroom_testkit::identity::says;
use greenroom_web::Dialect;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Server, text};
use crate::{ask, get, post, speaking, user};

async fn started(server: &Server, who: &str, title: &str) -> Value {
    let body = json!({ "title": title, "tags": ["dogs", "walks"], "coverUrl": "https://cdn.example/a.jpg" });
    let made = post(server, Some(who), "/api/live/start", body).await;
    made.expect(201)
}

fn admin(server: &Server) -> String {
    let expires_at = server.app.now() + Duration::from_secs(3600);
    let token = VerifiedToken {
        is_admin: Some(true),
        ..says("root", expires_at)
    };
    server.tokens.add("root", token);
    "root".to_owned()
}

#[tokio::test]
async fn start_stream() {
    let server = speaking(Dialect::PawfectMatch).await;
    let ada = user(&server, "ada-1");
    let stream = started(&server, &ada, "Walkies").await;
    assert_eq!(stream["isLive"], true);
    assert_eq!(stream["ownerId"], "ada-1");
    let me = server.get(Some(&ada), "/me").await.expect(200);
    assert_eq!(stream["roomName"], me["id"], "as the media server has it");
    for seat in ["url", "token"] {
        assert_eq!(stream.get(seat), None, "without rooms there is no seat");
    }
    assert_eq!(stream["title"], "Walkies");
    assert_eq!(stream["tags"], json!(["dogs", "walks"]));
    assert_eq!(stream["viewers"], 0);
    assert_eq!(stream["pinnedMessages"], json!([]));
    assert_eq!(stream["streamId"], stream["_id"]);
    let url = text(&stream, "/playbackUrl");
    assert!(url.starts_with("https://tv.example/") && url.ends_with("/index.m3u8"));

    // An impatient client starts it once.
    let again = post(&server, Some(&ada), "/api/live/start", json!({})).await;
    assert_eq!(again.expect(200)["streamId"], stream["streamId"]);
    let nobody = post(&server, None, "/api/live/start", json!({})).await;
    nobody.expect_error(401, "SIGN_IN_FIRST");
    let many: Vec<String> = (0..11).map(|n| format!("tag{n}")).collect();
    let many = post(
        &server,
        Some(&ada),
        "/api/live/start",
        json!({ "tags": many }),
    )
    .await;
    assert_eq!(many.expect_error(422, "INVALID_FIELD")["max"], 10);
}

#[tokio::test]
async fn start_gives_a_seat_to_publish_from() {
    let server = speaking(Dialect::PawfectMatch).await;
    server.media.open_rooms();
    let ada = user(&server, "ada-1");
    let stream = started(&server, &ada, "Walkies").await;
    assert_eq!(stream["url"], "wss://rooms.example");
    let token = text(&stream, "/token");
    let room = text(&stream, "/roomName");
    assert!(token.starts_with(&room), "the one who publishes: {token}");

    // The engine is away: they are live, and sit down when they ask again.
    server.media.fail(1);
    let away = post(&server, Some(&ada), "/api/live/start", json!({})).await;
    assert_eq!(away.header("retry-after"), "1");
    away.expect_error(503, "UNAVAILABLE");
    let again = post(&server, Some(&ada), "/api/live/start", json!({})).await;
    let again = again.expect(200);
    assert_eq!(again["streamId"], stream["streamId"]);
    assert_eq!(again["token"], stream["token"]);

    // It is the key of this stream, which an encoder is given as well.
    let keys = server.get(Some(&ada), "/channels/ada-1/keys").await;
    let keys = keys.expect(200);
    assert_eq!(keys["items"].as_array().unwrap().len(), 1);
    assert_eq!(keys["items"][0]["stream_id"], stream["streamId"]);
    let path = format!("/api/live/{}/ingress", text(&stream, "/streamId"));
    let ingress = post(&server, Some(&ada), &path, json!({}))
        .await
        .expect(200);
    assert_eq!(ingress["ingressId"], keys["items"][0]["id"]);
    assert_eq!(ingress["rtmpUrl"], "rtmp://rooms.example/x");
}

#[tokio::test]
async fn watching_is_a_seat_for_those_who_may() {
    let server = speaking(Dialect::PawfectMatch).await;
    let (ada, bob) = (user(&server, "ada-1"), user(&server, "bob-2"));
    let stream = started(&server, &ada, "Walkies").await;
    let path = format!("/api/live/{}/watch", text(&stream, "/streamId"));
    let watch = get(&server, Some(&bob), &path).await.expect(200);
    assert_eq!(watch["title"], "Walkies");
    assert_eq!(watch["roomName"], stream["roomName"]);
    let own = text(&watch, "/playbackUrl");
    assert_ne!(own, text(&stream, "/playbackUrl"), "with a grant");
    assert_eq!(watch.get("token"), None);

    server.media.open_rooms();
    let seat = get(&server, Some(&bob), &path).await.expect(200);
    assert_eq!(seat["url"], "wss://rooms.example");
    let me = server.get(Some(&bob), "/me").await.expect(200);
    assert!(text(&seat, "/token").starts_with(&text(&me, "/id")));
    let own = get(&server, Some(&ada), &path).await.expect(200);
    assert!(text(&own, "/token").starts_with("Host-"), "{own}");
    get(&server, None, &path)
        .await
        .expect_error(401, "SIGN_IN_FIRST");

    let ban = format!(
        "/channels/ada-1/chat/restrictions/user:{}",
        text(&me, "/id")
    );
    let ban = server.ask(Method::PUT, Some(&ada), ban, Some(json!({ "kind": "ban" })));
    ban.await.expect(200);
    get(&server, Some(&bob), &path)
        .await
        .expect_error(403, "FORBIDDEN");
    let body = json!({ "streamId": stream["streamId"] });
    post(&server, Some(&ada), "/api/live/stop", body)
        .await
        .expect(200);
    get(&server, Some(&ada), &path)
        .await
        .expect_error(410, "STREAM_ENDED");
    get(&server, Some(&ada), "/api/live/none/watch")
        .await
        .expect_error(404, "STREAM_NOT_FOUND");
}

#[tokio::test]
async fn stop_stream_is_its_owners_alone() {
    let server = speaking(Dialect::PawfectMatch).await;
    let (ada, bob, root) = (
        user(&server, "ada-1"),
        user(&server, "bob-2"),
        admin(&server),
    );
    let stream = started(&server, &ada, "Walkies").await;
    let body = json!({ "streamId": stream["streamId"] });
    for other in [&bob, &root] {
        let answer = post(&server, Some(other), "/api/live/stop", body.clone()).await;
        answer.expect_error(403, "FORBIDDEN");
    }
    for _ in 0..2 {
        let stopped = post(&server, Some(&ada), "/api/live/stop", body.clone()).await;
        let stopped = stopped.expect(200);
        assert_eq!(stopped["isLive"], false);
        assert!(stopped["endedAt"].is_string());
    }
    let unknown = json!({ "streamId": "none" });
    let unknown = post(&server, Some(&ada), "/api/live/stop", unknown).await;
    unknown.expect_error(404, "STREAM_NOT_FOUND");
    let nothing = post(&server, Some(&ada), "/api/live/stop", json!({})).await;
    assert_eq!(
        nothing.expect_error(422, "MISSING_FIELD")["field"],
        "streamId"
    );
}

#[tokio::test]
async fn list_active_streams() {
    let server = speaking(Dialect::PawfectMatch).await;
    let (ada, bob) = (user(&server, "ada-1"), user(&server, "bob-2"));
    let over = started(&server, &bob, "Over").await;
    let body = json!({ "streamId": over["streamId"] });
    post(&server, Some(&bob), "/api/live/stop", body)
        .await
        .expect(200);
    let stream = started(&server, &ada, "Walkies").await;
    server.clock.advance(Duration::from_secs(3));
    let live = get(&server, None, "/api/live/active").await.expect(200);
    let ids: Vec<&Value> = live
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["streamId"])
        .collect();
    assert_eq!(ids, [&stream["streamId"]]);
    assert_eq!(live[0]["ownerId"], "ada-1");
    assert_eq!(live[0]["tags"], json!(["dogs", "walks"]));
}

#[tokio::test]
async fn create_rtmp_ingress() {
    let server = speaking(Dialect::PawfectMatch).await;
    let (ada, bob) = (user(&server, "ada-1"), user(&server, "bob-2"));
    let stream = started(&server, &ada, "Walkies").await;
    let path = format!("/api/live/{}/ingress", text(&stream, "/streamId"));
    let ingress = post(&server, Some(&ada), &path, json!({}))
        .await
        .expect(200);
    assert!(text(&ingress, "/rtmpUrl").starts_with("rtmp://"));
    let key = text(&ingress, "/streamKey");
    assert!(!key.is_empty() && !stream.to_string().contains(&key));
    let again = ask(&server, Method::POST, Some(&ada), &path, None).await;
    assert_eq!(again.expect(200), ingress, "again is the same key");
    for (who, status, code) in [
        (Some(&*bob), 403, "FORBIDDEN"),
        (None, 401, "SIGN_IN_FIRST"),
    ] {
        let answer = post(&server, who, &path, json!({})).await;
        answer.expect_error(status, code);
    }
}

#[tokio::test]
async fn pin_message_is_the_owners_alone() {
    let server = speaking(Dialect::PawfectMatch).await;
    let (ada, bob, root) = (
        user(&server, "ada-1"),
        user(&server, "bob-2"),
        admin(&server),
    );
    let stream = started(&server, &ada, "Walkies").await;
    let say = server.request(Method::POST, "/channels/ada-1/chat");
    let say = say.bearer_auth(&bob).json(&json!({ "text": "Keep this" }));
    let said = server.send(say).await.expect(201);
    let path = format!("/api/live/{}/pin-message", text(&stream, "/streamId"));
    let body = json!({ "messageId": said["place"], "content": "Keep this" });
    for other in [&bob, &root] {
        let answer = post(&server, Some(other), &path, body.clone()).await;
        answer.expect_error(403, "FORBIDDEN");
    }
    for _ in 0..2 {
        let pinned = post(&server, Some(&ada), &path, body.clone())
            .await
            .expect(200);
        let pins = pinned["pinnedMessages"].as_array().unwrap();
        assert_eq!(pins.len(), 1);
        assert_eq!(pins[0]["messageId"], said["place"]);
        assert_eq!(pins[0]["authorId"], "bob-2");
        assert_eq!(pins[0]["content"], "Keep this");
    }
    let unknown = json!({ "messageId": "nothing", "content": "" });
    let unknown = post(&server, Some(&ada), &path, unknown).await;
    unknown.expect_error(404, "MESSAGE_NOT_FOUND");
}

#[tokio::test]
async fn admin_kill_stream() {
    let server = speaking(Dialect::PawfectMatch).await;
    let (ada, root) = (user(&server, "ada-1"), admin(&server));
    let stream = started(&server, &ada, "Walkies").await;
    let path = format!("/api/live/{}/end", text(&stream, "/streamId"));
    let owners = post(&server, Some(&ada), &path, json!({})).await;
    owners.expect_error(403, "FORBIDDEN");
    let ended = post(&server, Some(&root), &path, json!({}))
        .await
        .expect(200);
    assert_eq!(ended["isLive"], false);
    // The channel is locked until an administrator lifts that.
    let again = post(&server, Some(&ada), "/api/live/start", json!({})).await;
    again.expect_error(409, "INGEST_LOCKED");
}

#[tokio::test]
async fn start_and_stop_recording() {
    let server = speaking(Dialect::PawfectMatch).await;
    let (ada, bob, root) = (
        user(&server, "ada-1"),
        user(&server, "bob-2"),
        admin(&server),
    );
    let id = text(&started(&server, &ada, "Walkies").await, "/streamId");
    let path = format!("/api/live/{id}/recording");
    let (start, stop) = (format!("{path}/start"), format!("{path}/stop"));
    for (who, status, code) in [
        (None, 401, "SIGN_IN_FIRST"),
        (Some(&*bob), 403, "FORBIDDEN"),
        (Some(&*root), 403, "FORBIDDEN"),
        (Some(&*ada), 409, "NOT_PUBLISHING"),
    ] {
        let answer = post(&server, who, &start, json!({})).await;
        answer.expect_error(status, code);
    }
    server.publish(&ada, "ada-1").await;
    let begun = post(&server, Some(&ada), &start, json!({}))
        .await
        .expect(200);
    assert_eq!(begun["streamId"], json!(id));
    let egress = text(&begun, "/recording/egressId");
    let recording = json!({ "status": "recording", "egressId": egress });
    assert_eq!(begun["recording"], recording);
    let others = post(&server, Some(&root), &stop, json!({})).await;
    others.expect_error(403, "FORBIDDEN");
    let stopped = post(&server, Some(&ada), &stop, json!({})).await;
    assert_eq!(stopped.expect(200)["recording"]["status"], "uploading");

    let file = recorded_file("ada-1", 1);
    let ready = RecordingProgress::Available(file.clone());
    server.recorded(&egress, ready).await;
    // The owner, who is live, is told of it with the stream; nobody else is.
    let stream = post(&server, Some(&ada), "/api/live/start", json!({})).await;
    let completed_at = file.started_at + file.duration;
    let storage = json!({
        "path": file.location, "size": 15_000_000, "duration": 60.0, "format": "mp4",
    });
    let completed = json!({
        "status": "completed", "egressId": egress, "storage": storage,
        "startedAt": file.started_at.to_rfc3339(), "completedAt": completed_at.to_rfc3339(),
    });
    assert_eq!(stream.expect(200)["recording"], completed);
    server.clock.advance(Duration::from_secs(3));
    let listed = get(&server, None, "/api/live/active").await.expect(200);
    assert_eq!(listed[0]["recording"], Value::Null);

    let again = post(&server, Some(&ada), &start, json!({})).await;
    let egress = text(&again.expect(200), "/recording/egressId");
    let failed = RecordingProgress::Failed(RecordingFailure::Recorder);
    server.recorded(&egress, failed).await;
    let body = json!({ "streamId": id });
    let stopped = post(&server, Some(&ada), "/api/live/stop", body).await;
    let failed = json!({ "status": "failed", "egressId": egress, "error": "RECORDER_FAILED" });
    assert_eq!(stopped.expect(200)["recording"], failed);
}

#[tokio::test]
async fn vod_and_livekit_are_still_to_come() {
    let server = speaking(Dialect::PawfectMatch).await;
    let ada = user(&server, "ada-1");
    let id = text(&started(&server, &ada, "Walkies").await, "/streamId");
    for (method, path, code) in [
        (
            Method::GET,
            format!("/api/live/{id}/vod"),
            "RECORDINGS_NOT_AVAILABLE",
        ),
        (
            Method::POST,
            "/api/webhooks/livekit".to_owned(),
            "LIVEKIT_NOT_CONFIGURED",
        ),
    ] {
        let answer = ask(&server, method, Some(&ada), &path, None).await;
        answer.expect_error(501, code);
    }
}
