//! What Socket.IO tells by itself: who hears it, and who does not.

use std::sync::Arc;
use std::time::Duration;

use greenroom_app::stream::ingest::Ingests;
use greenroom_domain::media::{MediaEvent, MediaEvents};
use greenroom_domain::recording::RecordingProgress;
use greenroom_domain::shared::node::NodeAddress;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::socketio::Client;
use crate::stage::Stage;
use crate::support::text;
use crate::table::Actor;

/// No event comes later; and nobody's connection is given up meanwhile.
const PATIENCE: Duration = Duration::from_secs(20);
/// Why somebody is banned here.
const REASON: &str = "for a reason";

/// Something that happens, and who is told of it.
pub(crate) struct Row {
    happens: Deed,
    pub(crate) told: Vec<(&'static str, Told)>,
}

/// Who does what. `$live`, `$message` and `$guest` are what the [stage](Stage) has of the kind.
enum Deed {
    /// By REST.
    Rest(Actor, &'static str, &'static str, Value),
    /// By Socket.IO, on the connection by which they are told things, too.
    Ask(Actor, &'static str, &'static str),
    /// By Socket.IO, and they do not want to be answered.
    Say(Actor, &'static str),
    /// They connect.
    Connect,
    /// The owner plans another stream, and goes live with it.
    GoLive,
    /// An encoder is lost that publishes.
    LoseEncoder,
    /// It comes back.
    Publish,
    /// The recorder says that what is published is kept.
    Record,
}

/// Who is told, in the order of [`Actor::ALL`].
type Told = [bool; 9];

const Y: bool = true;
const N: bool = false;

//                           owner mod  vip  admin viewer blocked banned guest expired
#[rustfmt::skip]
const EVERYBODY: Told =     [ Y,   Y,   Y,   Y,    Y,     Y,      Y,     Y,    N ];
/// Whoever is in the room.
#[rustfmt::skip]
const ROOM: Told =          [ Y,   Y,   Y,   Y,    Y,     N,      N,     Y,    N ];
/// The room, and whom it is about.
#[rustfmt::skip]
const ROOM_AND_BANNED: Told=[ Y,   Y,   Y,   Y,    Y,     N,      Y,     Y,    N ];
/// The owner, and an administrator who is in the room.
#[rustfmt::skip]
const RUN_IT: Told =        [ Y,   N,   N,   Y,    N,     N,      N,     N,    N ];
#[rustfmt::skip]
const THE_OWNER: Told =     [ Y,   N,   N,   N,    N,     N,      N,     N,    N ];
#[rustfmt::skip]
const THE_VIEWER: Told =    [ N,   N,   N,   N,    Y,     N,      N,     N,    N ];
#[rustfmt::skip]
const THE_BLOCKED: Told =   [ N,   N,   N,   N,    N,     Y,      N,     N,    N ];
#[rustfmt::skip]
const THE_BANNED: Told =    [ N,   N,   N,   N,    N,     N,      Y,     N,    N ];

fn row<const N: usize>(happens: Deed, told: [(&'static str, Told); N]) -> Row {
    Row {
        happens,
        told: told.into(),
    }
}

/// One after the other, at one place.
#[rustfmt::skip]
pub(crate) fn rows() -> Vec<Row> {
    use Actor::{Moderator, Owner, Viewer};
    use Deed::{Ask, Connect, GoLive, LoseEncoder, Publish, Record, Rest, Say};
    let chat = "/channels/ada/chat";
    let say = |text: &str| json!({ "text": text });
    let settings = json!({
        "enabled": true, "guests": true, "slow_mode_seconds": null, "max_length": 400,
        "rate": "standard", "delay_seconds": null, "followers_only_seconds": null,
        "emotes_only": false,
    });
    let message = r#"{ "handle": "ada", "seq": $message }"#;
    let mute = r#"{ "handle": "ada", "targetUserId": "$guest", "action": "mute", "reason": "for a reason" }"#;
    let stream = r#"{ "streamId": "$live" }"#;
    vec![
        row(Connect,                                                       [("session", EVERYBODY)]),
        // They are in the room until then.
        row(Rest(Owner, "PUT", "/me/blocks/blocked", json!({})),           [("shut-out", THE_BLOCKED)]),
        row(Rest(Owner, "POST", chat, say("/ban banned for a reason")),    [("user-moderated", ROOM_AND_BANNED),
                                                                            ("shut-out", THE_BANNED),
                                                                            ("notification", THE_BANNED)]),
        row(Ask(Viewer, "join-stream", stream),                            [("joined-stream", THE_VIEWER),
                                                                            ("viewer-joined", ROOM)]),
        row(Ask(Viewer, "leave-stream", stream),                           [("viewer-left", ROOM)]),
        row(Rest(Viewer, "POST", chat, say("hello")),                      [("new-message", ROOM)]),
        row(Ask(Viewer, "typing", r#"{ "handle": "ada", "isTyping": true }"#),
                                                                           [("typing-indicator", ROOM)]),
        row(Ask(Viewer, "react", r#"{ "handle": "ada", "reaction": "🎉" }"#),
                                                                           [("reactions", ROOM)]),
        row(Ask(Moderator, "pin-message", message),                        [("message-pinned", ROOM)]),
        row(Ask(Moderator, "unpin-message", message),                      [("message-unpinned", ROOM)]),
        row(Ask(Moderator, "delete-message", message),                     [("message-deleted", ROOM)]),
        row(Ask(Moderator, "moderate-user", mute),                         [("user-moderated", ROOM)]),
        row(Rest(Owner, "PUT", "/channels/ada/vips/eve", json!({})),       [("role-changed", ROOM)]),
        row(Rest(Owner, "PUT", "/channels/ada/chat/settings", settings),   [("chat-settings", ROOM)]),
        row(Rest(Owner, "PATCH", "/channels/ada", json!({ "title": "Other things" })),
                                                                           [("channel-updated", ROOM)]),
        // Who may not read the chat hears nothing of it by being mentioned.
        row(Rest(Owner, "POST", chat, say("@blocked @banned @bob")),       [("notification", THE_VIEWER)]),
        row(Rest(Owner, "PUT", "/channels/ada/vips/bob", json!({})),       [("notification", THE_VIEWER)]),
        row(Rest(Viewer, "PUT", "/channels/ada/follow", json!({ "notify": "live" })), []),
        row(Ask(Owner, "start-recording", stream),                         [("recording-status", RUN_IT)]),
        row(Record,                                                        [("recording-started", RUN_IT)]),
        row(Ask(Owner, "stop-recording", stream),                          [("recording-stopped", RUN_IT)]),
        row(LoseEncoder,                                                   [("stream-interrupted", ROOM)]),
        row(Publish,                                                       [("stream-resumed", ROOM)]),
        row(Ask(Owner, "end-stream", stream),                              [("stream-ended", ROOM)]),
        row(Ask(Owner, "create-stream", r#"{ "channel": "ada" }"#),        [("stream-created", THE_OWNER)]),
        row(GoLive,                                                        [("stream-started", ROOM),
                                                                            ("notification", THE_VIEWER)]),
        row(Ask(Viewer, "leave-channel", r#"{ "handle": "ada" }"#), []),
        row(Ask(Viewer, "join-channel", r#"{ "handle": "ada", "after": "9:1" }"#),
                                                                           [("resync", THE_VIEWER)]),
        row(Say(Viewer, r#"["send-message",{ "handle": "ada", "message": "" }]"#),
                                                                           [("error", THE_VIEWER)]),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_is_told_what_is_for_them_and_nothing_else() {
    let stage = &Stage::set().await;
    let mut house = House::open(stage).await;
    let mut wrong = Vec::new();
    for Row { happens, told } in rows() {
        house.make(&happens).await;
        wrong.extend(house.listen(&told).await);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn reasons_are_told_to_staff_alone() {
    let stage = &Stage::set().await;
    let mut house = House::open(stage).await;
    let ban = json!({ "text": format!("/ban banned {REASON}") });
    let ban = Deed::Rest(Actor::Owner, "POST", "/channels/ada/chat", ban);
    house.make(&ban).await;
    for actor in Actor::ALL {
        let Some(client) = &mut house.clients[actor as usize] else {
            continue;
        };
        if actor == Actor::Blocked {
            // Nobody has blocked them again.
            continue;
        }
        let told = client.hear_of("user-moderated").await;
        let is_staff = [Actor::Owner, Actor::Moderator, Actor::Admin].contains(&actor);
        assert_eq!(told.contains(REASON), is_staff, "{actor:?}: {told}");
    }
}

/// Everybody is connected, and in the room of `ada` though they will be put out of it.
struct House<'a> {
    stage: &'a Stage,
    clients: [Option<Client<'a>>; 9],
    running: JoinHandle<()>,
    _stop: DropGuard,
}

impl<'a> House<'a> {
    async fn open(stage: &'a Stage) -> Self {
        let server = &stage.server;
        let stop = CancellationToken::new();
        let address = NodeAddress::parse(&server.url("")).expect("an address");
        let running = tokio::spawn(Arc::clone(&server.app).run(address, stop.clone()));
        let mut house = Self {
            stage,
            clients: [const { None }; 9],
            running,
            _stop: stop.drop_guard(),
        };
        for actor in Actor::ALL {
            house.clients[actor as usize] = Client::open(server, stage.token(actor)).await.ok();
        }
        let owner = stage.token(Actor::Owner);
        let forgiven = "/me/blocks/blocked";
        let forgiven = server.ask(Method::DELETE, owner, forgiven, None).await;
        assert!(forgiven.status.is_success(), "{}", forgiven.text);
        let banned = server.get(stage.token(Actor::Banned), "/me").await;
        let banned = text(&banned.expect(200), "/id");
        let lifted = format!("/channels/ada/chat/restrictions/user:{banned}");
        let lifted = server.ask(Method::DELETE, owner, &lifted, None).await;
        assert!(lifted.status.is_success(), "{}", lifted.text);
        for client in house.clients.iter_mut().flatten() {
            let joined = client.ask("join-channel", r#"{ "handle": "ada" }"#).await;
            assert_eq!(joined["ok"], true, "{joined}");
        }
        house
    }

    fn client(&mut self, actor: Actor) -> &mut Client<'a> {
        let client = &mut self.clients[actor as usize];
        client.as_mut().expect("somebody who is connected")
    }

    async fn make(&mut self, deed: &Deed) {
        let stage = self.stage;
        let server = &stage.server;
        // Nobody is too fast.
        server.clock.advance(Duration::from_secs(2));
        match deed {
            Deed::Connect => {}
            Deed::Rest(actor, method, path, body) => {
                let method = Method::from_bytes(method.as_bytes()).expect("a method");
                let who = stage.token(*actor);
                let done = server.ask(method, who, path, Some(body.clone())).await;
                assert!(done.status.is_success(), "{path}: {}", done.text);
            }
            Deed::Ask(actor, event, payload) => {
                let payload = stage.filled(payload);
                let done = self.client(*actor).ask(event, &payload).await;
                assert_eq!(done["ok"], true, "{event}: {done}");
            }
            Deed::Say(actor, what) => {
                let what = format!("42{}", stage.filled(what));
                self.client(*actor).say(&what).await;
            }
            Deed::GoLive => {
                let owner = stage.token(Actor::Owner).expect("she is signed in");
                server.live_stream(owner, "ada").await;
            }
            Deed::Publish => {
                let owner = stage.token(Actor::Owner).expect("she is signed in");
                server.publish(owner, "ada").await;
            }
            Deed::Record => {
                let recordings = stage.filled("/streams/$live/recordings");
                let listed = server.get(stage.token(Actor::Owner), recordings).await;
                let since = server.app.now();
                let newest = text(&listed.expect(200), "/items/0/id");
                let progress = RecordingProgress::Recording { since };
                server.recorded(&newest, progress).await;
            }
            Deed::LoseEncoder => {
                let live = server.app.ports.streams.live().await.expect("streams");
                let live = &live.first().expect("one is live").value;
                let (stream, generation) = (live.id, live.generation);
                let lost = MediaEvent::IngestLost { stream, generation };
                let ingests = Ingests(Arc::clone(&server.app));
                ingests.report(lost).await.expect("a report that is taken");
            }
        }
    }

    /// Who has to be told of these events is; says who else is, too.
    async fn listen(&mut self, events: &[(&'static str, Told)]) -> Vec<String> {
        for (event, told) in events {
            for actor in Actor::ALL {
                if told[actor as usize] {
                    let heard = self.client(actor).hear_of(event);
                    let heard = tokio::time::timeout(PATIENCE, heard).await;
                    assert!(heard.is_ok(), "{actor:?} is not told of {event}");
                }
            }
        }
        let mut wrong = Vec::new();
        for (actor, client) in Actor::ALL.into_iter().zip(&mut self.clients) {
            let Some(client) = client else { continue };
            let others = client.rest().await;
            let shown = events.iter().filter(|(_, told)| !told[actor as usize]);
            let shown = shown.filter(|(event, _)| others.iter().any(|other| other == event));
            wrong.extend(shown.map(|(event, _)| format!("{actor:?} is told of {event}")));
        }
        wrong
    }
}

impl Drop for House<'_> {
    fn drop(&mut self) {
        self.running.abort();
    }
}
