//! Clients of other platforms: from their first request to an encoder's pictures, by nothing
//! but their own documents.

use std::time::Duration;

use greenroom_tests::ffmpeg::Publish;
use greenroom_tests::probe;
use greenroom_tests::server::Server;
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(20);
/// How long it may take until whoever is cut off is off.
const AT_ONCE: Duration = Duration::from_secs(1);
const BOTH: [(&str, &str); 1] = [("GREENROOM_HTTP__DIALECTS", r#"["circle","streamit"]"#)];

#[tokio::test]
async fn circle_from_create_to_end() {
    let server = Server::start_with(&BOTH).await;
    let (ann, _) = server.user("ann").await;
    let (bob, bobs) = server.user("bob").await;
    let (ann, bob) = (server.api_as(&ann), server.api_as(&bob));
    let streams = "/api/livestream/streams";

    let made = ann.post(streams, &json!({ "title": "Live" })).await;
    let made = made.expect(201)["data"].clone();
    let (id, key) = (text(&made, "id"), text(&made, "stream_key"));
    let path = format!("{streams}/{id}");
    let mut publisher = Publish::default().to(&server.publish_url(&key));
    let is = |status: &'static str| {
        move |answer: &greenroom_tests::api::Answer| {
            (answer.json["data"]["status"] == status).then_some(())
        }
    };
    bob.until(&path, "it is live", LIMIT, is("live")).await;

    let join = json!({ "streamId": id });
    let joined = bob.post(&format!("{streams}/join"), &join).await;
    let joined = joined.expect(200)["data"].clone();
    for url in [text(&joined, "playback_url"), text(&made, "playback_url")] {
        assert!(!url.contains(&key), "{url}");
        let shown = probe::inspect(&url, LIMIT).await;
        let shown = shown.unwrap_or_else(|error| panic!("{url}: {error}"));
        assert_eq!(
            shown["streams"].as_array().map(Vec::len),
            Some(2),
            "{shown}"
        );
    }
    let there = bob.get(&format!("{path}/participants")).await.expect(200);
    assert_eq!(there["data"][0]["id"], bobs.as_str(), "{there}");
    assert_eq!(there["count"], 1);

    let ended = ann.post(&format!("{path}/end"), &json!({})).await;
    assert_eq!(ended.expect(200)["data"]["status"], "ended");
    publisher.ended(AT_ONCE).await;
    let late = bob.post(&format!("{streams}/join"), &join).await;
    assert_eq!(late.expect(410)["success"], false);
    assert!(!server.has_logged(&key));
}

#[tokio::test]
async fn streamit_from_its_key_to_its_viewers() {
    let server = Server::start_with(&BOTH).await;
    let (cara, _) = server.user("cara").await;
    let cara = server.api_as(&cara);
    cara.post("/api/v1/me/creator", &json!({}))
        .await
        .expect(200);

    let ingress = json!({ "ingressType": "RTMP" });
    let ingress = cara.post("/api/stream/ingress", &ingress).await.expect(200);
    let info = json!({ "title": "Live coding" });
    cara.put("/api/stream/info", &info).await.expect(200);
    let url = format!(
        "{}/{}",
        text(&ingress, "serverUrl"),
        text(&ingress, "streamKey")
    );
    let publisher = Publish::default().to(&url);
    let status = "/api/stream/status";
    let is_live = |live: bool| {
        move |answer: &greenroom_tests::api::Answer| (answer.json["isLive"] == live).then_some(())
    };
    cara.until(status, "it is live", LIMIT, is_live(true)).await;

    let viewer = server.api();
    let live = viewer
        .until("/api/viewer/live", "it is listed", LIMIT, |answer| {
            answer.json.get(0).cloned()
        })
        .await;
    assert_eq!(live["title"], "Live coding");
    let stream = viewer.get("/api/viewer/stream/cara").await.expect(200);
    assert_eq!(stream["isLive"], true);
    let shown = probe::inspect(&text(&stream, "playbackUrl"), LIMIT).await;
    shown.expect("it is played");

    publisher.stop().await;
    cara.until(status, "it is over", LIMIT, is_live(false))
        .await;
}

fn text(json: &Value, field: &str) -> String {
    let text = json[field].as_str();
    text.unwrap_or_else(|| panic!("{field} in {json}"))
        .to_owned()
}
