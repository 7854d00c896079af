//! Recordings, from asked for to available or failed.

use greenroom_domain::recording::{RecordingFailure, RecordingProgress};
use greenroom_testkit::builders::recorded_file;
use greenroom_testkit::recording::{RecorderCall, Trouble};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Server, config, text};

async fn begin(server: &Server, who: &str, stream: &str) -> Value {
    let path = format!("/streams/{stream}/recordings");
    server.post(Some(who), path, json!({})).await.expect(201)
}

#[tokio::test]
async fn a_stream_is_recorded_until_its_owner_says_so() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    let who = Some(ada.as_str());
    let stream = server.publish(&ada, "ada").await;
    let begun = begin(&server, &ada, &stream).await;
    let id = text(&begun, "/id");
    let created_at = server.app.now().to_rfc3339();
    let channel = server.get(who, "/channels/ada").await.expect(200);
    assert_eq!(channel["ingest"]["recordable"], true);
    let asked_for = json!({
        "id": id, "stream_id": stream, "channel_id": channel["id"], "state": "starting",
        "created_at": created_at, "started_at": null, "duration_ms": null, "size": null,
        "format": null, "location": null, "limit_reached": false, "error": null,
    });
    assert_eq!(begun, asked_for);
    let again = server.post(who, format!("/streams/{stream}/recordings"), json!({}));
    again.await.expect_error(409, "ALREADY_RECORDING");

    let since = server.app.now();
    let runs = RecordingProgress::Recording { since };
    server.recorded(&id, runs).await;
    let path = format!("/recordings/{id}");
    let now = server.get(who, &path).await.expect(200);
    assert_eq!(now["state"], "recording");
    assert_eq!(now["started_at"], since.to_rfc3339());

    let stop = format!("{path}/stop");
    let stopped = server.post(who, &stop, json!({})).await.expect(200);
    assert_eq!(stopped["state"], "processing");
    let again = server.post(who, &stop, json!({})).await.expect(200);
    assert_eq!(again, stopped, "again is no change");
    let asked = RecorderCall::Stop(id.parse().expect("an id"));
    assert!(server.recorder.count(asked) > 0);

    let file = recorded_file("ada", 1);
    let ready = RecordingProgress::Available(file.clone());
    server.recorded(&id, ready).await;
    let now = server.get(who, &path).await.expect(200);
    let available = json!({
        "id": id, "stream_id": stream, "channel_id": channel["id"], "state": "available",
        "created_at": created_at, "started_at": file.started_at.to_rfc3339(),
        "duration_ms": 60_000, "size": 15_000_000, "format": "mp4",
        "location": file.location, "limit_reached": false, "error": null,
    });
    assert_eq!(now, available);
    let late = server.post(who, &stop, json!({})).await;
    late.expect_error(409, "RECORDING_OVER");
}

#[tokio::test]
async fn why_a_recording_failed_is_told() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    let stream = server.publish(&ada, "ada").await;
    for (reason, code) in [
        (RecordingFailure::Recorder, "RECORDER_FAILED"),
        (RecordingFailure::Aborted, "ABORTED"),
        (RecordingFailure::Lost, "LOST"),
    ] {
        let id = text(&begin(&server, &ada, &stream).await, "/id");
        let failed = RecordingProgress::Failed(reason);
        server.recorded(&id, failed).await;
        let now = server.get(Some(&ada), format!("/recordings/{id}")).await;
        let now = now.expect(200);
        assert_eq!(
            (&now["state"], &now["error"]),
            (&json!("failed"), &json!(code))
        );
    }
}

#[tokio::test]
async fn the_same_request_is_one_recording() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    let stream = server.publish(&ada, "ada").await;
    let path = format!("/streams/{stream}/recordings");
    let send = async |key: &str| {
        let request = server.request(Method::POST, &path).bearer_auth(&ada);
        server.send(request.header("idempotency-key", key)).await
    };
    let first = send("one").await.expect(201);
    let again = send("one").await.expect(201);
    assert_eq!(first, again);
    send("two").await.expect_error(409, "ALREADY_RECORDING");
    let other = server.post(Some(&ada), "/channels/ada/streams", json!({}));
    let other = text(&other.await.expect(201), "/id");
    let other = server.request(Method::POST, &format!("/streams/{other}/recordings"));
    let other = other.bearer_auth(&ada).header("idempotency-key", "one");
    let other = server.send(other).await;
    other.expect_error(422, "IDEMPOTENCY_KEY_REUSED");
    let long = "k".repeat(256);
    send(&long)
        .await
        .expect_error(400, "INVALID_IDEMPOTENCY_KEY");
    let elsewhere = server.request(Method::POST, "/channels/ada/streams");
    let elsewhere = elsewhere.bearer_auth(&ada).json(&json!({}));
    let elsewhere = server.send(elsewhere.header("idempotency-key", "one"));
    elsewhere.await.expect_error(422, "IDEMPOTENCY_KEY_REUSED");
}

#[tokio::test]
async fn a_streams_recordings_are_listed_newest_first() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    let stream = server.publish(&ada, "ada").await;
    let mut made = Vec::new();
    for _ in 0..3 {
        let id = text(&begin(&server, &ada, &stream).await, "/id");
        let aborted = RecordingProgress::Failed(RecordingFailure::Aborted);
        server.recorded(&id, aborted).await;
        made.insert(0, id);
    }
    let path = format!("/streams/{stream}/recordings?limit=2");
    let first = server.get(Some(&ada), &path).await.expect(200);
    let cursor = text(&first, "/next_cursor");
    let rest = server.get(Some(&ada), format!("{path}&cursor={cursor}"));
    let rest = rest.await.expect(200);
    assert_eq!(rest["next_cursor"], Value::Null);
    let ids = [&first["items"], &rest["items"]]
        .into_iter()
        .flat_map(|items| items.as_array().expect("a list"))
        .map(|item| text(item, "/id"));
    assert_eq!(ids.collect::<Vec<_>>(), made);
    let wrong = server.get(Some(&ada), format!("{path}&cursor=none")).await;
    wrong.expect_error(400, "UNKNOWN_CURSOR");
}

#[tokio::test]
async fn what_cannot_be_recorded_is_refused() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    let who = Some(ada.as_str());
    let awaiting = server.live_stream(&ada, "ada").await;
    let path = format!("/streams/{awaiting}/recordings");
    let nothing = server.post(who, &path, json!({})).await;
    nothing.expect_error(409, "NOT_PUBLISHING");
    for (path, code) in [
        ("/streams/none/recordings", "STREAM_NOT_FOUND"),
        ("/recordings/none/stop", "RECORDING_NOT_FOUND"),
    ] {
        let nobodys = server.post(who, path, json!({})).await;
        nobodys.expect_error(404, code);
    }
    let nobodys = "/recordings/01980a4e-7b1c-7c3f-8d2a-5e6f70819203";
    let nobodys = server.get(who, nobodys).await;
    nobodys.expect_error(404, "RECORDING_NOT_FOUND");

    assert_eq!(server.publish(&ada, "ada").await, awaiting);
    for (trouble, code) in [(Trouble::Busy, "BUSY"), (Trouble::Away, "UNAVAILABLE")] {
        server.recorder.fail(trouble, 1);
        let not_now = server.post(who, &path, json!({})).await;
        assert_eq!(not_now.header("retry-after"), "1");
        not_now.expect_error(503, code);
    }
    server.recorder.fail(Trouble::NothingToRecord, 1);
    let nothing = server.post(who, &path, json!({})).await;
    nothing.expect_error(409, "NOT_PUBLISHING");
    // None of them is in the way of the next.
    begin(&server, &ada, &awaiting).await;
}

#[tokio::test]
async fn where_there_is_no_recorder_that_is_said() {
    let server = Server::without_recorder(config()).await;
    let ada = server.creator("ada").await;
    let stream = server.publish(&ada, "ada").await;
    let path = format!("/streams/{stream}/recordings");
    let refused = server.post(Some(&ada), &path, json!({})).await;
    refused.expect_error(409, "NO_RECORDER");
    let none = server.get(Some(&ada), &path).await.expect(200);
    assert_eq!(none["items"], json!([]));
    let channel = server.get(Some(&ada), "/me/channel").await.expect(200);
    assert_eq!(channel["ingest"]["recordable"], false);
}

#[tokio::test]
async fn who_had_it_recorded_stands_in_the_audit_log() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    let stream = server.publish(&ada, "ada").await;
    let id = text(&begin(&server, &ada, &stream).await, "/id");
    let stop = format!("/recordings/{id}/stop");
    server.post(Some(&ada), stop, json!({})).await.expect(200);
    let audit = server.get(Some(&ada), "/channels/ada/audit?limit=2").await;
    let audit = audit.expect(200);
    for (at, kind) in ["recording_stopped", "recording_started"]
        .iter()
        .enumerate()
    {
        let event = &audit["items"][at];
        assert_eq!(event["type"], *kind, "{audit}");
        assert_eq!(event["by"]["username"], "ada");
        assert_eq!(event["stream_id"], stream.as_str());
    }
}
