//! From an account to a channel that is live, and back.

use greenroom_testkit::media::MediaCall;
use reqwest::Method;
use serde_json::json;

use crate::support::{Server, text};

#[tokio::test]
async fn from_registration_to_a_key_that_is_revoked() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    let who = Some(ada.as_str());

    let channel = server.get(who, "/me/channel").await.expect(200);
    assert_eq!(channel["handle"], "ada");
    assert_eq!(
        channel["ingest"]["addresses"][0]["url"],
        "rtmp://localhost:1935/live"
    );
    assert_eq!(channel["ingest"]["gate"]["state"], "open");
    let seen_by_others = server.get(None, "/channels/ada").await.expect(200);
    assert!(seen_by_others.get("ingest").is_none());

    let made = server.post(who, "/channels/ada/keys", json!({ "label": "OBS" }));
    let made = made.await.expect(201);
    let (id, first) = (text(&made, "/key/id"), text(&made, "/secret"));
    assert!(first.starts_with("gk_"));
    let shown = server.get(who, format!("/keys/{id}/secret")).await;
    assert_eq!(shown.expect(200)["secret"], first.as_str());

    let rotated = server.post(who, format!("/keys/{id}/rotate"), json!({}));
    let second = text(&rotated.await.expect(200), "/secret");
    assert_ne!(first, second);

    let listed = server.get(who, "/channels/ada/keys").await;
    assert!(!listed.text.contains("gk_"), "{}", listed.text);
    let listed = listed.expect(200);
    let fields: Vec<&String> = listed["items"][0].as_object().unwrap().keys().collect();
    assert_eq!(
        fields,
        [
            "created_at",
            "id",
            "label",
            "revoked_at",
            "rotated_at",
            "status",
            "stream_id"
        ]
    );

    let revoke = server.ask(Method::DELETE, who, format!("/keys/{id}"), None);
    assert_eq!(revoke.await.expect(200)["status"], "revoked");
    let again = server.ask(Method::DELETE, who, format!("/keys/{id}"), None);
    assert_eq!(again.await.expect(200)["status"], "revoked");
    let shown = server.get(who, format!("/keys/{id}/secret")).await;
    shown.expect_error(410, "KEY_REVOKED");
}

#[tokio::test]
async fn a_stream_from_planned_to_ended() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    let who = Some(ada.as_str());
    let plan = json!({ "title": "Soldering", "category": "Electronics" });
    let planned = server.post(who, "/channels/ada/streams", plan).await;
    let planned = planned.expect(201);
    assert_eq!(planned["status"], "pending");
    let id = text(&planned, "/id");
    let early = server.post(None, format!("/streams/{id}/join"), json!({}));
    early.await.expect_error(409, "STREAM_NOT_LIVE");

    let start = format!("/streams/{id}/start");
    let live = server.post(who, &start, json!({})).await.expect(200);
    assert_eq!(
        (&live["status"], &live["ingest"]),
        (&json!("live"), &json!("awaiting"))
    );
    let again = server.post(who, &start, json!({})).await.expect(200);
    assert_eq!(live["started_at"], again["started_at"]);

    let listed = server.get(None, "/streams?search=solder&category=electronics");
    let listed = listed.await.expect(200);
    assert_eq!(listed["items"][0]["id"], id.as_str());
    assert_eq!(listed["next_cursor"], json!(null));
    let other = server.get(None, "/streams?tag=cooking").await.expect(200);
    assert_eq!(other["items"], json!([]));
    let channel = server.get(None, "/channels/ada").await.expect(200);
    assert_eq!(channel["live"]["id"], id.as_str());

    let join = server.post(None, format!("/streams/{id}/join"), json!({}));
    let joined = join.await.expect(200);
    assert!(text(&joined, "/playback/0/url").starts_with("/hls/ada/"));
    let viewers = server.get(None, format!("/streams/{id}/viewers")).await;
    assert_eq!(viewers.expect(200), json!({ "viewers": 0, "users": [] }));
    let encoder = server.get(who, format!("/streams/{id}/ingest")).await;
    assert_eq!(
        encoder.expect(200),
        json!({ "encoder": null, "elsewhere": false })
    );

    let end = format!("/streams/{id}/end");
    let ended = server.post(who, &end, json!({})).await.expect(200);
    assert_eq!(ended["end_reason"], "owner_ended");
    let again = server.post(who, &end, json!({})).await.expect(200);
    assert_eq!(ended, again);
    let told = server.media.calls();
    assert!(
        matches!(told.as_slice(), [.., MediaCall::End(_, stream)] if stream.to_string() == id),
        "{told:?}"
    );
    let late = server.post(None, format!("/streams/{id}/join"), json!({}));
    late.await.expect_error(410, "STREAM_ENDED");
    let late = server.post(who, &start, json!({})).await;
    late.expect_error(410, "STREAM_ENDED");
    let all = server.get(None, "/channels/ada/streams").await.expect(200);
    assert_eq!(all["items"][0]["status"], "ended");
}

#[tokio::test]
async fn an_administrators_end_locks_until_one_lifts_it() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    let root = server.admin().await;
    let id = server.live_stream(&ada, "ada").await;
    let ended = server.post(Some(&root), format!("/streams/{id}/end"), json!({}));
    assert_eq!(ended.await.expect(200)["end_reason"], "admin_ended");
    let channel = server.get(Some(&ada), "/channels/ada").await.expect(200);
    assert_eq!(channel["ingest"]["gate"]["state"], "locked");

    let next = server.post(Some(&ada), "/channels/ada/streams", json!({}));
    let next = text(&next.await.expect(201), "/id");
    let start = format!("/streams/{next}/start");
    let refused = server.post(Some(&ada), &start, json!({})).await;
    refused.expect_error(409, "INGEST_LOCKED");
    let lift = "/channels/ada/ingest-lock";
    let lifted = server.ask(Method::DELETE, Some(&root), lift, None).await;
    lifted.expect(204);
    server.post(Some(&ada), &start, json!({})).await.expect(200);
}

#[tokio::test]
async fn an_account_is_renamed_and_its_password_changed() {
    let server = Server::start().await;
    let bob = server.user("bob").await;
    let rename = json!({ "display_name": "Bob  the builder" });
    let me = server.ask(Method::PATCH, Some(&bob), "/me", Some(rename));
    assert_eq!(me.await.expect(200)["display_name"], "Bob  the builder");
    let seen = server.get(None, "/users/BOB").await.expect(200);
    let fields: Vec<&String> = seen.as_object().unwrap().keys().collect();
    assert_eq!(fields, ["avatar_url", "display_name", "id", "username"]);

    let change = |old: &str| json!({ "old_password": old, "new_password": "another long one" });
    let wrong = server.ask(
        Method::PUT,
        Some(&bob),
        "/me/password",
        Some(change("not that one")),
    );
    wrong.await.expect_error(401, "WRONG_CREDENTIALS");
    let right = change(crate::support::PASSWORD);
    let changed = server.ask(Method::PUT, Some(&bob), "/me/password", Some(right));
    changed.await.expect(204);
    server
        .get(Some(&bob), "/me")
        .await
        .expect_error(401, "NOT_SIGNED_IN");
    let sign_in = json!({ "username": "bob", "password": "another long one" });
    server.post(None, "/sessions", sign_in).await.expect(201);
}

#[tokio::test]
async fn an_administrator_reviews_creators() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    let root = server.admin().await;
    let id = server.live_stream(&ada, "ada").await;
    let listed = server.get(Some(&root), "/users?creator_status=approved&limit=1");
    let listed = listed.await.expect(200);
    assert_eq!(listed["items"][0]["username"], "ada");
    let suspend = json!({ "status": "suspended" });
    let suspended = server.ask(
        Method::PUT,
        Some(&root),
        "/users/ada/creator",
        Some(suspend),
    );
    assert_eq!(suspended.await.expect(200)["creator_status"], "suspended");
    let stream = server.get(None, format!("/streams/{id}")).await;
    assert_eq!(stream.expect(200)["end_reason"], "admin_ended");
    let plan = server.post(Some(&ada), "/channels/ada/streams", json!({}));
    plan.await.expect_error(403, "CREATOR_SUSPENDED");
}

#[tokio::test]
async fn setup_is_open_once() {
    let server = Server::start().await;
    assert_eq!(
        server.get(None, "/setup").await.expect(200),
        json!({ "open": false })
    );
    server.admin().await;
    assert_eq!(
        server.get(None, "/setup").await.expect(200),
        json!({ "open": false })
    );
    let again = json!({ "token": "gs_wrong", "username": "eve", "password": "correct horse" });
    let again = server.post(None, "/setup", again).await;
    again.expect_error(403, "SETUP_LINK_INVALID");
}

#[tokio::test]
async fn pages_follow_each_other() {
    let server = Server::start().await;
    let ada = server.creator("ada").await;
    for _ in 0..3 {
        let plan = server.post(Some(&ada), "/channels/ada/streams", json!({}));
        plan.await.expect(201);
    }
    let mut seen = Vec::new();
    let mut path = "/channels/ada/streams?limit=2".to_owned();
    loop {
        let page = server.get(None, &path).await.expect(200);
        let items = page["items"].as_array().unwrap();
        seen.extend(items.iter().map(|item| text(item, "/id")));
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/channels/ada/streams?limit=2&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(seen.len(), 3);
    seen.dedup();
    assert_eq!(seen.len(), 3);
}
