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
struct Client<'a> {
    server: &'a Server,
    path: String,
    heard: Vec<String>,
}

impl<'a> Client<'a> {
    async fn open(server: &'a Server) -> Self {
        let path = "/socket.io/?EIO=4&transport=polling";
        let open = server.send(server.to(Method::GET, path)).await.text;
        let open: Value = serde_json::from_str(&open[1..]).expect("JSON");
        Self {
            server,
            path: format!("{path}&sid={}", text(&open, "/sid")),
            heard: Vec::new(),
        }
    }

    async fn say(&self, packet: &str) {
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
            let packets = polled.text.split('\x1e').map(str::to_owned);
            self.heard.extend(packets);
        }
    }
}
