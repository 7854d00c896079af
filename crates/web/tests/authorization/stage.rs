//! What is there before anything is asked for.

use std::time::Duration;

use greenroom_domain::account::SESSION_LIFETIME;
use reqwest::Method;
use serde_json::{Value, json};

use crate::rest::picture;
use crate::socketio;
use crate::subscriber::listen;
use crate::support::{JPEG, PASSWORD, Server, text};
use crate::table::{Actor, Ask};

/// A server with a channel `ada` that is live, everybody of the table, somebody called `eve`, and
/// a guest who has said something.
pub(crate) struct Stage {
    pub(crate) server: Server,
    tokens: [Option<String>; 9],
    names: Vec<(&'static str, String)>,
}

impl Stage {
    pub(crate) async fn set() -> Self {
        let server = Server::start().await;
        let late = server.user("late").await;
        server.clock.advance(SESSION_LIFETIME);
        let owner = server.creator("ada").await;
        let moderator = server.user("moderator").await;
        let vip = server.user("vip").await;
        let admin = server.admin().await;
        let viewer = server.user("bob").await;
        let blocked = server.user("blocked").await;
        let banned = server.user("banned").await;
        server.user("eve").await;
        for path in [
            "/channels/ada/moderators/moderator",
            "/channels/ada/vips/vip",
            "/me/blocks/blocked",
        ] {
            let made = server.ask(Method::PUT, Some(&owner), path, None).await;
            made.expect(200);
        }
        let ban = json!({ "text": "/ban banned for a reason" });
        let ban = server.post(Some(&owner), "/channels/ada/chat", ban).await;
        ban.expect(200);
        let label = json!({ "label": "OBS" });
        let key = server.post(Some(&owner), "/channels/ada/keys", label).await;
        let key = text(&key.expect(201), "/key/id");
        let live = server.live_stream(&owner, "ada").await;
        let recording = recorded(&server, &owner, &live).await;
        let said = server.post(None, "/channels/ada/chat", json!({ "text": "hi" }));
        let said = said.await.expect(201);
        Self {
            tokens: [
                Some(owner),
                Some(moderator),
                Some(vip),
                Some(admin),
                Some(viewer),
                Some(blocked),
                Some(banned),
                None,
                Some(late),
            ],
            names: vec![
                ("$global-key", global("StreamKey", &key)),
                ("$global-live", global("Stream", &live)),
                ("$global-recording", global("Recording", &recording)),
                ("$key", key),
                ("$recording", recording),
                ("$live", live),
                ("$guest", text(&said, "/author/identity")),
                ("$message", said["seq"].to_string()),
                ("$password", PASSWORD.to_owned()),
            ],
            server,
        }
    }

    pub(crate) fn token(&self, actor: Actor) -> Option<&str> {
        self.tokens[actor as usize].as_deref()
    }

    pub(crate) fn filled(&self, text: &str) -> String {
        let names = self.names.iter();
        names.fold(text.to_owned(), |text, (name, is)| text.replace(name, is))
    }

    fn filled_value(&self, value: &Value) -> Value {
        serde_json::from_str(&self.filled(&value.to_string())).expect("JSON")
    }

    /// What somebody is answered: `OK`, or the code of the refusal.
    pub(crate) async fn ask(&self, ask: &Ask, actor: Actor) -> String {
        // Nobody asks too fast.
        self.server.clock.advance(Duration::from_secs(2));
        let who = self.token(actor);
        match ask {
            Ask::Rest { method, path, body } => {
                self.ask_rest(who, method, path, body.as_ref()).await
            }
            Ask::GraphQl(document) => {
                let document = self.filled(document);
                if document.starts_with("subscription") {
                    return listen(&self.server, who, "ada", &document).await;
                }
                let answer = self.graphql(actor, &document).await;
                match answer.pointer("/errors/0/extensions/code") {
                    Some(code) => code.as_str().expect("a code").to_owned(),
                    None => "OK".to_owned(),
                }
            }
            Ask::SocketIo { event, payload } => {
                let payload = self.filled(payload);
                socketio::ask(&self.server, who, event, &payload).await
            }
        }
    }

    async fn ask_rest(
        &self,
        who: Option<&str>,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> String {
        let path = self.filled(path);
        let method = Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
        let answer = if body == Some(&picture()) {
            self.server.upload(who, &path, "image/jpeg", JPEG).await
        } else {
            let body = body.map(|body| self.filled_value(body));
            self.server.ask(method, who, &path, body).await
        };
        if answer.status.is_success() {
            return "OK".to_owned();
        }
        let refused: Value = serde_json::from_str(&answer.text).expect("JSON");
        text(&refused, "/code")
    }

    pub(crate) async fn graphql(&self, actor: Actor, document: &str) -> Value {
        let body = json!({ "query": document });
        let mut request = self.server.to(Method::POST, "/graphql").json(&body);
        if let Some(token) = self.token(actor) {
            request = request.bearer_auth(token);
        }
        let answer = self.server.send(request).await;
        serde_json::from_str(&answer.text).expect("JSON")
    }
}

/// A recording that was stopped: it may be again, and the stream be recorded once more.
async fn recorded(server: &Server, owner: &str, live: &str) -> String {
    assert_eq!(server.publish(owner, "ada").await, live);
    let path = format!("/streams/{live}/recordings");
    let begun = server.post(Some(owner), path, json!({})).await.expect(201);
    let id = text(&begun, "/id");
    let stop = format!("/recordings/{id}/stop");
    server.post(Some(owner), stop, json!({})).await.expect(200);
    id
}

/// The global id of something.
fn global(kind: &str, id: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(format!("{kind}:{id}"))
}
