//! The program as somebody starts it, and as `docs/embedding.md` shows it.

use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

#[tokio::test]
async fn it_is_a_platform_until_it_is_interrupted() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_example-minimal"))
        .args(["127.0.0.1:0", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("it starts");
    let out = program.stdout.take().expect("its output");
    let live = BufReader::new(out).lines().next_line().await;
    let live = live.expect("text").expect("where it is");

    let site = live.strip_suffix("/live").expect("below /live");
    let page = reqwest::get(site).await.expect("an answer");
    assert_eq!(page.text().await.expect("text"), "A site of its own.");

    let ada = json!({ "username": "ada", "password": "correct horse battery" });
    let api = Api {
        live: live.clone(),
        token: None,
    };
    api.post("/users", &ada).await;
    let session = api.post("/sessions", &ada).await;
    let token = session["token"].as_str().expect("a token").to_owned();
    let api = Api {
        token: Some(token),
        ..api
    };
    api.post("/me/creator", &json!({})).await;
    let channel = json!({ "handle": "ada", "title": "Making things" });
    api.post("/channels", &channel).await;
    let key = api
        .post("/channels/ada/keys", &json!({ "label": "obs" }))
        .await;
    assert!(key["secret"].is_string(), "{key}");
    let playback = reqwest::get(format!("{live}/api/v1/channels/ada/playback")).await;
    let playback = playback.expect("an answer").text().await.expect("text");
    assert!(playback.contains(&format!("{live}/hls/ada/")), "{playback}");

    let id = program.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    kill_process(id.expect("it runs"), Signal::INT).expect("it is told");
    let ended = tokio::time::timeout(Duration::from_secs(20), program.wait()).await;
    assert!(ended.expect("it ends").expect("a status").success());
}

#[test]
fn the_guide_shows_this_program() {
    let program = include_str!("../src/main.rs");
    let guide = include_str!("../../../docs/embedding.md");
    assert!(guide.contains(&format!("```rust\n{program}```\n")));
    let body = program.split_once("async fn main").expect("a main").1;
    assert!(body.lines().count() <= 30, "a host program has 30 lines");
}

struct Api {
    live: String,
    token: Option<String>,
}

impl Api {
    async fn post(&self, path: &str, body: &Value) -> Value {
        let mut request = reqwest::Client::new()
            .post(format!("{}/api/v1{path}", self.live))
            .json(body);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status();
        let text = answer.text().await.expect("text");
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).expect("JSON")
    }
}
