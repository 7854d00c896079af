//! A whole broadcast.

use std::time::{Duration, Instant};

use greenroom_tests::livekit::Browser;
use greenroom_tests::wait;
use serde_json::{Value, json};

use crate::stage::{PATIENCE, Stage};

#[tokio::test]
async fn a_broadcast_by_livekit_client_is_watched_counted_and_ended() {
    let stage = Stage::set().await;
    let mut browser = Browser::start().await;
    let (url, token) = stage.seat().await;
    browser.publish("kim", &url, &token).await;
    let stream = stage.greenroom.until_ingest("kim", "publishing").await;

    let (ada, ada_id) = stage.greenroom.user("ada").await;
    let (url, seat) = stage.ticket(&ada).await;
    browser.watch("ada", &url, &seat).await;
    browser.until_frames("ada").await;
    let (url, second) = stage.ticket(&ada).await;
    browser.watch("ada's other tab", &url, &second).await;
    let (eve, _) = stage.greenroom.user("eve").await;
    let (url, other) = stage.ticket(&eve).await;
    browser.watch("eve", &url, &other).await;
    stage.until_viewers(2).await;
    browser.close("ada's other tab").await;
    browser.close("eve").await;
    stage.until_viewers(1).await;

    // The watch page does by itself what the others did.
    let page = stage.greenroom.url("/kim");
    browser.visit("a guest", &page).await;
    browser.until_frames("a guest").await;
    stage.until_viewers(2).await;

    // What is said in the chat arrives as data.
    let chat = "/api/v1/channels/kim/chat";
    let said = stage
        .greenroom
        .api_as(&ada)
        .post(chat, &json!({ "text": "hello" }))
        .await;
    assert!(said.status < 300, "{}", said.text);
    let began = Instant::now();
    loop {
        let heard = browser.state("ada").await;
        let data = heard["data"].as_array().expect("it is a list").clone();
        let lines = data.iter().filter_map(|line| {
            serde_json::from_str::<Value>(line.as_str().unwrap_or_default()).ok()
        });
        let mut messages = lines.filter(|line| line["type"] == "message");
        if messages.any(|line| line["text"] == "hello" && line["author"]["username"] == "ada") {
            break;
        }
        assert!(began.elapsed() < PATIENCE, "nothing is heard: {heard}");
        tokio::time::sleep(wait::REST).await;
    }

    // A ban cuts them off within a second, and their token brings them back to nothing.
    let path = format!("/api/v1/channels/kim/chat/restrictions/user:{ada_id}");
    let owner = stage.greenroom.api_as(&stage.channel.token);
    let began = Instant::now();
    let banned = owner.put(&path, &json!({ "kind": "ban" })).await;
    assert!(banned.status < 300, "{}", banned.text);
    while browser.state("ada").await["room"] != "disconnected" {
        assert!(began.elapsed() < PATIENCE, "she is still there");
        tokio::time::sleep(wait::REST).await;
    }
    assert!(
        began.elapsed() < Duration::from_secs(1),
        "{:?}",
        began.elapsed()
    );
    let refused = stage
        .greenroom
        .api_as(&ada)
        .get("/api/v1/channels/kim/playback")
        .await;
    assert_eq!(refused.status, 403, "{}", refused.text);
    browser.try_to_watch("ada again", &url, &seat).await;
    let began = Instant::now();
    while browser.state("ada again").await["room"] == "connected" {
        assert!(began.elapsed() < PATIENCE, "she is back");
        tokio::time::sleep(wait::REST).await;
    }

    let ended = owner
        .post(&format!("/api/v1/streams/{stream}/end"), &json!({}))
        .await;
    assert!(ended.status < 300, "{}", ended.text);
    assert_eq!(stage.greenroom.until_ended(&stream).await, "owner_ended");
    let began = Instant::now();
    while browser.state("kim").await["room"] != "disconnected" {
        assert!(began.elapsed() < PATIENCE, "the room is still open");
        tokio::time::sleep(wait::REST).await;
    }
}

#[tokio::test]
async fn by_whip_it_goes_live_and_a_killed_livekit_is_known_within_15_seconds() {
    let mut stage = Stage::set().await;
    let mut browser = Browser::start().await;
    let owner = stage.greenroom.api_as(&stage.channel.token);
    let path = format!("/api/v1/keys/{}/ingest", stage.channel.key_id);
    let made = stage.credentials().await;
    let whip = &made[0];
    assert_eq!(whip["protocol"], "whip", "{made}");
    let (url, key) = (whip["url"].as_str(), whip["stream_key"].as_str());
    let (url, key) = (url.expect("an address"), key.expect("a token"));
    browser.whip("kim", url, key).await;
    let stream = stage.greenroom.until_ingest("kim", "publishing").await;

    stage.livekit.kill().await;
    let began = Instant::now();
    let answer = owner.get(&path).await;
    assert_eq!(answer.status, 503, "{}", answer.text);
    assert!(answer.headers.contains_key("retry-after"));
    assert!(
        began.elapsed() < Duration::from_secs(1),
        "{:?}",
        began.elapsed()
    );
    let listed = stage.greenroom.api().get("/api/v1/streams").await;
    assert_eq!(listed.status, 200, "everything else goes on");

    stage.livekit.restart().await;
    let began = Instant::now();
    let interrupted = stage.greenroom.until_ingest("kim", "interrupted").await;
    assert_eq!(interrupted, stream);
    assert!(
        began.elapsed() < Duration::from_secs(15),
        "{:?}",
        began.elapsed()
    );
    // Its room is open again, for whoever comes back.
    browser.close("kim").await;
    browser.whip("kim again", url, key).await;
    let resumed = stage.greenroom.until_ingest("kim", "publishing").await;
    assert_eq!(resumed, stream, "within the grace it is the same stream");
}
