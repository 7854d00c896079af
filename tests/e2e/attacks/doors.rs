//! Who somebody is, at every door: a page of another site does nothing in its visitor's name,
//! and a forged token is nobody.

use greenroom_tests::api::{Answer, Api};
use greenroom_tests::server::Server;
use serde_json::{Value, json};

use super::raw::{GRAPHQL, Raw, SOCKET_IO};
use crate::accounts::{claims, hosted, hs256, now, signed, with};

const POLLING: &str = "/socket.io/?EIO=4&transport=polling";

/// The cookie of somebody who is signed in in a browser.
async fn cookie(server: &Server) -> String {
    server.user("ann").await;
    let credentials = json!({ "username": "ann", "password": "a long enough password" });
    let answer = server.api().post("/api/v1/sessions", &credentials).await;
    let all = answer.headers.get_all("set-cookie").iter();
    let mut all = all.filter_map(|cookie| cookie.to_str().ok());
    let session = all.find(|cookie| cookie.starts_with("greenroom_session="));
    let (pair, _) = session.expect("a cookie").split_once(';').expect("marked");
    pair.to_owned()
}

#[tokio::test]
async fn a_foreign_page_does_nothing_with_its_visitors_cookie() {
    let server = Server::start().await;
    let cookie = cookie(&server).await;
    let own = server.http();
    let json = ("content-type", "application/json");
    let rename = json!({ "display_name": "Pwned" }).to_string();
    let mutation = json!({ "query": "mutation { renameMe(displayName: \"Pwned\") { role } }" });
    for (origin, is_own) in [
        (own.as_str(), true),
        ("https://evil.example", false),
        ("null", false),
        // The same machine, another server.
        ("http://127.0.0.1", false),
        ("http://127.0.0.1.evil.example", false),
    ] {
        let from = [("cookie", cookie.as_str()), ("origin", origin), json];
        let api = server.api();
        let status = |answer: Answer| {
            (
                answer.status,
                answer.header("access-control-allow-origin").to_owned(),
            )
        };
        let (ok, open) = if is_own { (200, 101) } else { (403, 403) };
        let expected = |status: u16| (status, String::new());
        let me = api.raw("PATCH", "/api/v1/me", &from, rename.clone()).await;
        assert_eq!(status(me), expected(ok), "REST {origin}");
        let posted = api.raw("POST", GRAPHQL, &from, mutation.to_string()).await;
        assert_eq!(status(posted), expected(ok), "GraphQL {origin}");
        let polled = api.raw("GET", POLLING, &from[..2], "").await;
        assert_eq!(status(polled), expected(ok), "polling {origin}");
        let headers = format!("Cookie: {cookie}\r\nOrigin: {origin}\r\n");
        for path in [SOCKET_IO, GRAPHQL] {
            let opened = Raw::open(&server, path, &headers).await;
            assert_eq!(opened.err().unwrap_or(101), open, "{path} {origin}");
        }
        let name = if is_own { "ann" } else { "Pwned" };
        if is_own {
            // What its own page did is undone.
            let back = json!({ "display_name": "ann" }).to_string();
            api.raw("PATCH", "/api/v1/me", &from, back)
                .await
                .expect(200);
        } else {
            let me = api
                .raw("GET", "/api/v1/me", &from[..1], "")
                .await
                .expect(200);
            assert_ne!(me["display_name"], name, "{origin}");
        }
    }
}

/// What Socket.IO answers to a connection with this token, by polling.
async fn connect(api: &Api, token: &str) -> String {
    let opened = api.get(POLLING).await.text;
    let sid = opened.split('"').nth(3).expect("a session");
    let path = format!("{POLLING}&sid={sid}");
    let packet = format!("40{}", json!({ "token": token }));
    assert_eq!(api.raw("POST", &path, &[], packet).await.status, 200);
    api.get(&path).await.text
}

#[tokio::test]
async fn a_forged_token_is_nobody_at_any_door() {
    let server = hosted().await;
    let good = claims("mallory");
    let altered = |more: Value| hs256(&with(good.clone(), more));
    let unsigned = signed(&json!({ "alg": "none" }), &good, b"");
    let (text, _) = unsigned.rsplit_once('.').expect("three parts");
    let forged = [
        (
            "exp is a text",
            altered(json!({ "exp": (now() + 600).to_string() })),
        ),
        ("none", format!("{text}.")),
        (
            "another algorithm",
            signed(&json!({ "alg": "RS256" }), &good, b"a public key, say"),
        ),
        ("for another", altered(json!({ "aud": "elsewhere" }))),
        ("expired", altered(json!({ "exp": now() - 600 }))),
    ];
    let query = json!({ "query": "{ setupOpen }" });
    for (what, token) in &forged {
        let api = server.api_as(token);
        let answer = api.get("/api/v1/streams").await;
        answer.refused(401, "NOT_SIGNED_IN");
        let answer = api.post(GRAPHQL, &query).await;
        assert_eq!(answer.status, 401, "{what}");
        let code = answer.json.pointer("/errors/0/extensions/code");
        assert_eq!(code, Some(&json!("NOT_SIGNED_IN")), "{what}");
        // By its header, or by what its client says first.
        let bearer = format!("Bearer {token}");
        let payload = json!({ "authorization": bearer });
        for (headers, payload) in [
            (format!("Authorization: {bearer}\r\n"), Value::Null),
            (String::new(), payload),
        ] {
            let socket = Raw::open(&server, GRAPHQL, &headers).await;
            let mut socket = socket.unwrap_or_else(|status| panic!("{what}: {status}"));
            let init = json!({ "type": "connection_init", "payload": payload });
            socket.frame(0x81, init.to_string().as_bytes()).await;
            assert_eq!(socket.close_code().await, Some(4403), "{what}");
        }
        let told = connect(&server.api(), token).await;
        assert!(
            told.starts_with("44{") && told.contains("NOT_SIGNED_IN"),
            "{what}: {told}"
        );
    }
    let honest = hs256(&good);
    let told = connect(&server.api(), &honest).await;
    assert!(told.starts_with("40{"), "{told}");
    let answer = server.api_as(&honest).post(GRAPHQL, &query).await;
    answer.expect(200);
}
