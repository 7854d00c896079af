//! Recordings.

use greenroom_domain::recording::RecordingProgress;
use greenroom_testkit::builders::recorded_file;
use serde_json::json;

use crate::support::{Server, text};
use crate::{ask, code, data};

const ALL: &str = "id streamId channelId state createdAt startedAt durationMs size format \
                   location limitReached error";

/// The stream that is on air, and its recordings.
async fn listed(server: &Server, who: &str) -> serde_json::Value {
    let query = format!(
        "{{ channel(handle: \"ada\") {{ id live {{ id recordings(first: 1) {{ \
            edges {{ node {{ {ALL} }} }} pageInfo {{ hasNextPage }} }} }} }} }}"
    );
    data(server, Some(who), &query).await["channel"].clone()
}

#[tokio::test]
async fn a_stream_is_recorded_listed_and_found_again() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    let who = Some(ada.as_str());
    server.publish(&ada, "ada").await;
    let channel = listed(&server, &ada).await;
    assert_eq!(channel["live"]["recordings"]["edges"], json!([]));
    let stream = text(&channel, "/live/id");

    let start = format!("mutation {{ startRecording(streamId: \"{stream}\") {{ {ALL} }} }}");
    let begun = data(&server, who, &start).await["startRecording"].clone();
    let id = text(&begun, "/id");
    let asked_for = json!({
        "id": id, "streamId": stream, "channelId": channel["id"], "state": "STARTING",
        "createdAt": server.app.now().to_rfc3339(), "startedAt": null, "durationMs": null,
        "size": null, "format": null, "location": null, "limitReached": false, "error": null,
    });
    assert_eq!(begun, asked_for);
    let again = ask(&server, who, &start, json!({})).await.expect(200);
    assert_eq!(code(&again), "ALREADY_RECORDING");

    let stop = format!("mutation {{ stopRecording(id: \"{id}\") {{ state }} }}");
    let stopped = data(&server, who, &stop).await;
    assert_eq!(stopped["stopRecording"]["state"], "PROCESSING");

    let by_rest = text(&channel_recordings(&server, &ada).await, "/items/0/id");
    let file = recorded_file("ada", 1);
    let ready = RecordingProgress::Available(file.clone());
    server.recorded(&by_rest, ready).await;
    let node = format!("{{ node(id: \"{id}\") {{ ... on Recording {{ {ALL} }} }} }}");
    let found = data(&server, who, &node).await["node"].clone();
    assert_eq!(found["state"], "AVAILABLE");
    assert_eq!(found["startedAt"], file.started_at.to_rfc3339());
    assert_eq!(found["durationMs"], 60_000);
    assert_eq!(found["size"], 15_000_000);
    assert_eq!(found["format"], "mp4");
    assert_eq!(found["location"], file.location);
    let channel = listed(&server, &ada).await;
    assert_eq!(channel["live"]["recordings"]["edges"][0]["node"], found);
    let over = ask(&server, who, &stop, json!({})).await.expect(200);
    assert_eq!(code(&over), "RECORDING_OVER");

    // To others there is none.
    let bob = server.user("bob").await;
    for other in [None, Some(bob.as_str())] {
        let found = data(&server, other, &node).await;
        assert_eq!(found["node"], json!(null));
    }
}

async fn channel_recordings(server: &Server, who: &str) -> serde_json::Value {
    let live = server.get(None, "/channels/ada").await.expect(200);
    let stream = text(&live, "/live/id");
    let path = format!("/streams/{stream}/recordings");
    server.get(Some(who), path).await.expect(200)
}
