//! The program as its customers see it, and as `docs/embedding.md` shows it.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

const PATIENCE: Duration = Duration::from_secs(20);

struct Shop {
    url: String,
    _program: Child,
}

impl Shop {
    async fn open() -> Self {
        let mut program = Command::new(env!("CARGO_BIN_EXE_example-embed-graphql"))
            .arg("127.0.0.1:0")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("it starts");
        let url = line_of(&mut program).await;
        Self {
            url,
            _program: program,
        }
    }

    async fn ask(&self, who: Option<&str>, query: &str) -> Value {
        let url = format!("{}/graphql", self.url);
        let body = json!({ "query": query });
        let mut request = reqwest::Client::new().post(url).json(&body);
        if let Some(token) = who {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
        serde_json::from_str(&answer.text().await.expect("text")).expect("JSON")
    }
}

/// What a program says first.
async fn line_of(program: &mut Child) -> String {
    let out = BufReader::new(program.stdout.take().expect("its output"));
    let line = tokio::time::timeout(PATIENCE, out.lines().next_line()).await;
    let line = line.expect("it says something").expect("text");
    line.expect("it has not ended")
}

#[tokio::test]
async fn one_request_asks_the_shop_and_greenroom_for_who_they_know() {
    let shop = Shop::open().await;
    let query = "{ wares greeting me { user { displayName } creatorStatus } }";
    let ada = shop.ask(Some("shop-ada"), query).await;
    assert_eq!(
        ada["data"],
        json!({
            "wares": ["yarn", "needles"],
            "greeting": "Good day, ada!",
            "me": { "user": { "displayName": "ada" }, "creatorStatus": "APPROVED" },
        }),
        "{ada}"
    );
    let guest = shop.ask(None, query).await;
    assert_eq!(guest["data"]["greeting"], "Good day, stranger!", "{guest}");
    assert_eq!(guest["data"]["me"], Value::Null);
    let nobody = shop.ask(Some("thief"), query).await;
    assert_eq!(nobody["errors"][0]["extensions"]["code"], "NOT_SIGNED_IN");

    let made = "mutation { createChannel(handle: \"ada\", title: \"A scarf\") { title } }";
    let made = shop.ask(Some("shop-ada"), made).await;
    assert_eq!(made["data"]["createChannel"]["title"], "A scarf", "{made}");
    // It is Greenroom's own schema no longer, and the rest is below its path.
    let own = format!("{}/live/graphql", shop.url);
    let own = reqwest::Client::new()
        .post(own)
        .json(&json!({}))
        .send()
        .await;
    assert_eq!(own.expect("an answer").status(), 404);
    let channel = format!("{}/live/api/v1/channels/ada", shop.url);
    assert_eq!(
        reqwest::get(channel).await.expect("an answer").status(),
        200
    );
}

#[tokio::test]
async fn the_limits_are_the_shops_too() {
    let shop = Shop::open().await;
    let refused = shop
        .ask(None, &format!("{{ {} }}", "wares ".repeat(40)))
        .await;
    let code = &refused["errors"][0]["extensions"]["code"];
    assert_eq!(code, "TOO_MANY_ROOT_FIELDS", "{refused}");
}

/// The client of the example beside this one finds a merged schema as it finds Greenroom's own.
#[tokio::test]
async fn rooms_are_followed_at_the_shops_address() {
    let shop = Shop::open().await;
    let made = "mutation { createChannel(handle: \"ada\", title: \"A scarf\") { title } }";
    shop.ask(Some("shop-ada"), made).await;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../graphql-client/client.mjs");
    let mut client = Command::new("node")
        .arg(script)
        .args([&shop.url, "ada"])
        .env("TOKEN", "shop-bob")
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("node is installed");
    assert_eq!(line_of(&mut client).await, "following A scarf");
}

#[test]
fn the_guide_shows_this_program() {
    let program = include_str!("../src/main.rs");
    let guide = include_str!("../../../docs/embedding.md");
    assert!(guide.contains(&format!("```rust\n{program}```\n")));
}
