//! The client beside a platform in memory.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use greenroom::Greenroom;
use greenroom::domain::shared::node::NodeAddress;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn it_welcomes_who_speaks_for_the_first_time() {
    let platform = Platform::start().await;
    let ada = platform.account("ada").await;
    platform.post("/me/creator", Some(&ada), json!({})).await;
    let channel = json!({ "handle": "ada", "title": "Games" });
    platform.post("/channels", Some(&ada), channel).await;
    let token = platform.account("host").await;
    let client = platform.client(&token, "ada").await;

    let chat = "/channels/ada/chat";
    let bob = platform.account("bob").await;
    for (who, text) in [(&bob, "hello"), (&bob, "anybody?"), (&ada, "me")] {
        let body = json!({ "text": text });
        platform.post(chat, Some(who), body).await;
    }
    let lines = platform.lines(chat, 5).await;
    let welcome = |line: &&Value| line["author"]["username"] == "host";
    let said: Vec<_> = lines.iter().filter(welcome).collect();
    let texts: Vec<_> = said.iter().map(|line| &line["text"]).collect();
    assert_eq!(texts, ["Welcome, bob!", "Welcome, ada!"]);
    assert_eq!(said[0]["reply_to"], 1);
    drop(client);
    platform.stop().await;
}

struct Platform {
    url: String,
    shutdown: CancellationToken,
    running: tokio::task::JoinHandle<()>,
}

impl Platform {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let shutdown = CancellationToken::new();
        let here = NodeAddress::parse(&url).expect("an address");
        let greenroom = Greenroom::builder(here, shutdown.clone())
            .build()
            .await
            .expect("a store in memory answers");
        let router = greenroom.router();
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let served = axum::serve(listener, service)
            .with_graceful_shutdown(shutdown.clone().cancelled_owned());
        let running = tokio::spawn(async move {
            let (served, ()) = tokio::join!(served.into_future(), greenroom.run());
            served.expect("it serves");
        });
        Self {
            url,
            shutdown,
            running,
        }
    }

    async fn stop(self) {
        self.shutdown.cancel();
        let stopped = tokio::time::timeout(PATIENCE, self.running).await;
        stopped.expect("it ends").expect("in order");
    }

    /// A new account's token.
    async fn account(&self, name: &str) -> String {
        let body = json!({ "username": name, "password": "correct horse battery" });
        self.post("/users", None, body.clone()).await;
        let session = self.post("/sessions", None, body).await;
        session["token"].as_str().expect("a token").to_owned()
    }

    /// The client, once it follows the chat.
    async fn client(&self, token: &str, handle: &str) -> Child {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut client = Command::new("node")
            .arg(here.join("client.mjs"))
            .args([&self.url, handle])
            .env("TOKEN", token)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("node is installed");
        let said = BufReader::new(client.stdout.take().expect("its output"));
        let line = tokio::time::timeout(PATIENCE, said.lines().next_line()).await;
        let line = line.expect("it connects").expect("text");
        assert_eq!(line.as_deref(), Some("following Games"));
        client
    }

    /// All lines, as soon as there are so many.
    async fn lines(&self, chat: &str, many: usize) -> Vec<Value> {
        let path = format!("{}/api/v1{chat}", self.url);
        let look = async {
            loop {
                let answer = reqwest::get(&path).await.expect("an answer");
                let history = answer.text().await.expect("text");
                let history: Value = serde_json::from_str(&history).expect("JSON");
                let lines = history["lines"].as_array().expect("a list");
                if lines.len() >= many {
                    return lines.clone();
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let found = tokio::time::timeout(PATIENCE, look).await;
        found.expect("it welcomes them")
    }

    async fn post(&self, path: &str, who: Option<&str>, body: Value) -> Value {
        let url = format!("{}/api/v1{path}", self.url);
        let mut request = reqwest::Client::new().post(url).json(&body);
        if let Some(token) = who {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status();
        let text = answer.text().await.expect("text");
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).expect("JSON")
    }
}
