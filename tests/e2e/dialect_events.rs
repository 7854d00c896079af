//! Clients of other platforms that are connected: from their first request to an encoder's
//! pictures and a chat, by nothing but their own documents, at the server as it is installed.

use std::time::Duration;

use greenroom_tests::chat::{ChatClients, Transport};
use greenroom_tests::ffmpeg::Publish;
use greenroom_tests::probe;
use greenroom_tests::server::Server;
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(20);
/// How long it may take until whoever is cut off is off.
const AT_ONCE: Duration = Duration::from_secs(1);
const BOTH: [(&str, &str); 2] = [
    (
        "GREENROOM_HTTP__DIALECTS",
        r#"["harmoniecore","pawfectmatch"]"#,
    ),
    ("GREENROOM_HTTP__SOCKETIO_DIALECT", "harmoniecore"),
];

#[tokio::test]
async fn pawfectmatch_from_start_to_the_kill_switch() {
    let server = Server::start_with(&BOTH).await;
    let root = server.admin("root").await;
    let (ann, anns) = server.user("ann").await;
    let (bob, bobs) = server.user("bob").await;
    let owner = server.api_as(&ann);

    let start = json!({ "title": "Walkies", "tags": ["dogs"] });
    let stream = owner.post("/api/live/start", &start).await.expect(201);
    let id = text(&stream, "streamId");
    let ingress = format!("/api/live/{id}/ingress");
    let ingress = owner.post(&ingress, &json!({})).await.expect(200);
    let (url, key) = (text(&ingress, "rtmpUrl"), text(&ingress, "streamKey"));
    let mut publisher = Publish::default().to(&format!("{url}/{key}"));
    let play = text(&stream, "playbackUrl");
    let viewer = server.api();
    let begun = viewer.until(&play, "it is there", LIMIT, |answer| {
        (answer.status == 200).then_some(())
    });
    begun.await;
    let shown = probe::inspect(&play, LIMIT).await;
    shown.expect("it is played");
    let listed = viewer
        .until("/api/live/active", "it is listed", LIMIT, |answer| {
            answer.json.get(0).cloned()
        })
        .await;
    assert_eq!(listed["ownerId"], anns.as_str(), "{listed}");

    let mut clients = ChatClients::of(&server.http());
    for (name, token, transports) in [
        ("owner", &ann, json!(["websocket"])),
        ("bob", &bob, json!(["polling"])),
        ("by both", &bob, json!(["polling", "websocket"])),
    ] {
        let order = clients
            .order(json!({
                "do": "connect", "client": name, "transports": transports,
                "auth": { "token": token, "streamId": id },
            }))
            .await;
        clients.answer(order).await;
        let state = clients.hears(name, "live:state", |state| state["title"].is_string());
        assert_eq!(state.await["isLive"], true);
    }
    // Who played it a moment ago may count, too.
    let watched = |state: &Value| state["viewers"].as_u64() > Some(0);
    clients.hears("owner", "live:state", watched).await;
    let said = json!({ "content": "Good boy!" });
    clients.does("bob", "live:message", said).await;
    for name in ["owner", "bob", "by both"] {
        let message = clients.hears(name, "live:message", |_| true).await;
        assert_eq!(message["authorId"], bobs.as_str(), "{message}");
        assert_eq!(message["content"], "Good boy!");
    }
    let message = clients.hears("owner", "live:message", |_| true).await;
    let pin = json!({ "messageId": message["messageId"], "content": "Good boy!" });
    clients.does("owner", "live:pin", pin.clone()).await;
    clients.fails("bob", "live:pin", pin, "FORBIDDEN").await;
    let pinned = clients.hears("bob", "live:pinned:updated", |_| true).await;
    assert_eq!(pinned["pinnedMessages"][0]["authorId"], bobs.as_str());

    let end = format!("/api/live/{id}/end");
    let ended = server.api_as(&root).post(&end, &json!({})).await;
    assert_eq!(ended.expect(200)["isLive"], false);
    publisher.ended(AT_ONCE).await;
    let over = |state: &Value| state["isLive"] == false;
    clients.hears("bob", "live:state", over).await;
    let late = json!({ "content": "late" });
    let code = "STREAM_ENDED";
    clients.fails("bob", "live:message", late, code).await;
    assert!(!server.has_logged(&key));
}

#[tokio::test]
async fn harmoniecore_from_create_to_end_and_over_a_restart() {
    let mut server = Server::start_with(&BOTH).await;
    let (artist, artists) = server.user("artist123").await;
    let (fan, fans) = server.user("fan").await;
    let create = json!({ "artistId": artists, "title": "Live Concert", "category": "music" });
    let api = server.api_as(&artist);
    let stream = api.post("/api/streams/create", &create).await.expect(201);
    let id = text(&stream, "id");

    let mut clients = ChatClients::of(&server.http());
    let start = json!({ "streamId": id, "userId": artists });
    clients
        .connect("artist", Transport::Upgrade, Some(&artist))
        .await;
    clients.does("artist", "start-stream", start.clone()).await;
    let started = clients.hears("artist", "stream-started", |_| true).await;
    assert_eq!(
        (&started["id"], &started["artistId"]),
        (&stream["id"], &json!(artists))
    );
    clients.connect("fan", Transport::Polling, Some(&fan)).await;
    for (name, user) in [("artist", &artists), ("fan", &fans)] {
        let join = json!({ "streamId": id, "userData": { "userId": user } });
        clients.does(name, "join-stream", join).await;
    }
    let say = |message: &str| json!({ "streamId": id, "message": message });
    let said = clients.does("fan", "send-message", say("Great!")).await;
    let heard = clients.hears("artist", "new-message", |_| true).await;
    assert_eq!(heard["userId"], fans.as_str(), "{heard}");
    assert_eq!(heard["id"], said["place"]);

    // Who comes back after a restart, with the last message's id, has missed nothing.
    clients.disconnect("fan").await;
    clients.does("artist", "send-message", say("One")).await;
    server.kill().await;
    server.restart().await;
    clients.hears("artist", "disconnect", |_| true).await;
    clients.reconnect("fan").await;
    let join = json!({ "streamId": id, "after": heard["id"] });
    let joined = clients.does("fan", "join-stream", join).await;
    assert_eq!(joined["streamId"], id.as_str(), "{joined}");
    let missed = clients.hears("fan", "new-message", |it| it["message"] == "One");
    assert_eq!(missed.await["userId"], artists.as_str());
    assert_eq!(clients.count("fan", "new-message"), 2);

    let api = server.api_as(&artist);
    api.post(&format!("/api/v1/streams/{id}/end"), &json!({}))
        .await
        .expect(200);
    let ended = clients.hears("fan", "stream-ended", |_| true).await;
    assert_eq!(
        (&ended["streamId"], &ended["reason"]),
        (&json!(id), &json!("owner_ended"))
    );
    clients
        .fails("fan", "send-message", say("late"), "STREAM_ENDED")
        .await;
}

fn text(json: &Value, field: &str) -> String {
    let text = json[field].as_str();
    text.unwrap_or_else(|| panic!("{field} in {json}"))
        .to_owned()
}
