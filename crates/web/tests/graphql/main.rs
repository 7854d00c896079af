//! GraphQL as clients see it: a real server over stores in memory.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![cfg(feature = "rest")]

mod document;
mod errors;
mod ingest;
mod limits;
mod loading;
mod recording;
mod social;
mod socket;
#[expect(dead_code, reason = "the authorization table uses the rest")]
mod subscriber;
#[expect(dead_code, reason = "REST's own tests use the rest")]
#[path = "../rest_api/support.rs"]
mod support;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Server};

/// Asks as somebody.
async fn ask(server: &Server, who: Option<&str>, query: &str, variables: Value) -> Answer {
    let mut request = reqwest::Client::new()
        .request(Method::POST, server.url("/graphql"))
        .json(&json!({ "query": query, "variables": variables }));
    if let Some(token) = who {
        request = request.bearer_auth(token);
    }
    server.send(request).await
}

/// The data of an answer without an error.
async fn data(server: &Server, who: Option<&str>, query: &str) -> Value {
    let answer = ask(server, who, query, json!({})).await.expect(200);
    assert_eq!(answer.get("errors"), None, "{answer}");
    answer["data"].clone()
}

/// The code of the first error; `OK` without one.
fn code(answer: &Value) -> String {
    match answer.pointer("/errors/0") {
        Some(error) => crate::support::text(error, "/extensions/code"),
        None => "OK".to_owned(),
    }
}
