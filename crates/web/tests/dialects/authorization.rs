//! Who may do what: every route of every dialect, every kind of actor.

use std::time::Duration;

use greenroom_testkit::identity::says;
use greenroom_web::{Dialect, WebConfig};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Server, config, text};
use crate::{ask, creator, map, post, user};

/// What they are answered: a guest, a viewer, a moderator, the owner, an administrator, one whom
/// the owner has blocked, and one whose token has expired.
type Expected = [u16; 7];

const ACTORS: [&str; 7] = [
    "guest",
    "viewer",
    "moderator",
    "owner",
    "administrator",
    "blocked",
    "expired",
];

/// Anybody.
const OPEN: Expected = [200, 200, 200, 200, 200, 200, 401];
/// Whoever has an account.
const ACCOUNT: Expected = [401, 200, 200, 200, 200, 200, 401];
/// Whoever has one and may watch.
const WATCHER: Expected = [401, 200, 200, 200, 200, 403, 401];
/// Whoever runs the channel.
const STAFF: Expected = [401, 403, 403, 200, 200, 403, 401];
/// Its owner alone: nobody broadcasts for a creator.
const OWNER: Expected = [401, 403, 403, 200, 403, 403, 401];
/// Its owner alone; to others it is not there.
const HIDDEN: Expected = [401, 404, 404, 200, 404, 404, 401];
/// Administrators.
const ADMIN: Expected = [401, 403, 403, 403, 200, 403, 401];
/// What is not there yet says so to everybody.
const ABSENT: Expected = [501; 7];

struct Row {
    method: Method,
    /// As the document has it; what is there stands for its parameters: see [`Stage`].
    route: &'static str,
    body: Value,
    expected: Expected,
}

fn row(line: &'static str, body: Value, expected: Expected) -> Row {
    let (method, route) = line.split_once(' ').expect("a method and a route");
    Row {
        method: method.parse().expect("a method"),
        route,
        body,
        expected,
    }
}

fn table() -> Vec<Row> {
    let none = || json!({});
    let title = || json!({ "title": "Mine" });
    let join = json!({ "streamId": "$live" });
    let pin = json!({ "messageId": "$message", "content": "hi" });
    let token = json!({ "hostId": "ada-1" });
    let settings = json!({ "isChatEnabled": true });
    let status = json!({ "status": "ended" });
    let creates = [401, 201, 201, 201, 201, 201, 401];
    let seat = [501, 501, 501, 501, 501, 403, 401];
    let own_seat = [401, 403, 403, 501, 403, 403, 401];
    vec![
        row("POST /api/livestream/streams", title(), creates),
        row("GET /api/livestream/streams", none(), ACCOUNT),
        row("GET /api/livestream/streams/:id", none(), ACCOUNT),
        row("GET /api/livestream/streams/key?streamKey=", none(), HIDDEN),
        row("PATCH /api/livestream/streams/:id/status", status, STAFF),
        row("POST /api/livestream/streams/:id/start", none(), OWNER),
        row("POST /api/livestream/streams/:id/end", none(), STAFF),
        row("POST /api/livestream/streams/join", join, WATCHER),
        row(
            "GET /api/livestream/streams/:id/participants",
            none(),
            WATCHER,
        ),
        row("POST /api/stream/create", title(), OWNER),
        row("POST /api/stream/ingress", none(), OWNER),
        row("DELETE /api/stream/ingress", none(), OWNER),
        row("GET /api/stream/info", none(), OWNER),
        row("GET /api/stream/credentials", none(), OWNER),
        row("PUT /api/stream/info", title(), OWNER),
        row("PUT /api/stream/chat-settings", settings, OWNER),
        row("GET /api/stream/status", none(), OWNER),
        row("POST /api/stream/creator-token", none(), own_seat),
        row("GET /api/viewer/stream/:username", none(), OPEN),
        row("POST /api/viewer/token", token, seat),
        row("GET /api/viewer/live", none(), OPEN),
        row("GET /api/viewer/following", none(), OPEN),
        row("GET /api/viewer/recommended", none(), OPEN),
        row("POST /api/webhook/livekit", none(), ABSENT),
        row("POST /api/streams/create", title(), creates),
        row("GET /api/streams", none(), OPEN),
        row("GET /api/streams/:streamId", none(), OPEN),
        row("GET /api/streams/:streamId/stats", none(), OPEN),
        row(
            "POST /api/streams/:streamId/recordings/start",
            none(),
            [401, 403, 403, 201, 201, 403, 401],
        ),
        row("POST /api/streams/:streamId/recordings/stop", none(), STAFF),
        row("GET /api/streams/:streamId/recordings", none(), STAFF),
        row(
            "GET /api/recordings/:recordingId",
            none(),
            [404, 404, 404, 200, 200, 404, 401],
        ),
        row("DELETE /api/recordings/:recordingId", none(), ABSENT),
        row(
            "POST /api/live/start",
            none(),
            [401, 201, 201, 200, 201, 201, 401],
        ),
        row("POST /api/live/stop", json!({ "streamId": "$live" }), OWNER),
        row("GET /api/live/active", none(), OPEN),
        row("POST /api/live/:id/recording/start", none(), OWNER),
        row("POST /api/live/:id/recording/stop", none(), OWNER),
        row("POST /api/live/:id/ingress", none(), OWNER),
        row("POST /api/live/:id/pin-message", pin, OWNER),
        row("GET /api/live/:id/vod", none(), ABSENT),
        row("POST /api/live/:id/end", none(), ADMIN),
        row("POST /api/webhooks/livekit", none(), ABSENT),
    ]
}

/// A server that speaks all of them, with a channel `ada-1` that is live, and everybody.
struct Stage {
    server: Server,
    tokens: [Option<String>; 7],
    names: Vec<(&'static str, String)>,
}

impl Stage {
    async fn set() -> Self {
        let server = Server::with(WebConfig {
            dialects: [
                Dialect::Circle,
                Dialect::HarmonieCore,
                Dialect::PawfectMatch,
                Dialect::StreamIt,
            ]
            .into(),
            host_issuer: Some("https://host.example".to_owned()),
            ..config()
        })
        .await;
        let ada = creator(&server, "ada-1");
        let ingress = post(&server, Some(&ada), "/api/stream/create", json!({}));
        ingress.await.expect(200);
        let streams = "/api/livestream/streams";
        let made = post(&server, Some(&ada), streams, json!({})).await;
        let made = made.expect(201)["data"].clone();
        let live = text(&made, "/id");
        let start = format!("{streams}/{live}/start");
        post(&server, Some(&ada), &start, json!({}))
            .await
            .expect(200);
        let recording = recorded(&server, &ada, &live).await;
        let said = json!({ "text": "hi" });
        let said = server.post(Some(&ada), "/channels/ada-1/chat", said).await;

        let bob = user(&server, "bob-2");
        let (mod_, eve) = (user(&server, "mod-3"), user(&server, "eve-4"));
        for who in [&bob, &mod_, &eve] {
            server.get(Some(who), "/me").await.expect(200);
        }
        for path in ["/channels/ada-1/moderators/mod-3", "/me/blocks/eve-4"] {
            let put = server.ask(Method::PUT, Some(&ada), path, None).await;
            assert!(put.status.is_success(), "{path}: {}", put.text);
        }
        let root = server.admin().await;
        let late = "late-5".to_owned();
        let now = server.app.now();
        server.tokens.add(&late, says(&late, now));
        server.clock.advance(Duration::from_secs(3));
        Self {
            names: vec![
                ("$live", live),
                ("$recording", recording),
                ("$key", text(&made, "/stream_key")),
                ("$message", text(&said.expect(201), "/place")),
            ],
            tokens: [
                None,
                Some(bob),
                Some(mod_),
                Some(ada),
                Some(root),
                Some(eve),
                Some(late),
            ],
            server,
        }
    }

    /// What is there in the place of what stands for it.
    fn filled(&self, text: &str) -> String {
        let text = text
            .replace("streamKey=", "streamKey=$key")
            .replace(":streamId", "$live")
            .replace(":recordingId", "$recording")
            .replace(":username", "ada-1")
            .replace(":id", "$live");
        let names = self.names.iter();
        names.fold(text, |text, (name, is)| text.replace(name, is))
    }

    async fn answer(&self, row: &Row, actor: usize) -> Answer {
        let body = self.filled(&row.body.to_string());
        let body = serde_json::from_str(&body).expect("JSON");
        let (path, who) = (self.filled(row.route), self.tokens[actor].as_deref());
        ask(&self.server, row.method.clone(), who, &path, Some(body)).await
    }
}

/// A recording that was stopped: it may be again, and the stream be recorded once more.
async fn recorded(server: &Server, owner: &str, live: &str) -> String {
    assert_eq!(server.publish(owner, owner).await, live);
    let recordings = format!("/api/streams/{live}/recordings");
    let start = format!("{recordings}/start");
    let begun = post(server, Some(owner), &start, json!({})).await;
    let id = text(&begun.expect(201), "/id");
    let stop = format!("{recordings}/stop");
    post(server, Some(owner), &stop, json!({}))
        .await
        .expect(200);
    id
}

#[tokio::test]
async fn every_route_answers_every_actor_as_the_table_says() {
    let unchanged = Stage::set().await;
    let mut wrong = Vec::new();
    for row in table() {
        for (actor, name) in ACTORS.iter().enumerate() {
            let is = if row.method == Method::GET || row.expected == ABSENT {
                unchanged.answer(&row, actor).await
            } else {
                Stage::set().await.answer(&row, actor).await
            };
            let should = row.expected[actor];
            if is.status.as_u16() != should {
                let (method, route, text) = (&row.method, row.route, is.text);
                wrong.push(format!("{method} {route} as {name}: {text}, not {should}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_route_of_the_documents_is_in_the_table() {
    let table = table();
    for (method, path) in map::documented() {
        let has_row = table
            .iter()
            .any(|row| row.method == method && row.route == path);
        assert!(has_row, "{method} {path}");
    }
}
