//! Socket.IO's rows, and a client that asks one question by polling.

use serde_json::{Value, json};

use crate::support::{Server, text};
use crate::table::{AUDIENCE, Ask, CHATS, Expected, OPEN, OWNER, RUNS, Row, STAFF};

fn row(event: &'static str, payload: &'static str, expected: Expected) -> Row {
    Row {
        name: event.to_owned(),
        ask: Ask::SocketIo { event, payload },
        expected,
    }
}

const CHANNEL: &str = r#"{ "handle": "ada" }"#;
const STREAM: &str = r#"{ "streamId": "$live" }"#;
const MESSAGE: &str = r#"{ "handle": "ada", "seq": $message }"#;

#[rustfmt::skip]
pub(crate) fn rows() -> Vec<Row> {
    let mute = r#"{ "handle": "ada", "targetUserId": "$guest", "action": "mute" }"#;
    // Whoever asks for it: there is none of it yet.
    let absent = Expected::all("NOT_AVAILABLE_YET");
    vec![
        row("create-stream",   r#"{ "channel": "ada" }"#,                    OWNER),
        row("start-stream",    STREAM,                                       OWNER),
        row("end-stream",      STREAM,                                       RUNS),
        row("join-stream",     STREAM,                                       AUDIENCE),
        row("leave-stream",    STREAM,                                       OPEN),
        row("join-channel",    CHANNEL,                                      AUDIENCE),
        row("leave-channel",   CHANNEL,                                      OPEN),
        row("send-message",    r#"{ "handle": "ada", "message": "hi" }"#,    CHATS),
        row("get-history",     CHANNEL,                                      AUDIENCE),
        row("typing",          r#"{ "handle": "ada", "isTyping": true }"#,   AUDIENCE),
        row("react",           r#"{ "handle": "ada", "reaction": "🎉" }"#,   AUDIENCE),
        row("delete-message",  MESSAGE,                                      STAFF),
        row("moderate-user",   mute,                                         STAFF),
        row("pin-message",     MESSAGE,                                      STAFF),
        row("unpin-message",   MESSAGE,                                      STAFF),
        row("send-tip",        STREAM,                                       absent),
        row("send-gift",       STREAM,                                       absent),
        row("start-recording", STREAM,                                       absent),
        row("stop-recording",  STREAM,                                       absent),
    ]
}

/// What somebody is answered: `OK`, or the code by which they are refused.
pub(crate) async fn ask(server: &Server, who: Option<&str>, event: &str, payload: &str) -> String {
    let mut client = Client::open(server).await;
    let auth = who.map_or(json!({}), |token| json!({ "token": token }));
    client.say(&format!("40{auth}")).await;
    let welcome = client.hear(|packet| packet.starts_with("40") || packet.starts_with("44"));
    let welcome = welcome.await;
    if let Some(refused) = welcome.strip_prefix("44") {
        let refused: Value = serde_json::from_str(refused).expect("JSON");
        return text(&refused, "/data/code");
    }
    let event = json!(event);
    client.say(&format!("421[{event},{payload}]")).await;
    let answer = client.hear(|packet| packet.starts_with("431")).await;
    let answer: Value = serde_json::from_str(&answer[3..]).expect("JSON");
    client.say("1").await;
    if answer[0]["ok"] == true {
        return "OK".to_owned();
    }
    text(&answer, "/0/code")
}

/// A client that polls.
struct Client {
    http: reqwest::Client,
    url: String,
    heard: Vec<String>,
}

impl Client {
    async fn open(server: &Server) -> Self {
        let http = reqwest::Client::new();
        let url = server.url("/socket.io/?EIO=4&transport=polling");
        let open = http.get(&url).send().await.expect("an answer");
        let open = open.text().await.expect("text");
        let open: Value = serde_json::from_str(&open[1..]).expect("JSON");
        let url = format!("{url}&sid={}", text(&open, "/sid"));
        Self {
            http,
            url,
            heard: Vec::new(),
        }
    }

    async fn say(&self, packet: &str) {
        let said = self.http.post(&self.url).body(packet.to_owned());
        said.send().await.expect("an answer");
    }

    /// The first packet that is so.
    async fn hear(&mut self, so: impl Fn(&str) -> bool) -> String {
        loop {
            if let Some(at) = self.heard.iter().position(|packet| so(packet)) {
                return self.heard.remove(at);
            }
            let polled = self.http.get(&self.url).send().await.expect("an answer");
            assert_eq!(polled.status(), 200, "the connection is there");
            let polled = polled.text().await.expect("text");
            self.heard.extend(polled.split('\x1e').map(str::to_owned));
        }
    }
}
