//! Chat by REST.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Server, text};

const CHAT: &str = "/channels/ada/chat";

async fn say(server: &Server, who: &str, what: &str) -> Value {
    let posted = server.post(Some(who), CHAT, json!({ "text": what })).await;
    posted.expect(201)
}

#[tokio::test]
async fn messages_have_places_and_history_goes_on_from_them() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    let bob = server.user("bob").await;
    let first = say(&server, &ada, "hello").await;
    assert_eq!(first["type"], "message");
    assert_eq!(first["author"]["badges"], json!(["owner"]));
    let second = say(&server, &bob, "<b>hi</b> @ada").await;
    assert_eq!(second["text"], "<b>hi</b> @ada");
    say(&server, &ada, "again").await;

    let history = server
        .get(None, format!("{CHAT}?limit=2"))
        .await
        .expect(200);
    let said = |history: &Value| -> Vec<String> {
        let lines = history["lines"].as_array().unwrap();
        lines.iter().map(|line| text(line, "/text")).collect()
    };
    assert_eq!(said(&history), ["<b>hi</b> @ada", "again"]);
    let before = text(&second, "/place");
    let older = server.get(None, format!("{CHAT}?before={before}")).await;
    assert_eq!(said(&older.expect(200)), ["hello"]);
    let after = text(&first, "/place");
    let missed = server.get(None, format!("{CHAT}?after={after}")).await;
    let missed = missed.expect(200);
    assert_eq!(said(&missed), ["<b>hi</b> @ada", "again"]);
    assert_eq!(missed["resync"], false);
    let lost = server.get(None, format!("{CHAT}?after=99:1")).await;
    assert_eq!(lost.expect(200)["resync"], true);
    let both = format!("{CHAT}?after={after}&before={before}");
    server
        .get(None, &both)
        .await
        .expect_error(400, "MALFORMED_QUERY");
    let nonsense = format!("{CHAT}?after=here");
    server
        .get(None, &nonsense)
        .await
        .expect_error(400, "MALFORMED_QUERY");
}

#[tokio::test]
async fn a_repeated_message_is_one() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    let message = json!({ "text": "once", "client_message_id": "m1" });
    let first = server
        .post(Some(&ada), CHAT, message.clone())
        .await
        .expect(201);
    let again = server.post(Some(&ada), CHAT, message).await.expect(200);
    assert_eq!(first, again);
}

#[tokio::test]
async fn a_guest_stays_the_same_person_by_their_cookie() {
    let server = Server::start().await;
    server.creator("ada").await;
    let first = server.post(None, CHAT, json!({ "text": "hi" })).await;
    let cookie = first.cookie("greenroom_guest").expect("a cookie");
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
        "{cookie}"
    );
    let cookie = format!("greenroom_guest={}", cookie.split(';').next().unwrap());
    let author = text(&first.expect(201), "/author/identity");
    assert!(author.starts_with("guest:"));
    let again = |cookie: String| {
        server
            .request(Method::POST, CHAT)
            .header("cookie", cookie)
            .json(&json!({ "text": "me again" }))
    };
    let second = server.send(again(cookie.clone())).await;
    assert_eq!(second.cookie("greenroom_guest"), None);
    assert_eq!(text(&second.expect(201), "/author/identity"), author);
    // A cookie that was not signed here makes another person.
    let forged = cookie.replace('.', ".0");
    let third = server.send(again(forged)).await;
    assert_ne!(text(&third.expect(201), "/author/identity"), author);
    // Reading makes nobody.
    let read = server.get(None, CHAT).await;
    assert_eq!(read.cookie("greenroom_guest"), None);
}

#[tokio::test]
async fn text_is_cut_and_much_too_much_refused() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    let long = say(&server, &ada, &"a".repeat(600)).await;
    assert_eq!(long["truncated"], true);
    assert_eq!(text(&long, "/text").chars().count(), 500);
    let huge = server.post(Some(&ada), CHAT, json!({ "text": "a".repeat(9000) }));
    let details = huge.await.expect_error(413, "MESSAGE_TOO_LARGE");
    assert_eq!(details["max_bytes"], 8192);
    let empty = server.post(Some(&ada), CHAT, json!({ "text": "  " })).await;
    empty.expect_error(422, "MESSAGE_EMPTY");
}

#[tokio::test]
async fn a_deleted_text_is_nowhere() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    let bob = server.user("bob").await;
    let eve = server.user("eve").await;
    let seq = say(&server, &bob, "regrettable").await["seq"].to_string();
    let delete = |who| server.ask(Method::DELETE, Some(who), "/channels/ada/chat/1", None);
    assert_eq!(seq, "1");
    delete(&eve).await.expect_error(403, "FORBIDDEN");
    delete(&ada).await.expect(204);
    delete(&bob).await.expect(204);
    let history = server.get(Some(&ada), CHAT).await;
    assert!(!history.text.contains("regrettable"));
    let lines = history.expect(200)["lines"].clone();
    assert_eq!(lines[0]["text"], json!(null));
    assert_eq!(
        (&lines[1]["type"], &lines[1]["target"]),
        (&json!("deleted"), &json!(1))
    );
    for missing in ["/channels/ada/chat/99", "/channels/ada/chat/first"] {
        let delete = server.ask(Method::DELETE, Some(&ada), missing, None).await;
        delete.expect_error(404, "MESSAGE_NOT_FOUND");
    }
}

#[tokio::test]
async fn timeouts_and_bans() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    let bob = server.user("bob").await;
    let who = text(&say(&server, &bob, "first").await, "/author/identity");
    let path = format!("{CHAT}/restrictions/{who}");
    let put = |body| server.ask(Method::PUT, Some(&ada), path.as_str(), Some(body));
    put(json!({ "kind": "timeout" }))
        .await
        .expect_error(422, "MISSING_FIELD");
    put(json!({ "kind": "ban", "seconds": 5 }))
        .await
        .expect_error(422, "INVALID_FIELD");
    put(json!({ "kind": "timeout", "seconds": 0 }))
        .await
        .expect_error(422, "INVALID_FIELD");
    let timeout = json!({ "kind": "timeout", "seconds": 60, "reason": "spam" });
    assert_eq!(
        put(timeout).await.expect(200)["restriction"]["kind"],
        "timeout"
    );
    let refused = server
        .post(Some(&bob), CHAT, json!({ "text": "but" }))
        .await;
    refused.expect_error(403, "TIMED_OUT");
    server.get(Some(&bob), CHAT).await.expect(200);

    assert_eq!(
        put(json!({ "kind": "ban", "reason": "more spam" }))
            .await
            .expect(200)["restriction"]["kind"],
        "ban"
    );
    let refused = server
        .post(Some(&bob), CHAT, json!({ "text": "but" }))
        .await;
    refused.expect_error(403, "BANNED");
    let watching = server.get(Some(&bob), "/channels/ada/playback").await;
    watching.expect_error(403, "FORBIDDEN");
    // Reasons are for staff.
    let seen = server.get(None, CHAT).await;
    assert!(!seen.text.contains("spam"), "{}", seen.text);
    assert!(
        server
            .get(Some(&ada), CHAT)
            .await
            .text
            .contains("more spam")
    );
    let all = format!("{CHAT}/restrictions");
    let listed = server.get(Some(&ada), &all).await.expect(200);
    assert_eq!(listed["items"][0]["subject"], who.as_str());
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);

    let lift = server.ask(Method::DELETE, Some(&ada), &path, None);
    lift.await.expect(204);
    say(&server, &bob, "thanks").await;
    let nobody = format!("{CHAT}/restrictions/bob");
    let nobody = server.ask(Method::DELETE, Some(&ada), &nobody, None).await;
    nobody.expect_error(404, "USER_NOT_FOUND");
}

#[tokio::test]
async fn rules_of_the_room_hold() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    let bob = server.user("bob").await;
    let rules = |guests, slow| {
        json!({ "enabled": true, "guests": guests, "slow_mode_seconds": slow, "max_length": 500,
            "rate": "standard" })
    };
    let path = format!("{CHAT}/settings");
    let put = |body| server.ask(Method::PUT, Some(&ada), path.as_str(), Some(body));
    put(rules(true, 601))
        .await
        .expect_error(422, "INVALID_FIELD");
    put(rules(false, 10)).await.expect(200);
    let guest = server.post(None, CHAT, json!({ "text": "hi" })).await;
    guest.expect_error(401, "GUESTS_MAY_NOT_CHAT");
    say(&server, &bob, "one").await;
    let slow = server
        .post(Some(&bob), CHAT, json!({ "text": "two" }))
        .await;
    assert_eq!(slow.header("retry-after"), "10");
    slow.expect_error(429, "TOO_MANY_REQUESTS");
}
