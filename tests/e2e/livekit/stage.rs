//! Greenroom and a LiveKit server that know each other.

use std::time::Duration;

use greenroom_testkit::servers::RedisServer;
use greenroom_tests::api::Answer;
use greenroom_tests::livekit::{Doors, KEY, LiveKitServer, SECRET};
use greenroom_tests::server::{Channel, Server};
use greenroom_tests::{ports, wait};
use serde_json::{Value, json};

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Stage {
    pub(crate) livekit: LiveKitServer,
    pub(crate) greenroom: Server,
    pub(crate) channel: Channel,
}

impl Stage {
    /// The two alone.
    pub(crate) async fn set() -> Self {
        let port = ports::apart();
        let greenroom = greenroom(port, &[]).await;
        let livekit = LiveKitServer::start(port, &webhook(&greenroom)).await;
        Self::of(livekit, greenroom).await
    }

    /// With a Redis, by which the server reaches its services; encoders are told of these doors.
    pub(crate) async fn set_on(
        redis: &RedisServer,
        doors: Doors,
        environment: &[(&str, &str)],
    ) -> Self {
        let port = ports::apart();
        let greenroom = greenroom(port, environment).await;
        let livekit = LiveKitServer::start_on(redis, port, &webhook(&greenroom), doors).await;
        Self::of(livekit, greenroom).await
    }

    async fn of(livekit: LiveKitServer, greenroom: Server) -> Self {
        let channel = greenroom.channel("kim").await;
        Self {
            livekit,
            greenroom,
            channel,
        }
    }

    /// What encoders publish with: address and key by protocol.
    pub(crate) async fn credentials(&self) -> Value {
        let path = format!("/api/v1/keys/{}/ingest", self.channel.key_id);
        let owner = self.greenroom.api_as(&self.channel.token);
        let there = |answer: &Answer| (answer.status == 200).then(|| answer.json["items"].clone());
        owner
            .until(&path, "there are credentials", PATIENCE, there)
            .await
    }

    /// A seat to publish from.
    pub(crate) async fn seat(&self) -> (String, String) {
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
    pub(crate) async fn ticket(&self, token: &str) -> (String, String) {
        let viewer = self.greenroom.api_as(token);
        let answer = viewer.get("/api/v1/channels/kim/playback").await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let address = &answer.json["addresses"][0];
        assert_eq!(address["kind"], "livekit", "{address}");
        url_and_token(address)
    }

    pub(crate) async fn until_viewers(&self, viewers: u64) {
        let path = "/api/v1/channels/kim";
        let what = format!("there are {viewers} viewers");
        let is_so = |answer: &Answer| (answer.json["live"]["viewers"] == viewers).then_some(());
        self.greenroom
            .api()
            .until(path, &what, PATIENCE, is_so)
            .await;
    }
}

/// It starts without LiveKit, and finds it.
async fn greenroom(livekit: u16, environment: &[(&str, &str)]) -> Server {
    let url = format!("ws://127.0.0.1:{livekit}");
    let mut all = vec![
        ("GREENROOM_MEDIA", "livekit"),
        ("GREENROOM_LIVEKIT__URL", &url),
        ("GREENROOM_LIVEKIT__API_KEY", KEY),
        ("GREENROOM_LIVEKIT__API_SECRET", SECRET),
        ("GREENROOM_STREAMS__GRACE_SECONDS", "30"),
    ];
    all.extend(environment);
    Server::start_with(&all).await
}

fn webhook(greenroom: &Server) -> String {
    greenroom.url("/api/v1/webhooks/livekit")
}

fn url_and_token(seat: &Value) -> (String, String) {
    let text = |name: &str| seat[name].as_str().expect("it is a text").to_owned();
    (text("url"), text("token"))
}
