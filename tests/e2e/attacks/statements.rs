//! Text that means something to a database, everywhere that text is taken, on PostgreSQL.

use std::time::{Duration, Instant};

use greenroom_tests::cluster::Cluster;
use serde_json::{Value, json};

/// What a statement that sleeps would take.
const SLEEP: Duration = Duration::from_secs(8);

const STATEMENTS: &[&str] = &[
    "' OR '1'='1",
    "'; DROP TABLE users; --",
    "' UNION SELECT password_hash FROM users --",
    "'||(SELECT pg_sleep(8))||'",
    "\\'; SELECT pg_sleep(8); --",
    "1); DELETE FROM channels; --",
    "%' OR 1=1 --",
    "_%",
    "$1",
    "\u{2019} OR 1=1",
    "a\0b",
];

/// As a part of a path or a query.
fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |escaped, byte| {
        escaped + &format!("%{byte:02X}")
    })
}

#[tokio::test]
async fn statements_are_words() {
    let cluster = Cluster::start(1).await;
    let node = &cluster.nodes[0];
    let kim = node.channel("kim").await;
    node.channel("ann").await;
    let admin = node.api_as(&node.admin("root").await);
    let owner = node.api_as(&kim.token);
    let before = admin.get("/api/v1/users?limit=100").await.expect(200);

    for text in STATEMENTS {
        let word = escaped(text);
        let begun = Instant::now();
        for path in [
            format!("/api/v1/users/{word}"),
            format!("/api/v1/users?cursor={word}"),
            format!("/api/v1/channels/{word}"),
            format!("/api/v1/channels/{word}/chat"),
            format!("/api/v1/channels/kim/chat?after={word}"),
            format!("/api/v1/channels/kim/chat?before={word}"),
            format!("/api/v1/channels/kim/streams?cursor={word}"),
            format!("/api/v1/streams/{word}"),
            format!("/api/v1/streams?cursor={word}"),
            format!("/api/v1/keys/{word}/secret"),
        ] {
            let answer = admin.get(&path).await;
            assert!(
                matches!(answer.status, 400 | 403 | 404 | 422),
                "{path}: {}",
                answer.text
            );
        }
        for name in ["search", "category", "tag", "language"] {
            let path = format!("/api/v1/streams?{name}={word}");
            let answer = admin.get(&path).await;
            assert!(
                matches!(answer.status, 200 | 400 | 422),
                "{path}: {}",
                answer.text
            );
            let found = answer.json["items"].as_array().map_or(0, Vec::len);
            assert_eq!(found, 0, "{path}: {}", answer.text);
        }
        let credentials = json!({ "username": text, "password": text });
        let signed_in = node.api().post("/api/v1/sessions", &credentials).await;
        assert!(matches!(signed_in.status, 401 | 422), "{}", signed_in.text);
        let taken = node.api().post("/api/v1/users", &credentials).await;
        assert_eq!(taken.status, 422, "{}", taken.text);

        // What may be any text is that text afterwards, without what no text has, or is refused.
        let text_kept = text.replace('\0', "");
        let is_kept = |status: u16, kept: &Value| match status {
            200 | 201 => assert_eq!(kept, &text_kept),
            status => assert_eq!(status, 422, "{text:?}: {kept}"),
        };
        let me = owner
            .patch("/api/v1/me", &json!({ "display_name": text }))
            .await;
        is_kept(me.status, &me.json["display_name"]);
        let about = json!({ "title": text, "description": text });
        let about = owner.patch("/api/v1/channels/kim", &about).await;
        is_kept(about.status, &about.json["title"]);
        let said = json!({ "text": text });
        let said = owner.post("/api/v1/channels/kim/chat", &said).await;
        is_kept(said.status, &said.json["text"]);
        let key = json!({ "label": text });
        let key = owner.post("/api/v1/channels/kim/keys", &key).await;
        is_kept(key.status, &key.json["key"]["label"]);
        let query =
            "query ($text: String!) { channel(handle: $text) { id } user(username: $text) { id } }";
        let asked = json!({ "query": query, "variables": { "text": text } });
        let asked = node.api().post("/graphql", &asked).await.expect(200);
        assert_eq!(
            asked["data"],
            json!({ "channel": null, "user": null }),
            "{asked}"
        );
        assert!(
            begun.elapsed() < SLEEP,
            "{text:?} took {:?}",
            begun.elapsed()
        );
    }

    let after = admin.get("/api/v1/users?limit=100").await.expect(200);
    let names = |page: &Value| -> Vec<Value> {
        let users = page["items"].as_array().into_iter().flatten();
        users.map(|user| user["username"].clone()).collect()
    };
    assert_eq!(names(&after), names(&before));
    owner.get("/api/v1/channels/ann").await.expect(200);
    assert!(!node.has_logged("syntax error"), "{}", node.log());
}
