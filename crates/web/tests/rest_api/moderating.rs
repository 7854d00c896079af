//! Pins, commands, emotes, reactions and the audit log, by REST.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Server, text};

const CHAT: &str = "/channels/ada/chat";

async fn say(server: &Server, who: &str, what: &str) -> Answer {
    server.post(Some(who), CHAT, json!({ "text": what })).await
}

#[tokio::test]
async fn messages_are_kept_in_view_until_they_are_gone() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    for n in 1..=6 {
        say(&server, &ada, &format!("number {n}")).await.expect(201);
    }
    let pin = |method: Method, seq: String| {
        let (server, ada) = (&server, &ada);
        let path = format!("/channels/ada/pins/{seq}");
        async move { server.ask(method, Some(ada), path, None).await }
    };
    for seq in 1..=5 {
        pin(Method::PUT, seq.to_string()).await.expect(204);
    }
    pin(Method::PUT, "1".to_owned()).await.expect(204);
    let details = pin(Method::PUT, "6".to_owned()).await;
    assert_eq!(details.expect_error(409, "TOO_MANY_PINS")["max"], 5);
    pin(Method::DELETE, "2".to_owned()).await.expect(204);
    pin(Method::DELETE, "2".to_owned()).await.expect(204);
    let delete = format!("{CHAT}/3");
    let delete = server.ask(Method::DELETE, Some(&ada), &delete, None).await;
    delete.expect(204);
    let pins = server.get(None, "/channels/ada/pins").await.expect(200);
    let items = pins["items"].as_array().expect("a list").iter();
    let shown: Vec<String> = items.map(|pin| text(pin, "/line/text")).collect();
    assert_eq!(shown, ["number 1", "number 4", "number 5"]);
    for gone in ["3", "99", "first"] {
        let refused = pin(Method::PUT, gone.to_owned()).await;
        refused.expect_error(404, "MESSAGE_NOT_FOUND");
    }
}

#[tokio::test]
async fn what_begins_with_a_slash_is_done_and_not_said() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    let bob = server.user("bob").await;
    for text in ["one", "two", "/etc is a folder"] {
        let posted = say(&server, &bob, text).await;
        if text.starts_with('/') {
            posted.expect_error(422, "INVALID_COMMAND");
        } else {
            posted.expect(201);
        }
    }
    let done = async |command: &str| say(&server, &ada, command).await.expect(200);
    let cleared = json!({ "done": "cleared", "username": "bob", "count": 2 });
    assert_eq!(done("/clear bob").await, cleared);
    let restricted = json!({ "done": "restricted", "username": "bob" });
    assert_eq!(done("/timeout @bob 10m shouting").await, restricted);
    say(&server, &bob, "but")
        .await
        .expect_error(403, "TIMED_OUT");
    assert_eq!(done("/untimeout bob").await["done"], "lifted");
    assert_eq!(done("/slow 5").await, json!({ "done": "configured" }));
    assert_eq!(done("/mod bob").await["done"], "role_changed");
    let usage = say(&server, &ada, "/ban").await.expect(422);
    assert!(text(&usage, "/error").contains("/ban name"), "{usage}");
    let nobody = say(&server, &ada, "/ban nobody").await;
    nobody.expect_error(404, "USER_NOT_FOUND");
    say(&server, &bob, "/vip bob")
        .await
        .expect_error(403, "FORBIDDEN");
    let history = server.get(None, CHAT).await.expect(200);
    assert!(!history.to_string().contains("/timeout"), "{history}");
}

#[tokio::test]
async fn rules_that_cannot_be_are_refused_by_name() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    let path = format!("{CHAT}/settings");
    let rules = |field: &str, value: i64| {
        let mut rules = json!({ "enabled": true, "guests": true, "slow_mode_seconds": null,
            "max_length": 100, "rate": "standard" });
        rules[field] = json!(value);
        server.ask(Method::PUT, Some(&ada), path.as_str(), Some(rules))
    };
    for (field, value) in [
        ("delay_seconds", 0),
        ("delay_seconds", 61),
        ("followers_only_seconds", 7_776_001),
        ("slow_mode_seconds", 601),
        ("max_length", 1_001),
    ] {
        let details = rules(field, value).await;
        let details = details.expect_error(422, "INVALID_FIELD");
        assert_eq!(details["field"], field);
    }
    rules("delay_seconds", -1)
        .await
        .expect_error(422, "WRONG_TYPE");
    let set = rules("followers_only_seconds", 600).await.expect(200);
    assert_eq!(set["followers_only_seconds"], 600);
    let bob = server.user("bob").await;
    say(&server, &bob, "hi")
        .await
        .expect_error(403, "FOLLOWERS_ONLY");
    let follow = "/channels/ada/follow";
    let follow = server.ask(Method::PUT, Some(&bob), follow, None).await;
    follow.expect(200);
    let details = say(&server, &bob, "hi").await;
    let details = details.expect_error(403, "FOLLOWS_TOO_SHORTLY");
    assert!(details["until"].is_string(), "{details}");
    server.clock.advance(std::time::Duration::from_secs(600));
    say(&server, &bob, "hi").await.expect(201);
}

#[tokio::test]
async fn what_somebody_said_last_is_deleted_at_once() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    let said = server.post(None, CHAT, json!({ "text": "spam" })).await;
    let guest = text(&said.expect(201), "/author/identity");
    let path = format!("{CHAT}/authors/{guest}");
    let clear = || server.ask(Method::DELETE, Some(&ada), &path, None);
    assert_eq!(clear().await.expect(200), json!({ "count": 1 }));
    assert_eq!(clear().await.expect(200), json!({ "count": 0 }));
    assert!(!server.get(None, CHAT).await.text.contains("spam"));
    let nobody = format!("{CHAT}/authors/bob");
    let nobody = server.ask(Method::DELETE, Some(&ada), &nobody, None).await;
    nobody.expect_error(404, "USER_NOT_FOUND");
}

#[tokio::test]
async fn messages_carry_the_emotes_that_they_name() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    let said = say(&server, &ada, "at 10:30 :heart: :nope:").await;
    assert_eq!(said.expect(201)["emotes"], json!({ "heart": "❤️" }));
    let plain = say(&server, &ada, "hello").await.expect(201);
    assert_eq!(plain.get("emotes"), None);

    let list = server.get(None, "/emotes").await;
    let tag = list.header("etag").to_owned();
    assert_eq!(list.expect(200)["emotes"]["heart"], "❤️");
    let again = server.request(Method::GET, "/emotes");
    let again = server.send(again.header("if-none-match", &tag)).await;
    assert_eq!((again.status.as_u16(), &*again.text), (304, ""));
    assert_eq!(again.header("etag"), tag);
}

#[tokio::test]
async fn a_reaction_is_one_emoji() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    let bob = server.user("bob").await;
    let react = async |who: Option<&str>, with: &str| {
        let body = json!({ "reaction": with });
        server.post(who, "/channels/ada/reactions", body).await
    };
    react(None, "🎉").await.expect(204);
    react(Some(&ada), ":heart:").await.expect(204);
    let wrong = react(Some(&bob), "hello").await;
    assert_eq!(
        wrong.expect_error(422, "INVALID_FIELD")["field"],
        "reaction"
    );
    for _ in 0..20 {
        react(Some(&bob), "🎉").await.expect(204);
    }
    let too_many = react(Some(&bob), "🎉").await;
    assert_eq!(too_many.header("retry-after"), "1");
    too_many.expect_error(429, "TOO_MANY_REQUESTS");
}

#[tokio::test]
async fn the_audit_log_tells_staff_who_did_what_to_whom() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    let bob = server.user("bob").await;
    let eve = server.user("eve").await;
    say(&server, &eve, "spam").await.expect(201);
    for command in ["/mod bob", "/slow 5"] {
        say(&server, &ada, command).await.expect(200);
    }
    say(&server, &bob, "/ban eve spam").await.expect(200);
    say(&server, &bob, "/clear eve").await.expect(200);
    let mut events: Vec<Value> = Vec::new();
    let mut path = "/channels/ada/audit?limit=2".to_owned();
    loop {
        let page = server.get(Some(&bob), &path).await.expect(200);
        events.extend(page["items"].as_array().expect("a page").iter().cloned());
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/channels/ada/audit?limit=2&cursor={cursor}");
    }
    let find = |kind: &str| {
        let found = events.iter().find(|event| event["type"] == kind);
        found
            .unwrap_or_else(|| panic!("{kind} in {events:#?}"))
            .clone()
    };
    let ban = find("banned");
    assert_eq!(
        (text(&ban, "/by/username"), text(&ban, "/subject/username")),
        ("bob".to_owned(), "eve".to_owned())
    );
    assert_eq!(ban["reason"], "spam");
    assert_eq!(find("message_deleted")["target"], 1);
    assert_eq!(find("role_changed")["role"], "moderator");
    assert_eq!(find("settings_changed")["settings"]["slow_mode_seconds"], 5);
    assert_eq!(find("channel_created")["by"]["username"], "ada");
    let unknown = "/channels/ada/audit?cursor=nonsense";
    let unknown = server.get(Some(&ada), unknown).await;
    unknown.expect_error(400, "UNKNOWN_CURSOR");
    let viewer = server.get(Some(&eve), "/channels/ada/audit").await;
    viewer.expect_error(403, "FORBIDDEN");
}
