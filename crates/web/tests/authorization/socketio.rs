//! Socket.IO's rows, and a client that asks one question by polling.

use reqwest::Method;
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
        row("start-recording", STREAM,                                       RUNS),
        row("stop-recording",  STREAM,                                       RUNS),
    ]
}

/// What somebody is answered: `OK`, or the code by which they are refused.
pub(crate) async fn ask(server: &Server, who: Option<&str>, event: &str, payload: &str) -> String {
    let mut client = match Client::open(server, who).await {
        Ok(client) => client,
        Err(code) => return code,
    };
    let answer = client.ask(event, payload).await;
    client.say("1").await;
    if answer["ok"] == true {
        return "OK".to_owned();
    }
    text(&answer, "/code")
}

/// A client that polls.
pub(crate) struct Client<'a> {
    server: &'a Server,
    path: String,
    heard: Vec<String>,
}

impl<'a> Client<'a> {
    /// Connects somebody, unless they are refused by this code.
    pub(crate) async fn open(server: &'a Server, who: Option<&str>) -> Result<Self, String> {
        let mut client = Self::connect(server).await;
        let auth = who.map_or(json!({}), |token| json!({ "token": token }));
        client.say(&format!("40{auth}")).await;
        let welcome = client.hear(|packet| packet.starts_with("40") || packet.starts_with("44"));
        match welcome.await.strip_prefix("44") {
            None => Ok(client),
            Some(refused) => {
                let refused: Value = serde_json::from_str(refused).expect("JSON");
                Err(text(&refused, "/data/code"))
            }
        }
    }

    async fn connect(server: &'a Server) -> Self {
        let path = "/socket.io/?EIO=4&transport=polling";
        let open = server.send(server.to(Method::GET, path)).await.text;
        let open: Value = serde_json::from_str(&open[1..]).expect("JSON");
        Self {
            server,
            path: format!("{path}&sid={}", text(&open, "/sid")),
            heard: Vec::new(),
        }
    }

    /// What it is answered.
    pub(crate) async fn ask(&mut self, event: &str, payload: &str) -> Value {
        self.say(&format!("421[{},{payload}]", json!(event))).await;
        let answer = self.hear(|packet| packet.starts_with("431")).await;
        let answer: Value = serde_json::from_str(&answer[3..]).expect("JSON");
        answer[0].clone()
    }

    /// Waits for an event, and says what it was told by it.
    pub(crate) async fn hear_of(&mut self, event: &str) -> String {
        let told = format!("42[{},", json!(event));
        self.hear(|packet| packet.starts_with(&told)).await
    }

    /// The events that it was told of until now besides; they are forgotten.
    pub(crate) async fn rest(&mut self) -> Vec<String> {
        // The answer comes behind all that was to be told before.
        self.ask("get-history", r#"{ "handle": "nowhere" }"#).await;
        let heard = std::mem::take(&mut self.heard);
        let events = heard.iter().filter_map(|packet| packet.strip_prefix("42"));
        events
            .map(|event| serde_json::from_str::<Value>(event).expect("JSON"))
            .map(|event| text(&event, "/0"))
            .collect()
    }

    pub(crate) async fn say(&self, packet: &str) {
        let said = self.server.to(Method::POST, &self.path);
        let said = self.server.send(said.body(packet.to_owned())).await;
        assert_eq!(said.status, 200, "{}", said.text);
    }

    /// The first packet that is so.
    async fn hear(&mut self, so: impl Fn(&str) -> bool) -> String {
        loop {
            if let Some(at) = self.heard.iter().position(|packet| so(packet)) {
                return self.heard.remove(at);
            }
            let polled = self.server.to(Method::GET, &self.path);
            let polled = self.server.send(polled).await;
            assert_eq!(polled.status, 200, "{}", polled.text);
            for packet in polled.text.split('\x1e') {
                match packet {
                    "2" => self.say("3").await,
                    packet => self.heard.push(packet.to_owned()),
                }
            }
        }
    }
}
