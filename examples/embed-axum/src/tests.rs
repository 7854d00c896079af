//! The shop as its customers see it.

use std::time::Duration;

use reqwest::{Client, Method, Response, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::*;

/// The shop on a port of its own.
struct Shop {
    url: String,
    shutdown: CancellationToken,
    serving: JoinHandle<()>,
    http: Client,
}

impl Shop {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let shutdown = CancellationToken::new();
        let serving = tokio::spawn({
            let shutdown = shutdown.clone();
            async move { serve(listener, shutdown).await.expect("it serves") }
        });
        let http = Client::builder().redirect(reqwest::redirect::Policy::none());
        Self {
            url,
            shutdown,
            serving,
            http: http.build().expect("a client"),
        }
    }

    async fn ask(&self, method: Method, path: &str, who: Option<&str>, body: Value) -> Response {
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        if let Some(token) = who {
            request = request.bearer_auth(token);
        }
        if !body.is_null() {
            request = request.json(&body);
        }
        request.send().await.expect("an answer")
    }

    async fn get(&self, path: &str) -> Response {
        self.ask(Method::GET, path, None, Value::Null).await
    }

    async fn post(&self, path: &str, who: Option<&str>, body: Value) -> Value {
        json_of(self.ask(Method::POST, path, who, body).await).await
    }

    /// A customer who signs in at the shop; their token.
    async fn customer(&self, name: &str) -> String {
        let body = json!({ "customer": format!("no. {name}"), "name": name, "pin": "1234" });
        let signed_in = self.post("/sign-in", None, body).await;
        signed_in["token"].as_str().expect("a token").to_owned()
    }

    async fn close(self) {
        self.shutdown.cancel();
        let closed = tokio::time::timeout(Duration::from_secs(20), self.serving).await;
        closed.expect("it ends").expect("in order");
    }
}

async fn json_of(answer: Response) -> Value {
    let status = answer.status();
    let text = answer.text().await.expect("text");
    assert!(status.is_success(), "{status} {text}");
    serde_json::from_str(&text).expect("JSON")
}

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    let value = answer.headers().get(name).map(|value| value.to_str());
    value.unwrap_or(Ok("")).expect("text")
}

#[tokio::test]
async fn customers_stream_and_chat_as_who_they_are_at_the_shop() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let bob = shop.customer("bob").await;
    let channel = json!({ "handle": "ada", "title": "A scarf, live" });
    shop.post("/live/api/v1/channels", Some(&ada), channel)
        .await;
    let chat = "/live/api/v1/channels/ada/chat";
    shop.post(chat, Some(&bob), json!({ "text": "which needles?" }))
        .await;

    let said = json_of(shop.get(chat).await).await;
    assert_eq!(said["lines"][0]["text"], "which needles?", "{said}");
    assert_eq!(said["lines"][0]["author"]["name"], "bob", "{said}");

    let wrong = shop
        .ask(
            Method::POST,
            chat,
            Some("shop-0"),
            json!({ "text": "psst" }),
        )
        .await;
    assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
    let own = json!({ "username": "eve", "password": "correct horse battery" });
    let own = shop
        .ask(Method::POST, "/live/api/v1/users", None, own)
        .await;
    assert_eq!(
        own.status(),
        StatusCode::FORBIDDEN,
        "accounts are the shop's"
    );
    shop.close().await;
}

#[tokio::test]
async fn all_of_it_is_below_its_path_and_the_rest_is_the_shops() {
    let shop = Shop::open().await;
    let page = shop.get("/").await.text().await.expect("text");
    assert_eq!(page, "Fine yarns. Knit along at /live.");
    let nothing = shop
        .get("/api/v1/streams")
        .await
        .text()
        .await
        .expect("text");
    assert_eq!(nothing, "The shop has no such page.");
    assert_eq!(shop.get("/live/healthz").await.status(), StatusCode::OK);

    let ada = shop.customer("ada").await;
    let channel = json!({ "handle": "ada", "title": "A scarf, live" });
    shop.post("/live/api/v1/channels", Some(&ada), channel)
        .await;
    let chat = "/live/api/v1/channels/ada/chat";
    let guest = shop
        .ask(Method::POST, chat, None, json!({ "text": "hello" }))
        .await;
    let cookie = header(&guest, "set-cookie");
    assert!(cookie.contains("; Path=/live;"), "{cookie}");

    let docs = shop.get("/live/api/docs").await;
    assert_eq!(header(&docs, "location"), "docs/");
    let docs = shop.get("/live/api/docs/swagger-initializer.js").await;
    let docs = docs.text().await.expect("text");
    assert!(docs.contains("\"../v1/openapi.json\""), "{docs}");

    let socket = shop.get("/live/socket.io/?EIO=4&transport=polling").await;
    assert_eq!(socket.status(), StatusCode::OK);
    // A page of the shop may speak to it in the name of whoever looks at it; another may not.
    for (origin, status) in [
        (shop.url.as_str(), StatusCode::OK),
        ("https://evil.example", StatusCode::FORBIDDEN),
    ] {
        let from = shop.http.get(format!(
            "{}/live/socket.io/?EIO=4&transport=polling",
            shop.url
        ));
        let answer = from.header("origin", origin).send().await;
        assert_eq!(answer.expect("an answer").status(), status, "{origin}");
    }
    shop.close().await;
}
