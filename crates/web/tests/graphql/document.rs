//! The schema says what the server does, and is checked in.

use std::path::Path;

use greenroom_web::WebConfig;
use serde_json::json;

use crate::ask;
use crate::support::{Server, config};

const CHECKED_IN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../api/schema.graphql");

#[test]
fn the_checked_in_schema_is_the_servers() {
    let schema = greenroom_web::graphql::schema(&WebConfig::default()).sdl();
    if std::env::var_os("UPDATE_API").is_some() {
        std::fs::create_dir_all(Path::new(CHECKED_IN).parent().unwrap()).unwrap();
        std::fs::write(CHECKED_IN, &schema).unwrap();
    }
    let checked_in = std::fs::read_to_string(CHECKED_IN).unwrap_or_default();
    assert!(
        checked_in == schema,
        "api/schema.graphql is not what the server serves; UPDATE_API=1 writes it anew"
    );
}

#[tokio::test]
async fn every_type_and_field_is_described() {
    let server = Server::start().await;
    let query = "{ __schema { types { name description fields { name description } } } }";
    let schema = crate::data(&server, None, query).await;
    let mut bare = Vec::new();
    for of in schema["__schema"]["types"].as_array().unwrap() {
        let name = of["name"].as_str().unwrap();
        let is_root = ["Query", "Mutation", "Subscription"].contains(&name);
        // A program has no say in those of the language.
        if name.starts_with("__") || ["ID", "Int", "Float", "String", "Boolean"].contains(&name) {
            continue;
        }
        if of["description"].is_null() && !is_root {
            bare.push(name.to_owned());
        }
        for field in of["fields"].as_array().into_iter().flatten() {
            if field["description"].is_null() {
                bare.push(format!("{name}.{}", field["name"]));
            }
        }
    }
    assert!(bare.is_empty(), "{}", bare.join("\n"));
}

#[tokio::test]
async fn introspection_can_be_turned_off() {
    let query = "{ __schema { queryType { name } } }";
    let open = Server::start().await;
    let answer = ask(&open, None, query, json!({})).await.expect(200);
    assert_eq!(answer["data"]["__schema"]["queryType"]["name"], "Query");
    let closed = Server::with(WebConfig {
        introspection: false,
        ..config()
    })
    .await;
    let answer = ask(&closed, None, query, json!({})).await.expect(200);
    assert!(answer["data"]["__schema"].is_null(), "{answer}");
    let answer = ask(&closed, None, "{ channl { id } }", json!({})).await;
    assert!(!answer.text.contains("Did you mean"), "{}", answer.text);
}

/// Whether or not the interface was built into this program.
#[tokio::test]
async fn people_are_shown_a_page_where_the_schema_may_be_seen() {
    let below = |path: &str| WebConfig {
        public_url: Some(format!("https://live.example{path}")),
        ..config()
    };
    let get = async |config: WebConfig, accept: &str| {
        let server = Server::with(config).await;
        let request = reqwest::Client::new()
            .get(server.url("/graphql"))
            .header("accept", accept);
        server.send(request).await
    };
    let browser = "text/html,application/xhtml+xml,*/*;q=0.8";
    let page = get(below(""), browser).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("cache-control"), "no-cache");
    if page.header("content-type") == "text/html; charset=utf-8" {
        let policy = page.header("content-security-policy");
        assert!(policy.contains("script-src 'self';"), "{policy}");
        assert!(!page.text.contains("https://"), "{}", page.text);
    } else {
        assert!(page.text.starts_with("This is GraphQL"), "{}", page.text);
    }
    // The page's files are not there.
    let nested = get(below("/live"), browser).await;
    assert_eq!(nested.header("content-type"), "text/plain; charset=utf-8");
    assert!(
        nested.text.starts_with("This is GraphQL: ask it by POST."),
        "{}",
        nested.text
    );
    for (config, accept) in [
        (config(), "application/json"),
        (config(), "*/*"),
        (
            WebConfig {
                introspection: false,
                ..config()
            },
            browser,
        ),
    ] {
        let refused = get(config, accept).await;
        assert_eq!(refused.header("allow"), "POST");
        refused.expect_error(405, "METHOD_NOT_ALLOWED");
    }
}
