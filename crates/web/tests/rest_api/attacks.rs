//! What strangers try.

use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use greenroom_domain::shared::clock::Clock;
use greenroom_testkit::identity::says;
use greenroom_web::WebConfig;

use crate::support::{PASSWORD, Server, config, text};

/// Signs in as a browser does; the cookie it keeps.
async fn browser(server: &Server, name: &str) -> String {
    let body = json!({ "username": name, "password": PASSWORD });
    let signed_in = server.post(None, "/sessions", body).await;
    let cookie = signed_in.cookie("greenroom_session").expect("a cookie");
    let value = cookie.split(';').next().expect("a value");
    format!("greenroom_session={value}")
}

#[tokio::test]
async fn another_sites_page_cannot_act_for_whoever_looks_at_it() {
    let server = Server::with(WebConfig {
        cors_origins: vec!["https://embed.example".to_owned()],
        ..config()
    })
    .await;
    server.creator("ada").await;
    let cookie = browser(&server, "ada").await;
    let own = server.url("");
    let from = |header: &str, value: &str| {
        server
            .request(Method::PATCH, "/me")
            .header("cookie", &cookie)
            .header(header, value)
            .json(&json!({ "display_name": "Pwned" }))
    };
    for origin in ["https://evil.example", "null", "http://127.0.0.1", ""] {
        let answer = server.send(from("origin", origin)).await;
        answer.expect_error(403, "FOREIGN_ORIGIN");
    }
    let answer = server.send(from("sec-fetch-site", "cross-site")).await;
    answer.expect_error(403, "FOREIGN_ORIGIN");
    let me = server.request(Method::GET, "/me").header("cookie", &cookie);
    assert_eq!(server.send(me).await.expect(200)["display_name"], "ada");
    for origin in [own.as_str(), "https://embed.example"] {
        server.send(from("origin", origin)).await.expect(200);
    }
    // Nor sign somebody in as somebody else.
    let sign_in = server
        .request(Method::POST, "/sessions")
        .header("origin", "https://evil.example")
        .json(&json!({ "username": "ada", "password": PASSWORD }));
    server
        .send(sign_in)
        .await
        .expect_error(403, "FOREIGN_ORIGIN");
}

#[tokio::test]
async fn only_listed_origins_may_read_with_credentials() {
    let server = Server::with(WebConfig {
        cors_origins: vec!["https://embed.example".to_owned()],
        ..config()
    })
    .await;
    let allowed = |origin: &'static str| {
        let server = &server;
        async move {
            let preflight = server
                .request(Method::OPTIONS, "/me")
                .header("origin", origin)
                .header("access-control-request-method", "PATCH");
            let answer = server.send(preflight).await;
            answer.header("access-control-allow-origin").to_owned()
        }
    };
    assert_eq!(
        allowed("https://embed.example").await,
        "https://embed.example"
    );
    assert_eq!(allowed("https://evil.example").await, "");
}

#[tokio::test]
async fn any_origin_may_read_where_the_operator_says_so_but_in_nobodys_name() {
    let server = Server::with(WebConfig {
        cors_origins: vec!["*".to_owned()],
        ..config()
    })
    .await;
    let asked = server
        .request(Method::GET, "/streams")
        .header("origin", "https://anybody.example");
    let answer = server.send(asked).await;
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(answer.header("access-control-allow-credentials"), "");
}

#[tokio::test]
async fn a_guest_is_told_so_and_stays_the_same_person() {
    let server = Server::start().await;
    let first = server.request(Method::GET, "/sessions/current");
    let first = server.send(first).await;
    let cookie = first.cookie("greenroom_guest").expect("a cookie");
    assert_eq!(first.expect(200), json!({ "user": null }));
    let kept = format!("greenroom_guest={}", cookie.split(';').next().unwrap());
    let again = server.request(Method::GET, "/sessions/current");
    let again = server.send(again.header("cookie", kept)).await;
    assert_eq!(again.cookie("greenroom_guest"), None);
}

#[tokio::test]
async fn cookies_are_marked_and_a_dead_session_is_forgotten() {
    let server = Server::with(WebConfig {
        public_url: Some("https://live.example".to_owned()),
        ..config()
    })
    .await;
    server.user("bob").await;
    let body = json!({ "username": "bob", "password": PASSWORD });
    let signed_in = server.post(None, "/sessions", body).await;
    let cookie = signed_in.cookie("greenroom_session").expect("a cookie");
    for mark in [
        "HttpOnly",
        "SameSite=Lax",
        "Secure",
        "Path=/",
        "Max-Age=2592000",
    ] {
        assert!(cookie.contains(mark), "{mark} in {cookie}");
    }
    let kept = format!("greenroom_session={}", cookie.split(';').next().unwrap());
    let with = |method, path: &str| server.request(method, path).header("cookie", &kept);
    server.send(with(Method::GET, "/me")).await.expect(200);
    let out = server.send(with(Method::DELETE, "/sessions/current")).await;
    assert!(
        out.cookie("greenroom_session")
            .unwrap()
            .contains("Max-Age=0")
    );
    out.expect(204);
    // Whoever comes with it afterwards is a guest, and is told to forget it.
    let after = server.send(with(Method::GET, "/streams")).await;
    assert!(
        after
            .cookie("greenroom_session")
            .unwrap()
            .contains("Max-Age=0")
    );
    after.expect(200);
    let after = server.send(with(Method::GET, "/me")).await;
    after.expect_error(401, "SIGN_IN_FIRST");
}

#[tokio::test]
async fn a_token_that_is_worth_nothing_is_refused_everywhere() {
    let server = Server::start().await;
    server.creator("ada").await;
    let expired = says("host-user", server.clock.now());
    server.tokens.add("expired.token.here", expired);
    let wrong_session = format!("Bearer gs_{}", "0".repeat(64));
    let values = [
        "Bearer garbage",
        "Bearer ",
        "Bearer a.b.c",
        "Bearer eyJhbGciOiJub25lIn0.e30.",
        "Bearer expired.token.here",
        wrong_session.as_str(),
        "Basic YTpi",
        "garbage",
    ];
    for value in values {
        for path in ["/streams", "/channels/ada", "/me"] {
            let request = server
                .request(Method::GET, path)
                .header("authorization", value);
            let answer = server.send(request).await;
            assert_eq!(answer.header("www-authenticate"), "Bearer");
            answer.expect_error(401, "NOT_SIGNED_IN");
        }
    }
}

#[tokio::test]
async fn a_host_platforms_user_is_made_at_first_sight() {
    let server = Server::start().await;
    let until = server.clock.now() + std::time::Duration::from_secs(60);
    server
        .tokens
        .add("good.token.here", says("host-user", until));
    let me = server.get(Some("good.token.here"), "/me").await.expect(200);
    assert_eq!(me["username"], "host-user");
    let again = server.get(Some("good.token.here"), "/me").await.expect(200);
    assert_eq!(me["id"], again["id"]);
}

#[tokio::test]
async fn paths_that_climb_find_nothing() {
    let server = Server::start().await;
    server.creator("ada").await;
    for path in [
        "/api/v1/channels/..%2f..%2fetc%2fpasswd",
        "/api/v1/channels/%2e%2e",
        "/api/v1/channels/ada%00",
        "/api/v1/channels/%2Fetc%2Fpasswd/chat",
        "/api/v1/channels/ada%ff",
        "/api/v1/streams/..%2f..",
        "/api/v1/users/%2e%2e%2froot",
        "/api/v1/channels/ada/../../../etc/passwd",
        "/api/docs/..%2f..%2fetc%2fpasswd",
        "/api/docs/../../../etc/passwd",
    ] {
        // By hand: clients would tidy the path up.
        let mut socket = TcpStream::connect(server.address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer}");
        assert!(!answer.contains("root:"), "{path}");
    }
}

#[tokio::test]
async fn who_came_through_a_proxy_is_counted_by_their_own_address() {
    let quota = greenroom_domain::shared::rate::Quota {
        burst: 1,
        per: std::time::Duration::from_secs(60),
    };
    let asks = |server: &Server, address: &str| {
        server
            .request(Method::GET, "/streams")
            .header("x-forwarded-for", address)
    };
    let direct = Server::with(WebConfig { quota, ..config() }).await;
    direct.send(asks(&direct, "198.51.100.1")).await.expect(200);
    let again = direct.send(asks(&direct, "198.51.100.2")).await;
    again.expect_error(429, "TOO_MANY_REQUESTS");
    let proxied = Server::with(WebConfig {
        quota,
        trusted_proxies: vec!["127.0.0.0/8".parse().unwrap()],
        ..config()
    })
    .await;
    proxied
        .send(asks(&proxied, "198.51.100.1"))
        .await
        .expect(200);
    proxied
        .send(asks(&proxied, "198.51.100.2"))
        .await
        .expect(200);
    let again = proxied.send(asks(&proxied, "198.51.100.2")).await;
    again.expect_error(429, "TOO_MANY_REQUESTS");
}

#[tokio::test]
async fn ids_in_payloads_are_not_believed() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    let bob = server.user("bob").await;
    let me = text(&server.get(Some(&ada), "/me").await.expect(200), "/id");
    let forged = json!({ "text": "I am ada", "user_id": me });
    let answer = server.post(Some(&bob), "/channels/ada/chat", forged).await;
    answer.expect_error(422, "UNKNOWN_FIELD");
}
