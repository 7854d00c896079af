//! Errors have the codes of REST, and say nothing of what is inside.

use greenroom_web::WebConfig;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{PASSWORD, Server, config, text};
use crate::{ask, code, data};

#[tokio::test]
async fn a_refusal_is_what_rest_says() {
    let server = Server::start().await;
    let _ = server.creator("ada").await;
    let rest = server
        .get(None, "/me")
        .await
        .expect_error(401, "SIGN_IN_FIRST");
    let query = "mutation { renameMe(displayName: \"Eve\") { role } }";
    let answer = ask(&server, None, query, json!({})).await.expect(200);
    let error = &answer["errors"][0];
    assert_eq!(error["extensions"]["code"], "SIGN_IN_FIRST");
    assert_eq!(error["extensions"]["details"], rest);
    assert_eq!(error["path"], json!(["renameMe"]));
    assert_eq!(error["message"], "sign in first");

    let query = "mutation { register(username: \"x\", password: \"short\") { role } }";
    let answer = ask(&server, None, query, json!({})).await.expect(200);
    assert_eq!(
        answer["errors"][0]["extensions"]["details"]["field"],
        "username"
    );
    assert_eq!(code(&answer), "INVALID_FIELD");
}

#[tokio::test]
async fn a_full_disk_is_told_and_too_many_say_when() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    server
        .disk
        .full
        .store(true, std::sync::atomic::Ordering::SeqCst);
    let post = |n: usize| {
        format!("mutation {{ postMessage(handle: \"ada\", text: \"{n}\") {{ repeated }} }}")
    };
    let answer = ask(&server, Some(&ada), &post(0), json!({}))
        .await
        .expect(200);
    assert_eq!(code(&answer), "STORAGE_FULL");
    server
        .disk
        .full
        .store(false, std::sync::atomic::Ordering::SeqCst);
    let mut last = Value::Null;
    for n in 1..20 {
        last = ask(&server, None, &post(n), json!({})).await.expect(200);
        if last.get("errors").is_some() {
            break;
        }
    }
    // A guest without a cookie is another guest each time: nobody is too fast.
    assert_eq!(last.get("errors"), None, "{last}");
    for n in 1..20 {
        last = ask(&server, Some(&ada), &post(n), json!({}))
            .await
            .expect(200);
        if last.get("errors").is_some() {
            break;
        }
    }
    assert_eq!(code(&last), "TOO_MANY_REQUESTS", "{last}");
    assert!(last["errors"][0]["extensions"]["retryAfter"].as_u64() >= Some(1));
}

#[tokio::test]
async fn nothing_internal_is_told() {
    let server = Server::start().await;
    for query in [
        "{",
        "{ nothing }",
        "query Q($n: Int!) { liveStreams(first: $n) { edges { cursor } } }",
        "{ liveStreams(first: 1000) { edges { cursor } } }",
        "{ accounts { edges { cursor } } }",
        "{ node(id: \"\\u0000\") { id } }",
    ] {
        let answer = ask(&server, None, query, json!({ "n": "text" })).await;
        for word in ["greenroom_", "panicked", "src/", "Store", "async_graphql"] {
            assert!(!answer.text.contains(word), "{query}: {}", answer.text);
        }
        let answer: Value = serde_json::from_str(&answer.text).expect("JSON");
        for error in answer["errors"].as_array().into_iter().flatten() {
            assert!(error["extensions"]["code"].is_string(), "{error}");
        }
    }
}

#[tokio::test]
async fn the_media_type_decides_about_the_status() {
    let server = Server::start().await;
    let ask = |accept: &'static str, body: Value| {
        let request = reqwest::Client::new()
            .post(server.url("/graphql"))
            .header("accept", accept)
            .json(&body);
        server.send(request)
    };
    let modern = "application/graphql-response+json";
    let broken = json!({ "query": "{" });
    let answer = ask(modern, broken.clone()).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("content-type")),
        (400, modern)
    );
    assert!(!answer.text.contains("\"data\""), "{}", answer.text);
    let answer = ask("application/json", broken).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("content-type")),
        (200, "application/json")
    );
    // Some of it was done.
    let answer = ask(
        modern,
        json!({ "query": "{ me { role } accounts { edges { cursor } } }" }),
    );
    let answer = answer.await.expect(200);
    assert!(
        answer["data"].is_object() && answer["data"]["accounts"].is_null(),
        "{answer}"
    );
    assert_eq!(code(&answer), "SIGN_IN_FIRST");
}

#[tokio::test]
async fn what_is_no_request_is_refused() {
    let server = Server::with(WebConfig {
        body_limit: 4096,
        ..config()
    })
    .await;
    let send = |kind: &'static str, body: String| {
        let request = reqwest::Client::new()
            .post(server.url("/graphql"))
            .header("content-type", kind)
            .body(body);
        server.send(request)
    };
    for (kind, body, status, is) in [
        (
            "text/plain",
            "{ me { role } }".to_owned(),
            415,
            "UNSUPPORTED_MEDIA_TYPE",
        ),
        ("application/json", "{".to_owned(), 400, "MALFORMED_BODY"),
        ("application/json", "[]".to_owned(), 422, "WRONG_TYPE"),
        (
            "application/json",
            json!([{ "query": "{ me { role } }" }, { "query": "{ me { role } }" }]).to_string(),
            422,
            "WRONG_TYPE",
        ),
        ("application/json", " ".repeat(5000), 413, "BODY_TOO_LARGE"),
    ] {
        let answer = send(kind, body).await.expect(status);
        assert_eq!(code(&answer), is, "{answer}");
    }
    let answer = server
        .send(reqwest::Client::new().get(server.url("/graphql?query={me{role}}")))
        .await;
    assert_eq!(answer.status, 405, "{}", answer.text);
}

#[tokio::test]
async fn another_sites_page_does_nothing_in_a_visitors_name() {
    let server = Server::start().await;
    let token = server.user("ada").await;
    let send = |origin: Option<&'static str>| {
        let mut request = reqwest::Client::new()
            .request(Method::POST, server.url("/graphql"))
            .header("cookie", format!("greenroom_session={token}"))
            .json(&json!({ "query": "{ me { user { username } } }" }));
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        server.send(request)
    };
    let answer = send(Some("https://evil.example")).await.expect(403);
    assert_eq!(code(&answer), "FOREIGN_ORIGIN");
    let answer = send(None).await.expect(200);
    assert_eq!(answer["data"]["me"]["user"]["username"], "ada");
}

#[tokio::test]
async fn an_account_is_made_and_used_by_graphql_alone() {
    let server = Server::start().await;
    let arguments = format!("username: \"ada\", password: \"{PASSWORD}\"");
    data(
        &server,
        None,
        &format!("mutation {{ register({arguments}) {{ role }} }}"),
    )
    .await;
    let query =
        format!("mutation {{ signIn({arguments}) {{ token account {{ user {{ id }} }} }} }}");
    let signed_in = data(&server, None, &query).await;
    let ada = text(&signed_in, "/signIn/token");
    let ada = Some(ada.as_str());
    data(&server, ada, "mutation { becomeCreator { creatorStatus } }").await;
    let made = "mutation { createChannel(handle: \"ada\", title: \"Making\") { id version } }";
    let made = data(&server, ada, made).await;
    let id = text(&made, "/createChannel/id");
    let node = format!("{{ node(id: \"{id}\") {{ id ... on Channel {{ handle }} }} }}");
    let node = data(&server, None, &node).await;
    assert_eq!(node["node"], json!({ "id": id, "handle": "ada" }));

    let edit = "mutation { editChannel(handle: \"ada\", ifVersion: 1, changes: \
                { title: \"Other\", category: null }) { title version } }";
    let edited = data(&server, ada, edit).await;
    assert_eq!(edited["editChannel"]["version"], 2);
    let answer = ask(&server, ada, edit, json!({})).await.expect(200);
    assert_eq!(code(&answer), "STALE_VERSION");

    let key = "mutation { createKey(handle: \"ada\", label: \"OBS\") { secret key { id } } }";
    let key = data(&server, ada, key).await;
    let id = text(&key, "/createKey/key/id");
    let revealed = format!("mutation {{ revealKey(id: \"{id}\") {{ secret }} }}");
    let revealed = data(&server, ada, &revealed).await;
    assert_eq!(revealed["revealKey"]["secret"], key["createKey"]["secret"]);

    data(&server, ada, "mutation { signOut }").await;
    let answer = ask(&server, ada, "{ me { role } }", json!({}))
        .await
        .expect(401);
    assert_eq!(code(&answer), "NOT_SIGNED_IN");
}

#[tokio::test]
async fn chat_is_read_in_pages_both_ways() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    for n in 1..=5 {
        server.clock.advance(std::time::Duration::from_secs(1));
        let post =
            format!("mutation {{ postMessage(handle: \"ada\", text: \"{n}\") {{ repeated }} }}");
        data(&server, Some(&ada), &post).await;
    }
    let lines = async |arguments: &str| {
        let query = format!(
            "{{ channel(handle: \"ada\") {{ chat {{ lines{arguments} {{ edges {{ cursor node {{ \
             seq body {{ ... on ChatMessage {{ text }} }} }} }} pageInfo {{ hasNextPage \
             hasPreviousPage startCursor endCursor }} }} }} }} }}"
        );
        data(&server, None, &query).await["channel"]["chat"]["lines"].clone()
    };
    let texts = |lines: &Value| -> Vec<String> {
        let edges = lines["edges"].as_array().expect("edges");
        edges
            .iter()
            .map(|edge| text(edge, "/node/body/text"))
            .collect()
    };
    let newest = lines("(last: 2)").await;
    assert_eq!(texts(&newest), ["4", "5"]);
    assert_eq!(newest["pageInfo"]["hasPreviousPage"], true);
    assert_eq!(newest["pageInfo"]["hasNextPage"], false);
    let start = text(&newest, "/pageInfo/startCursor");
    let before = lines(&format!("(last: 2, before: \"{start}\")")).await;
    assert_eq!(texts(&before), ["2", "3"]);
    let end = text(&before, "/pageInfo/endCursor");
    let behind = lines(&format!("(first: 10, after: \"{end}\")")).await;
    assert_eq!(texts(&behind), ["4", "5"]);
}
