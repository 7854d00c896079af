//! Over a small set of files, as a build leaves them.

use std::borrow::Cow;

use axum::routing::get;
use http::HeaderName;
use tower::ServiceExt;

use super::*;
use crate::layered;

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
const SCRIPT: &str = "/assets/index-1a2b3c.js";

fn built(files: &[(&str, &'static str)]) -> Arc<Assets> {
    let files = files.iter().zip(1..).map(|((name, text), n)| {
        let content = Cow::Borrowed(text.as_bytes());
        ((*name).to_owned(), content, [n; 32])
    });
    Arc::new(Assets::of(files))
}

fn app() -> Arc<Assets> {
    built(&[
        ("index.html", "the app"),
        ("embed.html", "the player"),
        ("graphiql.html", "GraphQL's page"),
        ("favicon.svg", "<svg/>"),
        ("assets/index-1a2b3c.js", "plain"),
        ("assets/index-1a2b3c.js.br", "brotli"),
        ("assets/index-1a2b3c.js.gz", "gzip"),
        (".vite/manifest.json", "{}"),
    ])
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn header(&self, name: HeaderName) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("visible ASCII"))
    }

    fn policy(&self) -> &str {
        self.header(header::CONTENT_SECURITY_POLICY)
    }
}

async fn ask_of(
    assets: Arc<Assets>,
    config: &WebConfig,
    method: Method,
    path: &str,
    headers: &[(HeaderName, &str)],
) -> Answer {
    let routes = Router::new().route("/api/v1/me", get(async || "me"));
    let service = layered(mount_of(routes, assets, config), config);
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    let request = request.body(Body::empty()).expect("a request");
    let (parts, body) = service
        .oneshot(request)
        .await
        .expect("an answer")
        .into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
    Answer {
        status: parts.status.as_u16(),
        headers: parts.headers,
        text: String::from_utf8(body.to_vec()).expect("text"),
    }
}

async fn ask(path: &str, headers: &[(HeaderName, &str)]) -> Answer {
    let config = WebConfig::default();
    ask_of(app(), &config, Method::GET, path, headers).await
}

#[tokio::test]
async fn every_page_of_the_app_is_its_index() {
    for path in ["/", "/ada", "/ada/live", "/dashboard", "/setup", "/admin"] {
        let answer = ask(path, &[(header::ACCEPT, BROWSER)]).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, "the app"));
        assert_eq!(answer.header(header::CACHE_CONTROL), "no-cache");
        assert_eq!(
            answer.header(header::CONTENT_TYPE),
            "text/html; charset=utf-8"
        );
    }
    // The preview of a link asks for anything.
    assert_eq!(ask("/ada", &[(header::ACCEPT, "*/*")]).await.status, 200);
}

#[tokio::test]
async fn what_programs_ask_for_is_not_found_in_json() {
    let pages = [(header::ACCEPT, BROWSER)];
    for path in [
        "/api",
        "/api/v1/nowhere",
        "/assets/index-gone.js",
        "/dash/x",
        "/hls/ada/index.m3u8",
        "/healthz/x",
        "/index.html",
        "/embed.html",
        "/graphiql.html",
        "/graphql",
        "/.vite/manifest.json",
        "/assets/index-1a2b3c.js.br",
        "/pictures/x.webp",
        "/robots.txt",
        "/socket.io/",
        "/thumbnails/ada.jpg",
        "/assets/..%2f..%2fCargo.toml",
    ] {
        let answer = ask(path, &pages).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.text.contains("\"NOT_FOUND\""), "{}", answer.text);
        assert_eq!(answer.header(header::CACHE_CONTROL), "no-store");
    }
    let json = [(header::ACCEPT, "application/json")];
    assert_eq!(ask("/ada", &json).await.status, 404);
    let config = WebConfig::default();
    let posted = ask_of(app(), &config, Method::POST, "/ada", &pages).await;
    assert_eq!(posted.status, 404);
    assert_eq!(ask("/api/v1/me", &pages).await.text, "me");
}

#[tokio::test]
async fn what_is_named_by_its_content_is_kept_for_ever() {
    let script = ask(SCRIPT, &[]).await;
    assert_eq!((script.status, script.text.as_str()), (200, "plain"));
    assert_eq!(
        script.header(header::CACHE_CONTROL),
        "public, max-age=31536000, immutable"
    );
    assert_eq!(
        script.header(header::CONTENT_TYPE),
        "text/javascript; charset=utf-8"
    );
    assert_eq!(script.header(header::X_CONTENT_TYPE_OPTIONS), "nosniff");
    let icon = ask("/favicon.svg", &[]).await;
    assert_eq!(icon.header(header::CACHE_CONTROL), "no-cache");
    assert_eq!(icon.header(header::CONTENT_TYPE), "image/svg+xml");
}

#[tokio::test]
async fn the_best_encoding_that_the_client_reads() {
    for (reads, text, encoding) in [
        ("gzip, deflate, br, zstd", "brotli", "br"),
        ("gzip", "gzip", "gzip"),
        ("br;q=0, *", "gzip", "gzip"),
        ("br;q=0, gzip;q=0", "plain", ""),
        ("identity", "plain", ""),
        ("BR", "brotli", "br"),
        ("br;q=x", "plain", ""),
    ] {
        let answer = ask(SCRIPT, &[(header::ACCEPT_ENCODING, reads)]).await;
        assert_eq!(answer.text, text, "{reads}");
        assert_eq!(answer.header(header::CONTENT_ENCODING), encoding, "{reads}");
        assert_eq!(answer.header(header::VARY), "accept-encoding");
    }
}

#[tokio::test]
async fn who_has_the_bytes_already_gets_none() {
    let brotli = (header::ACCEPT_ENCODING, "br");
    let first = ask(SCRIPT, std::slice::from_ref(&brotli)).await;
    let tag = first.header(header::ETAG);
    assert!(tag.starts_with('"'), "strong: {tag}");
    let list = format!("\"other\", W/{tag}");
    for known in [tag, list.as_str(), "*"] {
        let again = ask(SCRIPT, &[brotli.clone(), (header::IF_NONE_MATCH, known)]).await;
        assert_eq!((again.status, again.text.as_str()), (304, ""), "{known}");
        assert_eq!(again.header(header::ETAG), tag);
        assert_eq!(again.header(header::VARY), "accept-encoding");
    }
    // The same file in another encoding is other bytes.
    let plain = ask(SCRIPT, &[(header::IF_NONE_MATCH, tag)]).await;
    assert_eq!(plain.status, 200);

    let index = ask("/", &[]).await;
    let again = ask(
        "/ada",
        &[(header::IF_NONE_MATCH, index.header(header::ETAG))],
    )
    .await;
    assert_eq!(again.status, 304);
    assert_eq!(again.policy(), index.policy());
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let config = WebConfig::default();
    let head = ask_of(app(), &config, Method::HEAD, SCRIPT, &[]).await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    assert_eq!(head.header(header::CONTENT_LENGTH), "5");
}

#[tokio::test]
async fn the_policy_lets_in_this_server_and_the_media() {
    let page = ask("/ada", &[]).await;
    assert_eq!(
        page.policy(),
        "default-src 'self'; worker-src 'self'; media-src 'self' blob:; \
         img-src 'self' data: https:; connect-src 'self'; frame-ancestors 'none'"
    );
    let embed = ask("/embed/ada", &[]).await;
    assert_eq!(embed.text, "the player");
    assert_eq!(embed.header(header::CACHE_CONTROL), "no-cache");
    assert!(embed.policy().ends_with("; frame-ancestors 'self'"));

    let config = WebConfig {
        public_url: Some("https://live.example/".to_owned()),
        media_origins: vec!["https://cdn.example".parse().unwrap()],
        embed_hosts: vec![
            "https://blog.example".parse().unwrap(),
            "*.news.example".parse().unwrap(),
        ],
        ..WebConfig::default()
    };
    let get = |path| ask_of(app(), &config, Method::GET, path, &[]);
    let page = get("/ada").await;
    for directive in [
        "connect-src 'self' https://live.example https://cdn.example;",
        "media-src 'self' blob: https://live.example https://cdn.example;",
        "frame-ancestors 'none'",
    ] {
        assert!(page.policy().contains(directive), "{}", page.policy());
    }
    assert!(
        get("/embed/ada")
            .await
            .policy()
            .ends_with("; frame-ancestors 'self' https://blog.example *.news.example")
    );
    // Only the player is for frames.
    assert!(get("/embed").await.policy().ends_with("'none'"));
}

#[tokio::test]
async fn without_the_app_a_page_says_so() {
    let config = WebConfig::default();
    let get = |path| ask_of(built(&[]), &config, Method::GET, path, &[]);
    let page = get("/").await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("leaves out the web interface") && page.text.contains("/api/v1"));
    assert_eq!(get("/ada").await.status, 404);
}
