//! What people write stays text, wherever it is shown.

use greenroom_tests::api::Answer;
use greenroom_tests::ffmpeg::Publish;
use greenroom_tests::server::Server;
use serde_json::json;

use super::raw::GRAPHQL;

/// Ends attributes, elements, strings and comments, and then acts.
const EVIL: &str = "'\"--></script><svg/onload=alert(1)><img src=x onerror=alert(1)>";

/// No page, or one that nobody's text and no inline script can act in.
fn assert_inert(path: &str, answer: &Answer) {
    assert!(answer.status < 500, "{path}: {}", answer.text);
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
    let policy = answer.header("content-security-policy");
    let scripts = policy.split(';').map(str::trim);
    let scripts = scripts
        .clone()
        .find(|part| part.starts_with("script-src"))
        .or_else(|| scripts.clone().find(|part| part.starts_with("default-src")));
    let scripts = scripts.unwrap_or_else(|| panic!("{path}: {policy:?}"));
    for allowed in ["unsafe", "http:", "https:", "data:", "*"] {
        assert!(!scripts.contains(allowed), "{path}: {scripts}");
    }
    let kind = answer.header("content-type");
    if kind.starts_with("text/html") || kind.contains("xml") || kind.contains("javascript") {
        assert!(!answer.text.contains("alert(1)"), "{path}: {}", answer.text);
    }
}

#[tokio::test]
async fn markup_is_inert_wherever_it_is_shown() {
    let server = Server::start().await;
    let channel = server.channel("ann").await;
    let owner = server.api_as(&channel.token);
    let name: String = EVIL.chars().take(50).collect();
    let me = json!({ "display_name": name });
    owner.patch("/api/v1/me", &me).await.expect(200);
    let short = "<svg/onload=alert(1)>";
    let about = json!({ "title": EVIL, "description": EVIL, "category": short, "tags": [short] });
    owner
        .patch("/api/v1/channels/ann", &about)
        .await
        .expect(200);
    let said = json!({ "text": EVIL });
    let chat = "/api/v1/channels/ann/chat";
    let said = owner.post(chat, &said).await.expect(201);
    assert_eq!(said["text"], EVIL, "it is kept as it was written");
    let _publisher = Publish::default().to(&server.publish_url(&channel.key));
    server.until_ingest("ann", "publishing").await;

    let api = server.api();
    let evil = "%3Csvg%2Fonload%3Dalert(1)%3E";
    let query = json!({ "query": "{ channel(handle: \"ann\") { title owner { displayName } } }" });
    let graphql = api.post(GRAPHQL, &query).await;
    assert_eq!(graphql.header("content-type"), "application/json");
    assert_eq!(graphql.json["data"]["channel"]["title"], EVIL);
    assert_inert(GRAPHQL, &graphql);
    let refused = api.post(GRAPHQL, &json!({ "query": EVIL })).await;
    assert_inert("a query that is none", &refused);

    let browser = [("accept", "text/html,application/xhtml+xml,*/*;q=0.8")];
    for path in [
        // Answers with what people wrote.
        "/api/v1/channels/ann".to_owned(),
        "/api/v1/streams".to_owned(),
        chat.to_owned(),
        "/hls/ann/index.m3u8".to_owned(),
        "/dash/ann/index.mpd".to_owned(),
        // Pages.
        "/".to_owned(),
        "/ann".to_owned(),
        "/embed/ann".to_owned(),
        "/graphql".to_owned(),
        "/setup".to_owned(),
        "/api/docs/".to_owned(),
        // What is asked for is not repeated as a page either; nor as a script, by JSONP.
        format!("/{evil}"),
        format!("/embed/{evil}"),
        format!("/api/v1/channels/{evil}"),
        format!("/api/v1/streams?search={evil}&callback=alert(1)"),
        format!("/api/v1/{evil}"),
        format!("/hls/{evil}/index.m3u8"),
        format!("/graphql?query={evil}"),
        format!("/socket.io/?EIO=4&transport={evil}"),
        format!("/socket.io/?EIO=4&transport=polling&j=0&sid={evil}"),
        format!("/pictures/{evil}.jpg"),
    ] {
        for headers in [&browser[..], &[]] {
            let answer = api.raw("GET", &path, headers, "").await;
            assert_inert(&path, &answer);
        }
    }
}

#[tokio::test]
async fn a_picture_that_is_a_page_is_none() {
    let server = Server::start().await;
    let channel = server.channel("ann").await;
    let owner = server.api_as(&channel.token);
    let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
    let html = "\u{89}PNG\r\n\u{1a}\n<script>alert(1)</script>";
    for path in ["/api/v1/me/avatar", "/api/v1/channels/ann/cover"] {
        for kind in ["image/svg+xml", "text/html", "image/png", "image/jpeg"] {
            for body in [svg, html] {
                let headers = [("content-type", kind)];
                let answer = owner.raw("PUT", path, &headers, body).await;
                assert!(
                    matches!(answer.status, 415 | 422),
                    "{kind}: {}",
                    answer.text
                );
            }
        }
    }
    let me = owner.get("/api/v1/me").await.expect(200);
    assert!(me["avatar_url"].is_null(), "{me}");
}
