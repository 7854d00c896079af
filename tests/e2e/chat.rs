//! Chat with the real `socket.io-client`: one order for all, nothing lost, nothing twice.

use std::time::{Duration, Instant};

use greenroom_tests::chat::{ChatClients, Transport, check_log, check_view, log};
use greenroom_tests::ffmpeg::{Picture, Publish};
use greenroom_tests::server::{Channel, Server};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(20);

/// An encoder publishes; the id of the stream.
async fn live(server: &Server, channel: &Channel) -> (greenroom_tests::ffmpeg::Publisher, String) {
    let publish = Publish {
        picture: Some(Picture {
            size: (640, 360),
            ..Picture::default()
        }),
        ..Publish::default()
    };
    let publisher = publish.to(&server.publish_url(&channel.key));
    let path = format!("/api/v1/channels/{}", channel.handle);
    let id = |answer: &greenroom_tests::api::Answer| {
        answer.json["live"]["id"].as_str().map(str::to_owned)
    };
    let stream = server.api().until(&path, "it is live", LIMIT, id).await;
    (publisher, stream)
}

fn texts(lines: &[Value]) -> Vec<&str> {
    let messages = lines.iter().filter(|line| line["type"] == "message");
    messages.filter_map(|line| line["text"].as_str()).collect()
}

#[tokio::test]
async fn everybody_sees_one_order_and_is_counted_once() {
    let server = Server::start().await;
    let channel = server.channel("kim").await;
    let (ann, _) = server.user("ann").await;
    let (publisher, stream) = live(&server, &channel).await;
    let join = json!({ "streamId": stream });
    let mut clients = ChatClients::of(&server.http());

    // One identity with two sockets is one viewer; the owner is none.
    let members = [
        (
            "owner",
            Transport::WebSocket,
            Some(channel.token.as_str()),
            0,
        ),
        ("guest", Transport::Polling, None, 1),
        ("other guest", Transport::Upgrade, None, 2),
        ("ann", Transport::Polling, Some(&ann), 3),
        ("ann again", Transport::WebSocket, Some(&ann), 3),
    ];
    for (name, transport, token, viewers) in members {
        let session = clients.connect(name, transport, token).await;
        assert_eq!(session["user"].is_null(), token.is_none(), "{session}");
        let joined = clients.follow(name, "join-stream", join.clone()).await;
        assert_eq!(joined["viewers"], viewers, "{name}: {joined}");
        assert_eq!(joined["stream"]["id"], stream.as_str());
    }
    clients
        .hears("owner", "viewer-joined", |it| it["viewers"] == 3)
        .await;

    // All talk at once; whoever asks gets an answer once it is durable.
    let mut orders = Vec::new();
    for n in 0..5 {
        for (name, ..) in members {
            let payload = json!({ "streamId": stream, "message": format!("{name} {n}"),
                "clientMessageId": format!("{name}-{n}").replace(' ', "-") });
            let post = json!({ "do": "post", "client": name, "payload": payload });
            orders.push((format!("{name} {n}"), clients.order(post).await));
        }
    }
    let mut acknowledged = Vec::new();
    for (text, order) in orders {
        let answer = clients.answer(order).await;
        assert_eq!(answer["ok"], true, "{text}: {answer}");
        acknowledged.push((text, answer["place"].clone()));
    }
    let log = log(&server.api(), "kim").await;
    check_log(&log);
    for (text, place) in &acknowledged {
        let kept: Vec<_> = log
            .iter()
            .filter(|line| line["text"] == text.as_str())
            .collect();
        assert_eq!(kept.len(), 1, "{text}");
        assert_eq!(&kept[0]["place"], place, "{text}");
    }
    let last = log
        .last()
        .and_then(|line| line["seq"].as_u64())
        .expect("it has lines");
    for (name, ..) in members {
        clients.catches_up(name, last).await;
        let view = clients.view(name);
        check_view(name, &view, &log);
        assert_eq!(texts(&view).len(), acknowledged.len(), "{name}");
    }
    // The owner is known as such, also in the history.
    let owners = log
        .iter()
        .find(|line| line["text"] == "owner 0")
        .expect("it is there");
    assert_eq!(owners["author"]["badges"], json!(["owner"]));

    // A second socket's leaving is nobody's; the last one's is.
    clients.disconnect("ann again").await;
    clients.does("guest", "leave-stream", join.clone()).await;
    let left = clients.hears("owner", "viewer-left", |_| true).await;
    assert_eq!(left["viewers"], 2, "{left}");
    clients.disconnect("ann").await;
    clients
        .hears("owner", "viewer-left", |it| it["viewers"] == 1)
        .await;
    let path = format!("/api/v1/streams/{stream}");
    let counted = |answer: &greenroom_tests::api::Answer| {
        (answer.json["viewers"] == 1).then(|| answer.json.clone())
    };
    let shown = server
        .api()
        .until(&path, "the count is right", LIMIT, counted)
        .await;
    assert_eq!(
        (&shown["peak_viewers"], &shown["messages"]),
        (&json!(3), &json!(25)),
        "{shown}"
    );

    // The owner ends it: everybody hears why, and the peak stays.
    clients.does("owner", "end-stream", join).await;
    let ended = clients.hears("other guest", "stream-ended", |_| true).await;
    assert_eq!(ended["reason"], "owner_ended", "{ended}");
    let shown = server.api().get(&path).await.expect(200);
    assert_eq!(
        (&shown["status"], &shown["peak_viewers"]),
        (&json!("ended"), &json!(3))
    );
    drop(publisher);
}

#[tokio::test]
async fn what_was_sent_comes_back_as_it_was() {
    let server = Server::start().await;
    let channel = server.channel("kim").await;
    let mut clients = ChatClients::of(&server.http());
    let room = json!({ "handle": channel.handle });
    // The channel is not live: its chat is there all the same.
    for (name, transport) in [("poll", Transport::Polling), ("ws", Transport::WebSocket)] {
        clients.connect(name, transport, None).await;
        clients.follow(name, "join-channel", room.clone()).await;
    }
    let send = |text: &str| json!({ "handle": "kim", "message": text });
    let plain = [
        "<script>alert(1)</script><img src=x onerror=alert(1)>&amp;",
        "👩🏽‍🚀 👨‍👩‍👧‍👦 🇺🇦 ❤️",
        "שלום עולם, مرحبا بالعالم, English",
        "Ā̀̂ combining, ﷽, 𝔘𝔫𝔦𝔠𝔬𝔡𝔢, 漢字",
        "\"quoted\\\" {\"a\": [1]} 42[\"event\"] \\u0000",
    ];
    for (text, name) in plain.iter().zip(["poll", "ws"].into_iter().cycle()) {
        clients.does(name, "send-message", send(text)).await;
    }
    // Cut at 500 graphemes, not in the middle of one.
    let too_much = "e\u{301}".repeat(501);
    let cut = clients.does("ws", "send-message", send(&too_much)).await;
    assert_eq!(cut["truncated"], true, "{cut}");
    let last = cut["seq"].as_u64().expect("a number");
    let log = log(&server.api(), "kim").await;
    for name in ["poll", "ws"] {
        clients.catches_up(name, last).await;
        let view = clients.view(name);
        check_view(name, &view, &log);
        let texts = texts(&view);
        assert_eq!(texts[..plain.len()], plain);
        let cut = texts[plain.len()]
            .strip_suffix('…')
            .expect("it shows that it was cut");
        assert_eq!(cut, "e\u{301}".repeat(499));
        assert_eq!(
            view.last().map(|line| &line["truncated"]),
            Some(&json!(true))
        );
    }

    let large = clients
        .fails(
            "poll",
            "send-message",
            send(&"a".repeat(8193)),
            "MESSAGE_TOO_LARGE",
        )
        .await;
    assert_eq!(large["max_bytes"], 8192);
    clients
        .fails("ws", "send-message", send(" \n "), "MESSAGE_EMPTY")
        .await;
    let for_another = json!({ "handle": "kim", "message": "a", "userId": "me" });
    clients
        .fails("ws", "send-message", for_another, "FORBIDDEN")
        .await;
    let unknown = json!({ "handle": "kim", "message": "a", "colour": "red" });
    clients
        .fails("ws", "send-message", unknown, "UNKNOWN_FIELD")
        .await;
    let nowhere = json!({ "handle": "nowhere", "message": "a" });
    clients
        .fails("ws", "send-message", nowhere, "CHANNEL_NOT_FOUND")
        .await;
    let page = server
        .api()
        .get("/api/v1/channels/kim/chat?limit=1")
        .await
        .expect(200);
    assert_eq!(
        page["lines"][0]["seq"], last,
        "what was refused is not there"
    );
}

#[tokio::test]
async fn moderation_is_seen_by_those_who_are_there() {
    let server = Server::start().await;
    let channel = server.channel("kim").await;
    let (ann, ann_id) = server.user("ann").await;
    let mut clients = ChatClients::of(&server.http());
    let room = json!({ "handle": "kim" });
    for (name, transport, token) in [
        ("owner", Transport::WebSocket, Some(channel.token.as_str())),
        ("ann", Transport::WebSocket, Some(&ann)),
        ("witness", Transport::Polling, None),
    ] {
        clients.connect(name, transport, token).await;
        clients.follow(name, "join-channel", room.clone()).await;
    }
    let send = |text: &str| json!({ "handle": "kim", "message": text });
    let rude = clients
        .does("ann", "send-message", send("something rude"))
        .await;
    let seq = rude["seq"].clone();
    clients
        .hears("witness", "new-message", |it| {
            it["text"] == "something rude"
        })
        .await;
    let delete = json!({ "handle": "kim", "seq": seq });
    clients
        .fails("witness", "delete-message", delete.clone(), "SIGN_IN_FIRST")
        .await;
    clients.does("owner", "delete-message", delete).await;
    for name in ["witness", "ann"] {
        let deleted = clients.hears(name, "message-deleted", |_| true).await;
        assert_eq!(deleted["target"], seq);
    }
    let history = server.api().get("/api/v1/channels/kim/chat").await;
    assert!(!history.text.contains("something rude"), "{}", history.text);

    let moderate = |action: &str, more: Value| {
        let mut payload = json!({ "handle": "kim", "targetUserId": ann_id, "action": action });
        for (name, value) in more.as_object().into_iter().flatten() {
            payload[name] = value.clone();
        }
        payload
    };
    let quiet = moderate(
        "timeout",
        json!({ "duration": 600, "reason": "a secret reason" }),
    );
    clients.does("owner", "moderate-user", quiet).await;
    let muted = clients
        .hears("witness", "user-moderated", |it| it["action"] == "mute")
        .await;
    assert_eq!(
        (&muted["targetUserId"], &muted["reason"]),
        (&json!(ann_id), &Value::Null)
    );
    let refused = clients
        .fails("ann", "send-message", send("but"), "TIMED_OUT")
        .await;
    assert!(refused["until"].is_string(), "{refused}");
    clients
        .does("owner", "moderate-user", moderate("unmute", json!({})))
        .await;
    clients
        .hears("ann", "user-moderated", |it| it["action"] == "lift")
        .await;
    clients.does("ann", "send-message", send("sorry")).await;
    clients
        .hears("witness", "new-message", |it| it["text"] == "sorry")
        .await;

    clients
        .does("owner", "moderate-user", moderate("ban", json!({})))
        .await;
    clients
        .hears("witness", "user-moderated", |it| it["action"] == "ban")
        .await;
    clients
        .fails("ann", "send-message", send("let me in"), "BANNED")
        .await;
    clients
        .fails("ann", "join-channel", room, "FORBIDDEN")
        .await;
    let text = json!({ "text": "let me in" });
    let rest = server.api_as(&ann);
    let rest = rest.post("/api/v1/channels/kim/chat", &text).await;
    rest.refused(403, "BANNED");
    let said = clients
        .does("owner", "send-message", send("without her"))
        .await;
    let last = said["seq"].as_u64().expect("a number");
    clients.catches_up("witness", last).await;
    assert!(!texts(&clients.view("ann")).contains(&"without her"));
    // What a viewer was told and what the log holds for viewers is the same.
    let log = log(&server.api(), "kim").await;
    let said = serde_json::to_string(&(&log, clients.view("witness"))).expect("it is JSON");
    assert!(!said.contains("a secret reason"), "{said}");
    let numbers =
        |lines: &[Value]| -> Vec<Value> { lines.iter().map(|line| line["seq"].clone()).collect() };
    assert_eq!(numbers(&clients.view("witness")), numbers(&log));
}

#[tokio::test]
async fn who_comes_back_misses_nothing() {
    let server = Server::start().await;
    let channel = server.channel("kim").await;
    let mut clients = ChatClients::of(&server.http());
    let room = json!({ "handle": "kim" });
    let names = ["poll", "ws", "upgrade"];
    for (name, transport) in
        names
            .into_iter()
            .zip([Transport::Polling, Transport::WebSocket, Transport::Upgrade])
    {
        clients.connect(name, transport, None).await;
        clients.follow(name, "join-channel", room.clone()).await;
    }
    clients
        .connect("speaker", Transport::WebSocket, Some(&channel.token))
        .await;
    let mut said = 0;
    let mut seq = 0;
    for away in [3, 12, 1] {
        for name in names {
            clients.disconnect(name).await;
        }
        for n in 0..away + 2 {
            // Some while they are away, some while they come back.
            if n == away {
                for name in names {
                    clients.reconnect(name).await;
                }
            }
            said += 1;
            let payload = json!({ "handle": "kim", "message": format!("message {said}") });
            let post = json!({ "do": "post", "client": "speaker", "payload": payload });
            let post = clients.order(post).await;
            seq = clients.answer(post).await["seq"]
                .as_u64()
                .expect("a number");
        }
        for name in names {
            clients.catches_up(name, seq).await;
        }
    }
    let log = log(&server.api(), "kim").await;
    let all: Vec<String> = (1..=said).map(|n| format!("message {n}")).collect();
    for name in names {
        let view = clients.view(name);
        check_view(name, &view, &log);
        assert_eq!(texts(&view), all, "{name}");
        assert_eq!(clients.count(name, "resync"), 0, "{name}");
    }
}

/// Kills the server while everybody talks, and looks whether the acknowledged is there, once.
#[tokio::test]
async fn a_killed_server_loses_and_doubles_nothing() {
    const EACH: usize = 16;
    let mut server = Server::start().await;
    server.channel("kim").await;
    let (ann, _) = server.user("ann").await;
    let (bob, _) = server.user("bob").await;
    let mut clients = ChatClients::of(&server.http());
    let members = [
        ("ann", Transport::WebSocket, Some(ann.as_str())),
        ("bob", Transport::Polling, Some(&bob)),
        ("guest", Transport::WebSocket, None),
        ("polling guest", Transport::Polling, None),
        ("upgrading guest", Transport::Upgrade, None),
    ];
    for (name, transport, token) in members {
        clients.connect(name, transport, token).await;
        clients
            .follow(name, "join-channel", json!({ "handle": "kim" }))
            .await;
    }
    // Each says more than they may at once, so that it takes a few seconds.
    let mut orders = Vec::new();
    for n in 0..EACH {
        for (name, ..) in members {
            let payload = json!({ "handle": "kim", "message": format!("{name}: {n}"),
                "clientMessageId": format!("message-{n}") });
            let post = json!({ "do": "post", "client": name, "payload": payload });
            orders.push((name, format!("{name}: {n}"), clients.order(post).await));
        }
    }
    for kill in 1..=2 {
        let said = format!(": {}", kill * 5);
        let heard = |it: &Value| {
            it["text"]
                .as_str()
                .is_some_and(|text| text.ends_with(&said))
        };
        clients.hears("ann", "new-message", heard).await;
        server.kill().await;
        server.restart().await;
    }

    let mut acknowledged = Vec::new();
    let mut repeated = 0;
    for (name, text, order) in orders {
        let answer = clients.answer(order).await;
        assert_eq!(answer["ok"], true, "{text}: {answer}");
        repeated += usize::from(answer["repeated"] == true);
        acknowledged.push((name, text, answer["place"].clone()));
    }
    let log = log(&server.api(), "kim").await;
    check_log(&log);
    assert_eq!(texts(&log).len(), members.len() * EACH);
    for (name, text, place) in &acknowledged {
        let kept: Vec<_> = log
            .iter()
            .filter(|line| line["text"] == text.as_str())
            .collect();
        assert_eq!(kept.len(), 1, "{name}: {text}");
        assert_eq!(&kept[0]["place"], place, "{text}");
    }
    let last = log
        .last()
        .and_then(|line| line["seq"].as_u64())
        .expect("it has lines");
    for (name, ..) in members {
        clients.catches_up(name, last).await;
        check_view(name, &clients.view(name), &log);
        assert_eq!(clients.count(name, "resync"), 0, "{name}");
        assert!(clients.count(name, "rejoined") >= 1, "{name} was cut off");
    }
    println!("{repeated} messages were sent twice and are there once");
}

#[tokio::test]
async fn a_delayed_chat_is_shown_to_its_staff_at_once_and_to_others_when_it_is_due() {
    let server = Server::start().await;
    let channel = server.channel("kim").await;
    let settings = "/api/v1/channels/kim/chat/settings";
    let owner = server.api_as(&channel.token);
    let mut rules = owner.get(settings).await.expect(200);
    rules["delay_seconds"] = json!(2);
    owner.put(settings, &rules).await.expect(200);

    let room = json!({ "handle": channel.handle });
    let mut clients = ChatClients::of(&server.http());
    let members = [
        ("owner", Transport::WebSocket, Some(channel.token.as_str())),
        ("guest", Transport::WebSocket, None),
        ("polling", Transport::Polling, None),
    ];
    for (name, transport, token) in members {
        clients.connect(name, transport, token).await;
        clients.follow(name, "join-channel", room.clone()).await;
    }
    let send = |text: &str| json!({ "handle": "kim", "message": text, "clientMessageId": text });
    clients.does("guest", "send-message", send("kept")).await;
    let said_at = Instant::now();
    let gone = clients.does("guest", "send-message", send("secret")).await;
    let gone = gone["seq"].as_u64().expect("a number");
    clients.catches_up("owner", gone).await;
    let waited = said_at.elapsed();
    assert!(waited < Duration::from_millis(1_500), "{waited:?}");
    assert_eq!(texts(&clients.view("owner")), ["kept", "secret"]);
    let public = server.api().get("/api/v1/channels/kim/chat").await;
    assert_eq!(
        texts(public.expect(200)["lines"].as_array().expect("lines")),
        [""; 0]
    );

    let delete = json!({ "handle": "kim", "seq": gone });
    clients.does("owner", "delete-message", delete).await;
    for name in ["guest", "polling"] {
        clients.catches_up(name, gone + 1).await;
        let waited = said_at.elapsed();
        assert!(waited >= Duration::from_secs(2), "{name}: {waited:?}");
        let view = clients.view(name);
        assert_eq!(texts(&view), ["kept"], "{name}");
        let seqs: Vec<_> = view.iter().filter_map(|it| it["seq"].as_u64()).collect();
        assert!(
            seqs.ends_with(&[gone - 1, gone, gone + 1]),
            "{name}: {seqs:?}"
        );
    }

    // Whoever was away gets the rest when it is due, and nobody waits once there is no delay.
    clients.disconnect("polling").await;
    clients
        .does("guest", "send-message", send("meanwhile"))
        .await;
    clients.reconnect("polling").await;
    rules["delay_seconds"] = Value::Null;
    owner.put(settings, &rules).await.expect(200);
    let last = clients.does("guest", "send-message", send("at-once")).await;
    let last = last["seq"].as_u64().expect("a number");
    let log = log(&server.api(), "kim").await;
    // The owner has seen what nobody may see any more.
    for name in ["guest", "polling"] {
        clients.catches_up(name, last).await;
        check_view(name, &clients.view(name), &log);
    }
}
