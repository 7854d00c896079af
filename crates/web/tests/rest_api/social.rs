//! Following and blocking, moderators and VIPs, by REST.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Server, text};

const FOLLOW: &str = "/channels/ada/follow";

async fn put(server: &Server, who: &str, path: &str) -> Value {
    let answer = server.ask(Method::PUT, Some(who), path, None).await;
    answer.expect(200)
}

async fn role(server: &Server, who: Option<&str>) -> String {
    let me = server.get(who, "/channels/ada/me").await.expect(200);
    text(&me, "/role")
}

fn names(page: &Value, pointer: &str) -> Vec<String> {
    let items = page["items"].as_array().expect("a listing");
    items.iter().map(|item| text(item, pointer)).collect()
}

#[tokio::test]
async fn a_channel_is_followed_and_its_followers_listed() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    let bob = server.user("bob").await;
    let eve = server.user("eve").await;
    let before = server.get(None, FOLLOW).await.expect(200);
    let nobody = json!({ "following": false, "since": null, "notify": null, "followers": 0 });
    assert_eq!(before, nobody);

    let followed = put(&server, &bob, FOLLOW).await;
    assert_eq!(followed["following"], true);
    assert_eq!(followed["notify"], "live");
    assert_eq!(followed["followers"], 1);
    let wishes = Some(json!({ "notify": "nothing" }));
    let again = server.ask(Method::PUT, Some(&bob), FOLLOW, wishes).await;
    let again = again.expect(200);
    assert_eq!(again["since"], followed["since"]);
    assert_eq!(
        (&again["notify"], &again["followers"]),
        (&json!("nothing"), &json!(1))
    );
    put(&server, &eve, FOLLOW).await;

    let channel = server.get(None, "/channels/ada").await.expect(200);
    assert!(channel["followers"].is_u64(), "{channel}");
    let first = server.get(None, "/channels/ada/followers?limit=1").await;
    let first = first.expect(200);
    let cursor = text(&first, "/next_cursor");
    let rest = format!("/channels/ada/followers?cursor={cursor}");
    let rest = server.get(None, &rest).await.expect(200);
    let mut all = names(&first, "/user/username");
    all.extend(names(&rest, "/user/username"));
    all.sort_unstable();
    assert_eq!(all, ["bob", "eve"]);
    let following = server.get(Some(&bob), "/me/following").await.expect(200);
    assert_eq!(names(&following, "/channel/handle"), ["ada"]);
    assert_eq!(names(&following, "/channel/title"), ["Making things"]);

    let ended = server.ask(Method::DELETE, Some(&bob), FOLLOW, None).await;
    assert_eq!(ended.expect(200)["followers"], 1);
    let own = server.ask(Method::PUT, Some(&ada), FOLLOW, None).await;
    own.expect_error(409, "OWN_CHANNEL");
    let wrong = Some(json!({ "notify": "all" }));
    let wrong = server.ask(Method::PUT, Some(&bob), FOLLOW, wrong).await;
    wrong.expect_error(422, "WRONG_TYPE");
    let nowhere = "/channels/nowhere/follow";
    let nowhere = server.ask(Method::PUT, Some(&bob), nowhere, None).await;
    nowhere.expect_error(404, "CHANNEL_NOT_FOUND");
    let unread = server.request(Method::PUT, FOLLOW).body("notify=nothing");
    let unread = server.send(unread.bearer_auth(&bob)).await;
    unread.expect_error(415, "UNSUPPORTED_MEDIA_TYPE");
}

#[tokio::test]
async fn what_one_follows_comes_first_or_alone() {
    let server = Server::start().await;
    let bob = server.user("bob").await;
    for name in ["ada", "eve"] {
        let token = server.creator(name).await;
        server.live_stream(&token, name).await;
    }
    put(&server, &bob, "/channels/eve/follow").await;
    let listed = async |query: &str| {
        let path = format!("/streams?{query}");
        let page = server.get(Some(&bob), &path).await.expect(200);
        names(&page, "/channel/handle")
    };
    assert_eq!(listed("order=followed").await, ["eve", "ada"]);
    assert_eq!(listed("followed=only").await, ["eve"]);
    assert_eq!(listed("order=viewers").await.len(), 2);
    assert_eq!(listed("order=recommended").await.len(), 2);
    let guest = server.get(None, "/streams?followed=only").await;
    guest.expect_error(401, "SIGN_IN_FIRST");
    for wrong in ["order=newest", "order=recommended&followed=only"] {
        let wrong = server.get(Some(&bob), format!("/streams?{wrong}")).await;
        wrong.expect_error(400, "MALFORMED_QUERY");
    }
}

#[tokio::test]
async fn who_is_blocked_is_as_one_who_is_banned() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    let bob = server.user("bob").await;
    put(&server, &bob, FOLLOW).await;
    put(&server, &ada, "/channels/ada/moderators/bob").await;
    let blocked = put(&server, &ada, "/me/blocks/bob").await;
    assert_eq!(blocked["user"]["username"], "bob");
    assert_eq!(put(&server, &ada, "/me/blocks/bob").await, blocked);

    let me = server.get(Some(&bob), "/channels/ada/me").await.expect(200);
    let banned = json!({ "role": "banned", "following": false, "notify": null,
        "restriction": { "kind": "ban" } });
    assert_eq!(me, banned);
    for path in ["/channels/ada/chat", "/channels/ada/playback"] {
        let refused = server.get(Some(&bob), path).await;
        refused.expect_error(403, "FORBIDDEN");
    }
    let hi = json!({ "text": "hi" });
    let said = server.post(Some(&bob), "/channels/ada/chat", hi).await;
    said.expect_error(403, "BANNED");
    let follow = server.ask(Method::PUT, Some(&bob), FOLLOW, None).await;
    follow.expect_error(403, "FORBIDDEN");
    let roles = server.get(None, "/channels/ada/roles").await.expect(200);
    assert_eq!(roles["items"], json!([]));

    let listed = server.get(Some(&ada), "/me/blocks").await.expect(200);
    assert_eq!(names(&listed, "/user/username"), ["bob"]);
    let bad = server.get(Some(&ada), "/me/blocks?cursor=bob").await;
    bad.expect_error(400, "UNKNOWN_CURSOR");
    let unblock = || server.ask(Method::DELETE, Some(&ada), "/me/blocks/bob", None);
    unblock().await.expect(204);
    unblock().await.expect(204);
    assert_eq!(role(&server, Some(&bob)).await, "viewer");
    for (who, code) in [("nobody", "USER_NOT_FOUND"), ("b", "USER_NOT_FOUND")] {
        let path = format!("/me/blocks/{who}");
        let refused = server.ask(Method::PUT, Some(&ada), &path, None).await;
        refused.expect_error(404, code);
    }
    let oneself = server
        .ask(Method::PUT, Some(&ada), "/me/blocks/ada", None)
        .await;
    oneself.expect_error(409, "ONESELF");
}

#[tokio::test]
async fn everybody_is_told_what_they_are_to_a_channel() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    let bob = server.user("bob").await;
    let root = server.admin().await;
    assert_eq!(role(&server, None).await, "guest");
    assert_eq!(role(&server, Some(&bob)).await, "viewer");
    assert_eq!(role(&server, Some(&ada)).await, "owner");
    assert_eq!(role(&server, Some(&root)).await, "admin");

    let made = put(&server, &ada, "/channels/ada/moderators/bob").await;
    assert_eq!(
        (&made["role"], &made["user"]["username"]),
        (&json!("moderator"), &json!("bob"))
    );
    assert_eq!(role(&server, Some(&bob)).await, "moderator");
    put(&server, &ada, "/channels/ada/vips/bob").await;
    assert_eq!(role(&server, Some(&bob)).await, "vip");
    let roles = server.get(None, "/channels/ada/roles").await.expect(200);
    assert_eq!(names(&roles, "/role"), ["vip"]);
    // They are no moderator any more: to take that from them changes nothing.
    let dismiss = |what: &str| {
        let path = format!("/channels/ada/{what}/bob");
        let server = &server;
        let bob = &bob;
        async move { server.ask(Method::DELETE, Some(bob), path, None).await }
    };
    dismiss("moderators").await.expect(204);
    assert_eq!(role(&server, Some(&bob)).await, "vip");
    dismiss("vips").await.expect(204);
    assert_eq!(role(&server, Some(&bob)).await, "viewer");
    let owner = server
        .ask(Method::PUT, Some(&ada), "/channels/ada/vips/ada", None)
        .await;
    owner.expect_error(409, "CANNOT_APPOINT_STAFF");

    let who = server.get(Some(&bob), "/me").await.expect(200);
    let path = format!("/channels/ada/chat/restrictions/user:{}", text(&who, "/id"));
    let quiet = Some(json!({ "kind": "timeout", "seconds": 60 }));
    let quiet = server.ask(Method::PUT, Some(&ada), &path, quiet).await;
    quiet.expect(200);
    let me = server.get(Some(&bob), "/channels/ada/me").await.expect(200);
    assert_eq!(me["restriction"]["kind"], "timeout");
    assert_eq!(me["role"], "viewer");
    server.clock.advance(std::time::Duration::from_secs(61));
    let me = server.get(Some(&bob), "/channels/ada/me").await.expect(200);
    assert_eq!(me["restriction"], Value::Null);
}
