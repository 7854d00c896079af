//! A whole broadcast.

use std::time::{Duration, Instant};

use greenroom_tests::livekit::{Browser, KEY, LiveKitServer, SECRET};
use greenroom_tests::server::{Channel, Server};
use greenroom_tests::{ports, wait};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(20);

struct Stage {
    livekit: LiveKitServer,
    greenroom: Server,
    channel: Channel,
}

impl Stage {
    async fn set() -> Self {
        let port = ports::free();
        let url = format!("ws://127.0.0.1:{port}");
        // It starts without LiveKit, and finds it.
        let greenroom = Server::start_with(&[
            ("GREENROOM_MEDIA", "livekit"),
            ("GREENROOM_LIVEKIT__URL", &url),
            ("GREENROOM_LIVEKIT__API_KEY", KEY),
            ("GREENROOM_LIVEKIT__API_SECRET", SECRET),
            ("GREENROOM_STREAMS__GRACE_SECONDS", "30"),
        ])
        .await;
        let webhook = greenroom.url("/api/v1/webhooks/livekit");
        let livekit = LiveKitServer::start(port, &webhook).await;
        let channel = greenroom.channel("kim").await;
        Self {
            livekit,
            greenroom,
            channel,
        }
    }

    /// A seat to publish from.
    async fn seat(&self) -> (String, String) {
        let path = format!("/api/v1/keys/{}/seat", self.channel.key_id);
        let owner = self.greenroom.api_as(&self.channel.token);
        let seat = wait::until("there is a seat", PATIENCE, async || {
            let answer = owner.post(&path, &json!({})).await;
            (answer.status == 200).then_some(answer.json)
        })
        .await;
        url_and_token(&seat)
    }

    /// A seat to watch from, for whoever has this token.
    async fn ticket(&self, token: &str) -> (String, String) {
        let viewer = self.greenroom.api_as(token);
        let answer = viewer.get("/api/v1/channels/kim/playback").await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let address = &answer.json["addresses"][0];
        assert_eq!(address["kind"], "livekit", "{address}");
        url_and_token(address)
    }

    async fn until_viewers(&self, viewers: u64) {
        let path = "/api/v1/channels/kim";
        let what = format!("there are {viewers} viewers");
        let is_so = |answer: &greenroom_tests::api::Answer| {
            (answer.json["live"]["viewers"] == viewers).then_some(())
        };
        self.greenroom
            .api()
            .until(path, &what, PATIENCE, is_so)
            .await;
    }
}

fn url_and_token(seat: &Value) -> (String, String) {
    let text = |name: &str| seat[name].as_str().expect("it is a text").to_owned();
    (text("url"), text("token"))
}

async fn until_frames(browser: &mut Browser, page: &str) {
    let began = Instant::now();
    loop {
        let state = browser.state(page).await;
        if state["frames"].as_u64().is_some_and(|frames| frames > 10) {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "no frames: {state}");
        tokio::time::sleep(wait::REST).await;
    }
}

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
    until_frames(&mut browser, "ada").await;
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
    until_frames(&mut browser, "a guest").await;
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
        let state = browser.state("ada").await;
        let data = state["data"].as_array().expect("it is a list").clone();
        let lines = data.iter().filter_map(|line| {
            serde_json::from_str::<Value>(line.as_str().unwrap_or_default()).ok()
        });
        let mut messages = lines.filter(|line| line["type"] == "message");
        if messages.any(|line| line["text"] == "hello" && line["author"]["username"] == "ada") {
            break;
        }
        assert!(began.elapsed() < PATIENCE, "nothing is heard: {state}");
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
    let made = wait::until("there are credentials", PATIENCE, async || {
        let answer = owner.get(&path).await;
        (answer.status == 200).then_some(answer.json)
    })
    .await;
    let whip = &made["items"][0];
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
