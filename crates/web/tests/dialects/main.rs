//! Other platforms' interfaces as their clients see them: a real server over stores in memory,
//! asked as the documents' own examples ask.

#![cfg(feature = "rest")]

mod authorization;
mod circle;
mod frame;
mod harmoniecore;
mod map;
mod pawfectmatch;
mod streamit;
#[expect(dead_code, reason = "REST's own tests use the rest")]
#[path = "../rest_api/support.rs"]
mod support;

use std::time::Duration;

use greenroom_testkit::identity::says;
use greenroom_web::{Dialect, WebConfig};
use reqwest::Method;
use serde_json::Value;

use crate::support::{Answer, Server, config};

/// A server that speaks this dialect.
async fn speaking(dialect: Dialect) -> Server {
    Server::with(WebConfig {
        public_url: Some("https://tv.example".to_owned()),
        dialects: [dialect].into(),
        host_issuer: Some("https://host.example".to_owned()),
        ..config()
    })
    .await
}

/// A user of the host platform: their token, which is their subject too.
fn user(server: &Server, subject: &str) -> String {
    host_user(server, subject, false)
}

/// A user of the host platform who may create there.
fn creator(server: &Server, subject: &str) -> String {
    host_user(server, subject, true)
}

fn host_user(server: &Server, subject: &str, is_creator: bool) -> String {
    let expires_at = server.app.now() + Duration::from_secs(24 * 3600);
    let says = greenroom_domain::account::VerifiedToken {
        name: Some(subject.to_uppercase()),
        is_creator,
        ..says(subject, expires_at)
    };
    server.tokens.add(subject, says);
    subject.to_owned()
}

/// Asks without saying of what type the body is.
async fn ask(
    server: &Server,
    method: Method,
    who: Option<&str>,
    path: &str,
    body: Option<Value>,
) -> Answer {
    let mut request = reqwest::Client::new().request(method, server.url(path));
    if let Some(token) = who {
        request = request.bearer_auth(token);
    }
    if let Some(body) = body {
        request = request.body(body.to_string());
    }
    server.send(request).await
}

async fn get(server: &Server, who: Option<&str>, path: &str) -> Answer {
    ask(server, Method::GET, who, path, None).await
}

async fn post(server: &Server, who: Option<&str>, path: &str, body: Value) -> Answer {
    ask(server, Method::POST, who, path, Some(body)).await
}
