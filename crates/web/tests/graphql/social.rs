//! Following and blocking, moderators and VIPs, pins, commands and the audit log, by GraphQL.

use serde_json::{Value, json};

use crate::support::{Server, text};
use crate::{ask, code, data};

async fn refused(server: &Server, who: Option<&str>, query: &str) -> String {
    let answer = ask(server, who, query, json!({})).await.expect(200);
    code(&answer)
}

fn at(listing: &Value, pointer: &str) -> Vec<String> {
    let edges = listing["edges"].as_array().expect("a connection");
    edges
        .iter()
        .map(|edge| text(&edge["node"], pointer))
        .collect()
}

#[tokio::test]
async fn a_channel_is_followed_and_its_followers_listed() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    let bob = server.user("bob").await;
    let eve = server.user("eve").await;
    let bob = Some(bob.as_str());
    let follow = "mutation { follow(handle: \"ada\") { following notify followers } }";
    let followed = data(&server, bob, follow).await;
    let is = json!({ "following": true, "notify": "LIVE", "followers": 1 });
    assert_eq!(followed["follow"], is);
    let quietly = "mutation { follow(handle: \"ada\", notify: NOTHING) { notify followers } }";
    let quietly = data(&server, bob, quietly).await;
    assert_eq!(
        quietly["follow"],
        json!({ "notify": "NOTHING", "followers": 1 })
    );
    data(&server, Some(&eve), follow).await;

    let page = |rest: &str| {
        format!(
            "{{ channel(handle: \"ada\") {{ followerCount viewerFollows viewer {{ role follow {{ \
             notify }} restriction {{ kind }} }} followers(first: 1{rest}) {{ pageInfo {{ \
             hasNextPage endCursor }} edges {{ node {{ user {{ username }} }} }} }} }} }}"
        )
    };
    let first = data(&server, bob, &page("")).await["channel"].clone();
    assert_eq!(first["viewerFollows"], true);
    let viewer =
        json!({ "role": "VIEWER", "follow": { "notify": "NOTHING" }, "restriction": null });
    assert_eq!(first["viewer"], viewer);
    let cursor = text(&first, "/followers/pageInfo/endCursor");
    let rest = page(&format!(", after: \"{cursor}\""));
    let rest = data(&server, None, &rest).await["channel"].clone();
    assert_eq!(rest["viewerFollows"], false);
    assert_eq!(rest["followers"]["pageInfo"]["hasNextPage"], false);
    let mut all = at(&first["followers"], "/user/username");
    all.extend(at(&rest["followers"], "/user/username"));
    all.sort_unstable();
    assert_eq!(all, ["bob", "eve"]);
    let following = "{ following { edges { node { notify channel { handle owner { username } } } \
                     } } }";
    let following = data(&server, bob, following).await["following"].clone();
    assert_eq!(at(&following, "/channel/handle"), ["ada"]);
    assert_eq!(at(&following, "/channel/owner/username"), ["ada"]);

    let unfollow = "mutation { unfollow(handle: \"ada\") { following followers } }";
    let unfollowed = data(&server, bob, unfollow).await;
    assert_eq!(
        unfollowed["unfollow"],
        json!({ "following": false, "followers": 1 })
    );
    assert_eq!(refused(&server, Some(&ada), follow).await, "OWN_CHANNEL");
}

#[tokio::test]
async fn what_one_follows_comes_first_or_alone() {
    let server = Server::start().await;
    let bob = server.user("bob").await;
    for name in ["ada", "eve"] {
        let token = server.creator(name).await;
        server.live_stream(&token, name).await;
    }
    let follow = "mutation { follow(handle: \"eve\") { following } }";
    data(&server, Some(&bob), follow).await;
    let listed = |order: &str| {
        format!(
            "{{ liveStreams(filter: {{ order: {order} }}) {{ edges {{ node {{ channel {{ handle \
             }} }} }} }} }}"
        )
    };
    let first = data(&server, Some(&bob), &listed("FOLLOWED_FIRST")).await;
    assert_eq!(at(&first["liveStreams"], "/channel/handle"), ["eve", "ada"]);
    let only = data(&server, Some(&bob), &listed("FOLLOWED_ONLY")).await;
    assert_eq!(at(&only["liveStreams"], "/channel/handle"), ["eve"]);
    assert_eq!(
        refused(&server, None, &listed("FOLLOWED_ONLY")).await,
        "SIGN_IN_FIRST"
    );
}

#[tokio::test]
async fn who_is_blocked_is_as_one_who_is_banned() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    let bob = server.user("bob").await;
    let ada = Some(ada.as_str());
    let block = "mutation { block(username: \"bob\") { user { username } } }";
    let blocked = data(&server, ada, block).await;
    assert_eq!(blocked["block"]["user"]["username"], "bob");
    let viewer = "{ channel(handle: \"ada\") { viewer { role restriction { kind until } } } }";
    let viewer = data(&server, Some(&bob), viewer).await["channel"]["viewer"].clone();
    let banned = json!({ "role": "BANNED", "restriction": { "kind": "BAN", "until": null } });
    assert_eq!(viewer, banned);
    let read = "{ channel(handle: \"ada\") { chat { pins { since } } } }";
    assert_eq!(refused(&server, Some(&bob), read).await, "FORBIDDEN");
    let blocks = "{ blocks { edges { cursor node { user { username } } } } }";
    let blocks = data(&server, ada, blocks).await["blocks"].clone();
    assert_eq!(at(&blocks, "/user/username"), ["bob"]);
    let cursor = text(&blocks, "/edges/0/cursor");
    let behind = format!("{{ blocks(after: \"{cursor}\") {{ edges {{ cursor }} }} }}");
    let behind = data(&server, ada, &behind).await;
    assert_eq!(behind["blocks"]["edges"], json!([]));
    let wrong = "{ blocks(after: \"bob\") { edges { cursor } } }";
    assert_eq!(refused(&server, ada, wrong).await, "UNKNOWN_CURSOR");
    let unblock = "mutation { unblock(username: \"bob\") }";
    assert_eq!(data(&server, ada, unblock).await["unblock"], true);
}

#[tokio::test]
async fn moderators_pin_and_clear_and_the_audit_log_tells_of_it() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    let bob = server.user("bob").await;
    let (ada, bob) = (Some(ada.as_str()), Some(bob.as_str()));
    let appoint = "mutation { appoint(handle: \"ada\", username: \"bob\", role: MODERATOR) { role \
                   user { username } } }";
    let appointed = data(&server, ada, appoint).await["appoint"].clone();
    let is = json!({ "role": "MODERATOR", "user": { "username": "bob" } });
    assert_eq!(appointed, is);
    let roles = "{ channel(handle: \"ada\") { roles { role user { username } } } }";
    let roles = data(&server, None, roles).await["channel"]["roles"].clone();
    assert_eq!(roles, json!([is]));

    let post = |text: &str| {
        format!(
            "mutation {{ postMessage(handle: \"ada\", text: \"{text}\") {{ line {{ seq body {{ \
             ... on ChatMessage {{ author {{ identity }} emotes {{ code emoji }} }} }} }} command {{ \
             done username count }} }} }}"
        )
    };
    let said = data(&server, None, &post("hi :heart:")).await["postMessage"]["line"].clone();
    assert_eq!(
        said["body"]["emotes"],
        json!([{ "code": "heart", "emoji": "❤️" }])
    );
    let seq = &said["seq"];
    let pin = format!("mutation {{ pinMessage(handle: \"ada\", seq: {seq}) }}");
    data(&server, bob, &pin).await;
    let pins = "{ channel(handle: \"ada\") { chat { pins { line { seq } } } } }";
    let pinned = data(&server, None, pins).await["channel"]["chat"]["pins"].clone();
    assert_eq!(pinned, json!([{ "line": { "seq": seq } }]));
    let unpin = format!("mutation {{ unpinMessage(handle: \"ada\", seq: {seq}) }}");
    data(&server, bob, &unpin).await;
    let guest = text(&said, "/body/author/identity");
    let clear = format!("mutation {{ clearMessages(handle: \"ada\", author: \"{guest}\") }}");
    assert_eq!(data(&server, bob, &clear).await["clearMessages"], 1);

    let done = data(&server, ada, &post("/timeout bob 60 shouting")).await["postMessage"].clone();
    assert_eq!(done["line"], Value::Null);
    let restricted = json!({ "done": "RESTRICTED", "username": "bob", "count": null });
    assert_eq!(done["command"], restricted);
    assert_eq!(
        refused(&server, ada, &post("/dance")).await,
        "INVALID_COMMAND"
    );

    let audit = "{ channel(handle: \"ada\") { audit(first: 2) { pageInfo { hasNextPage } edges { \
                 node { type reason target until by { username } subject { username identity } } \
                 } } } }";
    let audit_of = data(&server, bob, audit).await["channel"]["audit"].clone();
    assert_eq!(audit_of["pageInfo"]["hasNextPage"], true);
    let newest = &audit_of["edges"][0]["node"];
    assert_eq!(
        (text(newest, "/type"), text(newest, "/by/username")),
        ("TIMED_OUT".to_owned(), "ada".to_owned())
    );
    assert_eq!(text(newest, "/subject/username"), "bob");
    assert_eq!(newest["reason"], "shouting");
    assert!(newest["until"].is_string());
    let deleted = &audit_of["edges"][1]["node"];
    assert_eq!(text(deleted, "/type"), "MESSAGE_DELETED");
    assert_eq!(
        (&deleted["target"], text(deleted, "/subject/identity")),
        (seq, guest)
    );
    assert_eq!(refused(&server, None, audit).await, "SIGN_IN_FIRST");

    let dismiss = "mutation { dismiss(handle: \"ada\", username: \"bob\") }";
    assert_eq!(data(&server, bob, dismiss).await["dismiss"], true);
    assert_eq!(refused(&server, bob, audit).await, "FORBIDDEN");
}
