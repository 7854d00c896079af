//! `StreamIt`'s document.

use std::time::Duration;

use greenroom_app::account::authenticate;
use greenroom_app::social::follow;
use greenroom_app::stream::join;
use greenroom_domain::channel::Handle;
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::id::ConnectionId;
use greenroom_domain::social::Notify;
use greenroom_testkit::builders::guest_id;
use greenroom_web::Dialect;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Server, text};
use crate::{ask, creator, get, post, speaking, user};

async fn put(server: &Server, who: &str, path: &str, body: Value) -> Answer {
    ask(server, Method::PUT, Some(who), path, Some(body)).await
}

/// A creator whose stream is made, and its answer.
async fn with_stream(server: &Server, name: &str, title: &str) -> (String, Value) {
    let who = creator(server, name);
    let body = json!({ "title": title, "description": "Every Friday" });
    let made = post(server, Some(&who), "/api/stream/create", body).await;
    let made = made.expect(200);
    (who, made)
}

/// Goes live by command.
async fn go_live(server: &Server, who: &str, handle: &str) -> String {
    let stream = server.live_stream(who, handle).await;
    server.clock.advance(Duration::from_secs(3));
    stream
}

#[tokio::test]
async fn create_makes_the_stream_and_its_ingress() {
    let server = speaking(Dialect::StreamIt).await;
    let (ada, made) = with_stream(&server, "ada-1", "Live coding").await;
    assert_eq!(made["title"], "Live coding");
    assert_eq!(made["description"], "Every Friday");
    assert_eq!(made["userId"], "ada-1");
    assert_eq!(made["isLive"], false);
    assert_eq!(made["isChatEnabled"], true);
    assert_eq!(made["serverUrl"], "rtmp://localhost:1935/live");
    let again = json!({ "title": "Live painting" });
    let again = post(&server, Some(&ada), "/api/stream/create", again).await;
    let again = again.expect(200);
    assert_eq!(again["id"], made["id"], "a user has one stream");
    assert_eq!(again["title"], "Live painting");
    assert_eq!(again["description"], "Every Friday");
    assert_eq!(again["streamKey"], made["streamKey"]);
}

#[tokio::test]
async fn a_stream_is_managed_by_approved_creators_alone() {
    let server = speaking(Dialect::StreamIt).await;
    let bob = user(&server, "bob-2");
    for (method, path) in [
        (Method::POST, "create"),
        (Method::POST, "ingress"),
        (Method::DELETE, "ingress"),
        (Method::GET, "info"),
        (Method::GET, "credentials"),
        (Method::PUT, "info"),
        (Method::PUT, "chat-settings"),
        (Method::GET, "status"),
        (Method::POST, "creator-token"),
    ] {
        let path = format!("/api/stream/{path}");
        let guest = ask(&server, method.clone(), None, &path, None).await;
        guest.expect_error(401, "SIGN_IN_FIRST");
        let viewer = ask(&server, method, Some(&bob), &path, None).await;
        viewer.expect_error(403, "NOT_A_CREATOR");
    }
}

#[tokio::test]
async fn an_ingress_is_a_stream_key_and_a_server_url() {
    let server = speaking(Dialect::StreamIt).await;
    let ada = creator(&server, "ada-1");
    let ingress = json!({ "ingressType": "RTMP" });
    let made = post(&server, Some(&ada), "/api/stream/ingress", ingress.clone()).await;
    let made = made.expect(200);
    assert_eq!(made["serverUrl"], "rtmp://localhost:1935/live");
    let kept = get(&server, Some(&ada), "/api/stream/credentials").await;
    assert_eq!(kept.expect(200), made);

    let anew = post(&server, Some(&ada), "/api/stream/ingress", ingress).await;
    let anew = anew.expect(200);
    assert_eq!(anew["ingressId"], made["ingressId"]);
    assert_ne!(
        anew["streamKey"], made["streamKey"],
        "the old one is worth nothing"
    );

    let whip = json!({ "ingressType": "WHIP" });
    let whip = post(&server, Some(&ada), "/api/stream/ingress", whip).await;
    whip.expect_error(501, "WHIP_NOT_AVAILABLE");
    let kept = get(&server, Some(&ada), "/api/stream/credentials").await;
    assert_eq!(kept.expect(200), anew, "what cannot be had costs nothing");
    let other = json!({ "ingressType": "SRT" });
    let other = post(&server, Some(&ada), "/api/stream/ingress", other).await;
    other.expect(422);

    for _ in 0..2 {
        let gone = ask(
            &server,
            Method::DELETE,
            Some(&ada),
            "/api/stream/ingress",
            None,
        )
        .await;
        gone.expect(200);
    }
    let none = get(&server, Some(&ada), "/api/stream/credentials").await;
    none.expect_error(404, "KEY_NOT_FOUND");
}

#[tokio::test]
async fn info_has_no_key() {
    let server = speaking(Dialect::StreamIt).await;
    let (ada, made) = with_stream(&server, "ada-1", "Live coding").await;
    let info = get(&server, Some(&ada), "/api/stream/info")
        .await
        .expect(200);
    assert_eq!(info["title"], "Live coding");
    assert_eq!(info["ingressId"], made["ingressId"]);
    assert!(!info.to_string().contains(&text(&made, "/streamKey")));
    assert_eq!(info.get("streamKey"), None);

    let new = creator(&server, "eve-3");
    let none = get(&server, Some(&new), "/api/stream/info").await;
    none.expect_error(404, "CHANNEL_NOT_FOUND");
}

#[tokio::test]
async fn info_is_updated() {
    let server = speaking(Dialect::StreamIt).await;
    let (ada, _) = with_stream(&server, "ada-1", "Live coding").await;
    let path = "/api/stream/info";
    let said = json!({ "title": "Live painting", "thumbnail": null });
    let info = put(&server, &ada, path, said).await.expect(200);
    assert_eq!(info["title"], "Live painting");
    assert_eq!(
        info["description"], "Every Friday",
        "what is left out stays"
    );

    let jpeg = crate::support::JPEG;
    let cover = server.upload(Some(&ada), "/channels/ada-1/cover", "image/jpeg", jpeg);
    cover.await.expect(200);
    let info = get(&server, Some(&ada), path).await.expect(200);
    let thumbnail = text(&info, "/thumbnail");
    assert!(
        thumbnail.starts_with("https://tv.example/pictures/"),
        "{thumbnail}"
    );
    let same = put(&server, &ada, path, json!({ "thumbnail": thumbnail })).await;
    assert_eq!(same.expect(200)["thumbnail"], thumbnail.as_str());
    let foreign = json!({ "thumbnail": "https://elsewhere.example/track.gif" });
    let foreign = put(&server, &ada, path, foreign).await;
    assert_eq!(
        foreign.expect_error(422, "INVALID_FIELD")["field"],
        "thumbnail"
    );
    let none = put(&server, &ada, path, json!({ "thumbnail": null })).await;
    assert_eq!(none.expect(200)["thumbnail"], Value::Null);
}

#[tokio::test]
async fn chat_settings_hold_in_the_room() {
    let server = speaking(Dialect::StreamIt).await;
    let (ada, _) = with_stream(&server, "ada-1", "Live coding").await;
    let bob = user(&server, "bob-2");
    let set = async |said: Value| {
        let set = put(&server, &ada, "/api/stream/chat-settings", said).await;
        set.expect(200)
    };
    let says = async |code: &str| {
        let message = json!({ "text": "hello" });
        let said = server
            .post(Some(&bob), "/channels/ada-1/chat", message)
            .await;
        match code {
            "" => said.expect(201),
            code => said.expect_error(403, code),
        }
    };
    let closed = set(json!({ "isChatEnabled": false })).await;
    let switches = json!({
        "isChatEnabled": false, "isChatDelayed": false, "isChatFollowersOnly": false,
    });
    assert_eq!(closed["data"], switches);
    says("CHAT_DISABLED").await;

    let followers = json!({ "isChatEnabled": true, "isChatFollowersOnly": true });
    assert_eq!(set(followers).await["isChatFollowersOnly"], true);
    says("FOLLOWERS_ONLY").await;
    follow(&server, &bob, "ada-1").await;
    says("").await;

    set(json!({ "isChatDelayed": true, "isChatFollowersOnly": false })).await;
    let shown = get(&server, None, "/api/viewer/stream/ada-1")
        .await
        .expect(200);
    let switches = ["isChatEnabled", "isChatDelayed", "isChatFollowersOnly"];
    assert_eq!(
        switches.map(|switch| shown[switch].clone()),
        [true, true, false].map(Value::from)
    );
}

#[tokio::test]
async fn status_is_live_and_how_many_watch() {
    let server = speaking(Dialect::StreamIt).await;
    let (ada, _) = with_stream(&server, "ada-1", "Live coding").await;
    let path = "/api/stream/status";
    let status = get(&server, Some(&ada), path).await.expect(200);
    assert_eq!(status["data"], json!({ "isLive": false, "viewerCount": 0 }));
    go_live(&server, &ada, "ada-1").await;
    let status = get(&server, Some(&ada), path).await.expect(200);
    assert_eq!(status["data"], json!({ "isLive": true, "viewerCount": 0 }));
}

#[tokio::test]
async fn a_stream_by_its_creators_name_has_no_secrets() {
    let server = speaking(Dialect::StreamIt).await;
    let (ada, made) = with_stream(&server, "ada-1", "Live coding").await;
    go_live(&server, &ada, "ada-1").await;
    let answer = get(&server, None, "/api/viewer/stream/ada-1").await;
    let shown = answer.expect(200);
    assert_eq!(shown["isLive"], true);
    assert_eq!(shown["user"]["id"], "ada-1");
    assert_eq!(shown["user"]["name"], "ADA-1");
    for secret in ["streamKey", "serverUrl", "ingressId"] {
        assert_eq!(shown.get(secret), None, "{secret}");
        assert!(
            !shown
                .to_string()
                .contains(&text(&made, &format!("/{secret}")))
        );
    }
    for nobodys in ["nobody", "x", "%20"] {
        let path = format!("/api/viewer/stream/{nobodys}");
        get(&server, None, &path)
            .await
            .expect_error(404, "USER_NOT_FOUND");
    }
    user(&server, "bob-2");
    get(&server, Some("bob-2"), "/api/viewer/live")
        .await
        .expect(200);
    let none = get(&server, None, "/api/viewer/stream/bob-2").await;
    none.expect_error(404, "CHANNEL_NOT_FOUND");
}

#[tokio::test]
async fn live_streams_by_viewers() {
    let server = speaking(Dialect::StreamIt).await;
    let (ada, _) = with_stream(&server, "ada-1", "Live coding").await;
    let (eve, _) = with_stream(&server, "eve-3", "Live painting").await;
    with_stream(&server, "off-4", "Not yet").await;
    go_live(&server, &ada, "ada-1").await;
    let eves = go_live(&server, &eve, "eve-3").await.parse().unwrap();
    let connection = ConnectionId::from_uuid(guest_id("somebody").uuid());
    join::execute(
        &server.app,
        &Actor::Guest(guest_id("somebody")),
        eves,
        connection,
    )
    .await
    .unwrap();
    server.clock.advance(Duration::from_secs(3));
    let live = get(&server, None, "/api/viewer/live").await.expect(200);
    let live = live.as_array().unwrap();
    let ids: Vec<String> = live.iter().map(|stream| text(stream, "/userId")).collect();
    assert_eq!(ids, ["eve-3", "ada-1"]);
    assert_eq!(live[0]["viewerCount"], 1);
    assert!(live.iter().all(|stream| stream["isLive"] == true));
}

/// Somebody of the host platform follows a channel.
async fn follow(server: &Server, who: &str, handle: &str) {
    let found = authenticate::by_token(&server.app, who).await;
    let actor = found.expect("somebody").actor;
    let handle = Handle::parse(handle).expect("a handle");
    follow::execute(&server.app, &actor, &handle, Notify::Live)
        .await
        .expect("followed");
    server.clock.advance(Duration::from_secs(3));
}

fn creators(streams: &Value) -> Vec<String> {
    let streams = streams.as_array().expect("a list").iter();
    streams.map(|stream| text(stream, "/userId")).collect()
}

#[tokio::test]
async fn followed_creators_live_or_not() {
    let server = speaking(Dialect::StreamIt).await;
    let bob = user(&server, "bob-2");
    for name in ["ada-1", "eve-3", "off-4", "sue-5"] {
        with_stream(&server, name, "Something").await;
    }
    let path = "/api/viewer/following";
    assert_eq!(get(&server, None, path).await.expect(200), json!([]));
    assert_eq!(get(&server, Some(&bob), path).await.expect(200), json!([]));
    for followed in ["eve-3", "ada-1", "off-4"] {
        follow(&server, &bob, followed).await;
    }
    for live in ["eve-3", "sue-5"] {
        go_live(&server, live, live).await;
    }
    let followed = get(&server, Some(&bob), path).await.expect(200);
    assert_eq!(creators(&followed), ["eve-3", "off-4", "ada-1"]);
    assert_eq!(followed[0]["isLive"], true);
    assert_eq!(followed[1]["isLive"], false);
}

#[tokio::test]
async fn recommended_are_followed_categories_and_tags_then_viewers() {
    let server = speaking(Dialect::StreamIt).await;
    let bob = user(&server, "bob-2");
    for (name, changes) in [
        ("ada-1", json!({ "category": "Music" })),
        ("eve-3", json!({ "category": "Art", "tags": ["oil"] })),
        ("joe-4", json!({ "category": "music" })),
        ("sue-5", json!({ "tags": ["oil", "ink"] })),
        ("tom-6", json!({ "category": "Games" })),
    ] {
        with_stream(&server, name, "Something").await;
        let path = format!("/channels/{name}");
        let edited = server.ask(Method::PATCH, Some(name), path, Some(changes));
        edited.await.expect(200);
    }
    for live in ["tom-6", "joe-4", "sue-5"] {
        go_live(&server, live, live).await;
    }
    let path = "/api/viewer/recommended";
    let for_guests = get(&server, None, path).await.expect(200);
    assert_eq!(creators(&for_guests), ["tom-6", "joe-4", "sue-5"]);
    follow(&server, &bob, "eve-3").await;
    let by_tag = get(&server, Some(&bob), path).await.expect(200);
    assert_eq!(creators(&by_tag), ["sue-5", "tom-6", "joe-4"]);
    follow(&server, &bob, "ada-1").await;
    let by_both = get(&server, Some(&bob), path).await.expect(200);
    assert_eq!(creators(&by_both), ["joe-4", "sue-5", "tom-6"]);
}

#[tokio::test]
async fn answers_are_told_in_both_of_the_clients_ways() {
    let server = speaking(Dialect::StreamIt).await;
    with_stream(&server, "ada-1", "Live coding").await;
    server.media.open_rooms();
    let token = json!({ "hostId": "ada-1", "guestName": "Somebody" });
    let mut told = post(&server, None, "/api/viewer/token", token)
        .await
        .expect(200);
    let object = told.as_object_mut().expect("an object");
    assert_eq!(object.remove("success"), Some(Value::Bool(true)));
    let data = object.remove("data");
    assert_eq!(data.as_ref(), Some(&told));
    let mut names: Vec<&String> = told.as_object().expect("an object").keys().collect();
    names.sort();
    assert_eq!(names, ["identity", "name", "token", "wsUrl"]);

    let refused = post(&server, None, "/api/viewer/token", json!({ "hostId": "x" })).await;
    // Without `success`, which is a failure to them, too.
    refused.expect_error(404, "USER_NOT_FOUND");
}

#[tokio::test]
async fn a_seat_is_for_those_who_may_watch() {
    let server = speaking(Dialect::StreamIt).await;
    let (ada, _) = with_stream(&server, "ada-1", "Live coding").await;
    let token = json!({ "hostId": "ada-1", "guestName": "Somebody" });
    let guest = post(&server, None, "/api/viewer/token", token.clone()).await;
    guest.expect_error(501, "LIVEKIT_NOT_CONFIGURED");
    let own = post(&server, Some(&ada), "/api/stream/creator-token", json!({})).await;
    own.expect_error(501, "LIVEKIT_NOT_CONFIGURED");
    let nobodys = post(
        &server,
        None,
        "/api/viewer/token",
        json!({ "hostId": "none" }),
    )
    .await;
    nobodys.expect_error(404, "USER_NOT_FOUND");

    server.media.open_rooms();
    let bob = user(&server, "bob-2");
    let seat = post(&server, Some(&bob), "/api/viewer/token", token.clone()).await;
    let seat = seat.expect(200);
    assert_eq!(seat["wsUrl"], "wss://rooms.example");
    assert_eq!(seat["name"], "BOB-2");
    assert!(text(&seat, "/token").starts_with(&text(&seat, "/identity")));
    let guest = post(&server, None, "/api/viewer/token", token.clone()).await;
    let guest = guest.expect(200);
    assert!(text(&guest, "/identity").starts_with("guest-"), "{guest}");
    let own = post(&server, Some(&ada), "/api/stream/creator-token", json!({})).await;
    assert!(text(&own.expect(200), "/identity").starts_with("Host-"));

    let me = server.get(Some(&bob), "/me").await.expect(200);
    let path = format!(
        "/channels/ada-1/chat/restrictions/user:{}",
        text(&me, "/id")
    );
    let ban = server.ask(
        Method::PUT,
        Some(&ada),
        path,
        Some(json!({ "kind": "ban" })),
    );
    ban.await.expect(200);
    let banned = post(&server, Some(&bob), "/api/viewer/token", token).await;
    banned.expect_error(403, "FORBIDDEN");
}
