//! The document says what the server does, and is checked in.

use std::path::Path;

use greenroom_web::WebConfig;
use serde_json::{Value, json};

use crate::support::{Server, config};

const CHECKED_IN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../api/openapi.json");

#[test]
fn the_checked_in_document_is_the_servers() {
    let document = greenroom_web::rest::openapi();
    let document = document.to_pretty_json().unwrap() + "\n";
    if std::env::var_os("UPDATE_API").is_some() {
        std::fs::create_dir_all(Path::new(CHECKED_IN).parent().unwrap()).unwrap();
        std::fs::write(CHECKED_IN, &document).unwrap();
    }
    let checked_in = std::fs::read_to_string(CHECKED_IN).unwrap_or_default();
    assert!(
        checked_in == document,
        "api/openapi.json is not what the server serves; UPDATE_API=1 writes it anew"
    );
}

#[tokio::test]
async fn it_is_served_with_a_page_that_needs_no_other_host() {
    let server = Server::start().await;
    let document = server.get(None, "/openapi.json").await.expect(200);
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    assert_eq!(document["info"]["title"], "Greenroom");
    let page = reqwest::get(server.url("/api/docs/")).await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(
        page.headers()["content-security-policy"]
            .to_str()
            .unwrap()
            .contains("script-src 'self'")
    );
    let page = page.text().await.unwrap();
    assert!(page.contains("swagger-ui"));
    assert!(!page.contains("<script>"), "the policy forbids it: {page}");
    assert!(!page.contains("https://"), "{page}");
    for file in [
        "swagger-ui-bundle.js",
        "swagger-ui.css",
        "swagger-initializer.js",
    ] {
        let file = reqwest::get(server.url(&format!("/api/docs/{file}")))
            .await
            .unwrap();
        assert_eq!(file.status(), 200);
    }
    let start = reqwest::get(server.url("/api/docs/swagger-initializer.js"))
        .await
        .unwrap();
    let start = start.text().await.unwrap();
    assert!(start.contains("\"../v1/openapi.json\""), "{start}");
    assert!(start.contains("\"validatorUrl\": \"none\""), "{start}");
}

#[tokio::test]
async fn below_a_path_it_says_where_its_own_begin() {
    let below = async |url: &str| {
        let server = Server::with(WebConfig {
            public_url: Some(url.to_owned()),
            ..config()
        })
        .await;
        let document = server.get(None, "/openapi.json").await.expect(200);
        document["servers"].clone()
    };
    let live = json!([{ "url": "/live" }]);
    assert_eq!(below("https://example.org/live").await, live);
    assert_eq!(below("https://example.org/live/").await, live);
    assert_eq!(below("https://example.org").await, Value::Null);
}

#[test]
fn every_operation_says_what_it_may_come_to() {
    let document = serde_json::to_value(greenroom_web::rest::openapi()).unwrap();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let responses = operation["responses"].as_object().unwrap();
            for status in ["401", "429", "500", "503"] {
                assert!(responses.contains_key(status), "{method} {path}: {status}");
            }
            for (status, response) in responses {
                let error = "/content/application~1json/schema/$ref";
                let schema = response.pointer(error).and_then(Value::as_str);
                let is_error = schema == Some("#/components/schemas/Error");
                assert_eq!(
                    is_error,
                    !status.starts_with('2'),
                    "{method} {path}: {status}"
                );
            }
        }
    }
    assert!(document["components"]["schemas"]["Error"].is_object());
}

/// What may be sent again without a key, and why.
const HARMLESS_AGAIN: [(&str, &str); 8] = [
    ("/api/v1/channels/{handle}/reactions", "nothing keeps it"),
    ("/api/v1/keys/{id}/rotate", "the last answer's secret holds"),
    ("/api/v1/keys/{id}/seat", "a token is signed, not kept"),
    ("/api/v1/me/creator", "who is one stays one"),
    (
        "/api/v1/recordings/{id}/stop",
        "what has stopped has stopped",
    ),
    ("/api/v1/streams/{id}/end", "what has ended has ended"),
    ("/api/v1/streams/{id}/join", "one person is there once"),
    ("/api/v1/streams/{id}/start", "what is live is live"),
];

#[test]
fn what_is_posted_can_be_sent_again() {
    let document = serde_json::to_value(greenroom_web::rest::openapi()).unwrap();
    let mut harmless = HARMLESS_AGAIN.map(|(path, _)| path).to_vec();
    for (path, operations) in document["paths"].as_object().unwrap() {
        let Some(post) = operations.get("post") else {
            continue;
        };
        let parameters = post["parameters"].as_array();
        let takes_a_key = parameters.is_some_and(|all| {
            all.iter()
                .any(|it| it["name"] == "Idempotency-Key" && it["in"] == "header")
        });
        let makes = post["responses"].get("201").is_some();
        let listed = harmless.iter().position(|harmless| harmless == path);
        assert!(takes_a_key || !makes, "{path} makes something");
        assert!(
            takes_a_key != listed.is_some(),
            "{path}: a key, or a reason why none is needed"
        );
        if let Some(listed) = listed {
            harmless.remove(listed);
        }
    }
    assert!(harmless.is_empty(), "they are not there: {harmless:?}");
}
