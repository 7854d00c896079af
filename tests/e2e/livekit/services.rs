//! With LiveKit's own ingress and egress: what encoders do, and what is recorded of it.

use std::time::{Duration, Instant};

use greenroom_testkit::servers::RedisServer;
use greenroom_tests::api::{Answer, Api};
use greenroom_tests::ffmpeg::{Publish, Publisher};
use greenroom_tests::livekit::{Browser, Doors, Service};
use greenroom_tests::{ports, probe};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::stage::Stage;

/// How long LiveKit holds the place of somebody who has fallen silent, and a while.
const FORGOTTEN: Duration = Duration::from_secs(45);
/// How long an encoder may take to learn that it is not wanted.
const REFUSED: Duration = Duration::from_secs(20);
/// How long a recording may take to begin, to end, and to be read.
const RECORDED: Duration = Duration::from_secs(30);

/// The fields are dropped in this order: who asks goes before who is asked.
struct Studio {
    ingress: Service,
    _egress: Service,
    stage: Stage,
    _redis: RedisServer,
    _recordings: TempDir,
}

impl Studio {
    async fn open() -> Self {
        let redis = RedisServer::start();
        let doors = Doors {
            rtmp: ports::apart(),
            whip: ports::apart(),
        };
        let recordings = tempfile::tempdir().expect("a folder for temporary files can be made");
        let directory = recordings.path().display().to_string();
        let directory = (
            "GREENROOM_LIVEKIT__RECORDING__DIRECTORY",
            directory.as_str(),
        );
        let stage = Stage::set_on(&redis, doors, &[directory]).await;
        let ingress = Service::ingress(&stage.livekit, &redis, doors).await;
        let egress = Service::egress(&stage.livekit, &redis).await;
        Self {
            ingress,
            _egress: egress,
            stage,
            _redis: redis,
            _recordings: recordings,
        }
    }

    /// Address and key of a way in.
    async fn way(&self, protocol: &str) -> (String, String) {
        let made = self.stage.credentials().await;
        let ways = made.as_array().expect("it is a list");
        let way = ways.iter().find(|way| way["protocol"] == protocol);
        let way = way.unwrap_or_else(|| panic!("no way in by {protocol}: {made}"));
        let text = |name: &str| way[name].as_str().expect("it is a text").to_owned();
        (text("url"), text("stream_key"))
    }

    /// ffmpeg publishes with what the key's owner is shown.
    async fn publish(&self) -> Publisher {
        let (url, key) = self.way("rtmp").await;
        Publish::default().to(&format!("{url}/{key}"))
    }

    /// Waits until the channel's encoder is so, for as long as LiveKit may take to notice.
    async fn until_ingest(&self, ingest: &str) -> String {
        let is_so = |answer: &Answer| {
            let live = &answer.json["live"];
            (live["ingest"] == ingest).then(|| live["id"].as_str().map(str::to_owned))
        };
        let api = self.stage.greenroom.api();
        let what = format!("the encoder is {ingest}");
        let id = api.until("/api/v1/channels/kim", &what, FORGOTTEN, is_so);
        id.await.expect("a stream has an id")
    }

    /// Asks for a recording of a stream, and waits until it runs; answers its id.
    async fn record(&self, stream: &str) -> String {
        let path = format!("/api/v1/streams/{stream}/recordings");
        let asked = self.owner().post(&path, &json!({})).await.expect(201);
        let id = asked["id"].as_str().expect("it has an id").to_owned();
        self.until_recording(&id, "recording").await;
        id
    }

    /// Waits until a recording is so, and answers what its owner is told of it.
    async fn until_recording(&self, id: &str, state: &str) -> Value {
        let path = format!("/api/v1/recordings/{id}");
        let is_so = |answer: &Answer| {
            assert_ne!(answer.json["state"], "failed", "{}", answer.text);
            (answer.json["state"] == state).then(|| answer.json.clone())
        };
        let what = format!("the recording is {state}");
        self.owner().until(&path, &what, RECORDED, is_so).await
    }

    fn owner(&self) -> Api {
        self.stage.greenroom.api_as(&self.stage.channel.token)
    }

    async fn rotate(&self) {
        let path = format!("/api/v1/keys/{}/rotate", self.stage.channel.key_id);
        self.owner().post(&path, &json!({})).await.expect(200);
    }
}

#[tokio::test]
async fn by_rtmp_it_goes_live_is_watched_and_outlives_a_killed_ingress() {
    let mut studio = Studio::open().await;
    let encoder = studio.publish().await;
    let stream = studio.until_ingest("publishing").await;
    let mut browser = Browser::start().await;
    let (ada, _) = studio.stage.greenroom.user("ada").await;
    let (url, token) = studio.stage.ticket(&ada).await;
    browser.watch("ada", &url, &token).await;
    browser.until_frames("ada").await;
    studio.stage.until_viewers(1).await;
    let sent = studio
        .stage
        .greenroom
        .encoder(&studio.stage.channel, &stream)
        .await;
    assert_eq!(sent["video"]["codec"], "h264", "{sent}");
    assert_eq!(sent["video"]["height"], 360, "{sent}");
    assert_eq!(sent["audio"]["codec"], "opus", "{sent}");

    studio.ingress.kill().await;
    assert_eq!(studio.until_ingest("interrupted").await, stream);
    drop(encoder);
    studio.ingress.restart().await;
    let encoder = studio.publish().await;
    assert_eq!(studio.until_ingest("publishing").await, stream);
    // The encoder came and went, the audience did not.
    studio.stage.until_viewers(1).await;
    encoder.stop().await;
    assert_eq!(studio.until_ingest("interrupted").await, stream);
}

#[tokio::test]
async fn a_rotated_key_is_cut_off_and_refused_and_the_next_one_goes_on() {
    let studio = Studio::open().await;
    let (url, old) = studio.way("rtmp").await;
    let mut encoder = studio.publish().await;
    let stream = studio.until_ingest("publishing").await;

    studio.rotate().await;
    let status = encoder.ended(REFUSED).await;
    assert!(!status.success(), "it is cut off");
    assert_eq!(studio.until_ingest("interrupted").await, stream);
    let mut again = Publish::default().to(&format!("{url}/{old}"));
    let status = again.ended(REFUSED).await;
    assert!(!status.success(), "the old key opens nothing");

    let (_, new) = studio.way("rtmp").await;
    assert_ne!(new, old);
    let _encoder = studio.publish().await;
    assert_eq!(studio.until_ingest("publishing").await, stream);
}

#[tokio::test]
async fn by_whip_to_the_ingress_it_goes_live() {
    let studio = Studio::open().await;
    let (url, key) = studio.way("whip").await;
    let mut browser = Browser::start().await;
    browser.whip("kim", &url, &key).await;
    let stream = studio.until_ingest("publishing").await;
    let sent = studio
        .stage
        .greenroom
        .encoder(&studio.stage.channel, &stream);
    assert_ne!(sent.await["video"], Value::Null);
}

#[tokio::test]
async fn what_is_recorded_outlives_a_drop_and_plays_and_the_recorder_is_no_viewer() {
    let studio = Studio::open().await;
    let seconds = |seconds| Publish {
        duration: Some(Duration::from_secs(seconds)),
        ..Publish::default()
    };
    let (url, key) = studio.way("rtmp").await;
    let address = format!("{url}/{key}");
    let mut encoder = seconds(12).to(&address);
    let stream = studio.until_ingest("publishing").await;
    let (ada, _) = studio.stage.greenroom.user("ada").await;
    let (url, token) = studio.stage.ticket(&ada).await;
    let mut browser = Browser::start().await;
    browser.watch("ada", &url, &token).await;
    studio.stage.until_viewers(1).await;

    let recording = studio.record(&stream).await;
    let began = Instant::now();
    encoder.ended(RECORDED).await;
    assert_eq!(studio.until_ingest("interrupted").await, stream);
    let mut encoder = seconds(8).to(&address);
    assert_eq!(studio.until_ingest("publishing").await, stream);
    studio.stage.until_viewers(1).await;
    encoder.ended(RECORDED).await;
    let path = format!("/api/v1/recordings/{recording}/stop");
    let stopped = studio.owner().post(&path, &json!({})).await;
    assert!(stopped.status < 300, "{}", stopped.text);
    let lasted = began.elapsed();
    let kept = studio.until_recording(&recording, "available").await;

    let said = kept["duration_ms"].as_u64().expect("milliseconds");
    let file = kept["location"].as_str().expect("it is a file").to_owned();
    let size = std::fs::metadata(&file).expect("it is there").len();
    assert_eq!(kept["size"], size, "{kept}");
    let shown = probe::inspect(&file, RECORDED).await.expect("it is read");
    let kinds = shown["streams"].as_array().expect("it is a list").iter();
    let mut kinds: Vec<_> = kinds.map(|it| it["codec_name"].clone()).collect();
    kinds.sort_by_key(Value::to_string);
    assert_eq!(kinds, ["h264", "opus"]);
    let decoded = probe::decode(&file, Duration::from_secs(60), RECORDED).await;
    let decoded = decoded.expect("it plays");
    for (whose, duration) in [("said", Duration::from_millis(said)), ("held", lasted)] {
        let difference = decoded.duration.abs_diff(duration);
        assert!(
            difference < Duration::from_secs(2),
            "{whose}: {duration:?}, {decoded:?}"
        );
    }
}
