//! Who may do what: every field, every kind of actor.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::socket::listen;
use crate::support::{PASSWORD, Server, text};
use crate::{ask, code};

/// What a guest, a viewer, the owner and an administrator are answered. Whoever shows a token
/// that has expired is always told `NOT_SIGNED_IN`.
type Expected = [&'static str; 4];

/// Anybody.
const OPEN: Expected = ["OK"; 4];
/// Whoever has an account.
const ACCOUNT: Expected = ["SIGN_IN_FIRST", "OK", "OK", "OK"];
/// Whoever runs the channel.
const STAFF: Expected = ["SIGN_IN_FIRST", "FORBIDDEN", "OK", "OK"];
/// Its owner alone: nobody speaks or broadcasts for a creator.
const OWNER: Expected = ["SIGN_IN_FIRST", "FORBIDDEN", "OK", "FORBIDDEN"];
/// Its owner alone; to others it is not there.
const HIDDEN: Expected = ["SIGN_IN_FIRST", "KEY_NOT_FOUND", "OK", "KEY_NOT_FOUND"];
/// Administrators.
const ADMIN: Expected = ["SIGN_IN_FIRST", "FORBIDDEN", "FORBIDDEN", "OK"];

/// A field, a document that asks for it, and what comes of it.
struct Row(&'static str, String, Expected);

fn table() -> Vec<Row> {
    let mut rows = queries();
    rows.extend(mutations_of_accounts());
    rows.extend(mutations_of_channels());
    rows.extend(mutations_of_chat());
    rows.extend(subscriptions());
    rows
}

fn queries() -> Vec<Row> {
    let mut rows = Vec::new();
    let mut query = |name, rest: &str, expected| {
        rows.push(Row(name, format!("{{ {rest} }}"), expected));
    };
    query("Query.me", "me { role }", OPEN);
    query("Query.user", "user(username: \"ada\") { id }", OPEN);
    query(
        "Query.accounts",
        "accounts { edges { node { role } } }",
        ADMIN,
    );
    query("Query.setupOpen", "setupOpen", OPEN);
    query("Query.channel", "channel(handle: \"ada\") { id }", OPEN);
    query("Query.myChannel", "myChannel { id }", ACCOUNT);
    query(
        "Query.liveStreams",
        "liveStreams { edges { node { id } } }",
        OPEN,
    );
    query("Query.node", "node(id: \"$live\") { id }", OPEN);
    for (field, selection, expected) in [
        ("Channel.owner", "owner { id }", OPEN),
        ("Channel.live", "live { id }", OPEN),
        ("Channel.streams", "streams { edges { node { id } } }", OPEN),
        ("Channel.playback", "playback { url }", OPEN),
        ("Channel.chat", "chat { settings { version } }", OPEN),
        ("Channel.ingest", "ingest { addresses { url } }", OPEN),
        ("Channel.keys", "keys { id }", OWNER),
        ("Chat.settings", "chat { settings { version } }", OPEN),
        ("Chat.lines", "chat { lines { edges { cursor } } }", OPEN),
        (
            "Chat.restrictions",
            "chat { restrictions { edges { cursor } } }",
            STAFF,
        ),
        ("Stream.channel", "live { channel { id } }", OPEN),
        ("Stream.audience", "live { audience { viewers } }", OPEN),
        ("Stream.encoder", "live { encoder { elsewhere } }", STAFF),
    ] {
        query(
            field,
            &format!("channel(handle: \"ada\") {{ {selection} }}"),
            expected,
        );
    }
    rows
}

fn mutation(name: &'static str, rest: &str, expected: Expected) -> Row {
    Row(name, format!("mutation {{ {rest} }}"), expected)
}

fn mutations_of_accounts() -> Vec<Row> {
    let password = format!("password: \"{PASSWORD}\"");
    vec![
        mutation(
            "Mutation.register",
            &format!("register(username: \"newcomer\", {password}) {{ role }}"),
            OPEN,
        ),
        mutation(
            "Mutation.setUp",
            &format!("setUp(token: \"gs_wrong\", username: \"eve\", {password}) {{ role }}"),
            ["SETUP_LINK_INVALID"; 4],
        ),
        mutation(
            "Mutation.signIn",
            &format!("signIn(username: \"bob\", {password}) {{ token }}"),
            OPEN,
        ),
        mutation("Mutation.signOut", "signOut", OPEN),
        mutation(
            "Mutation.renameMe",
            "renameMe(displayName: \"Other\") { role }",
            ACCOUNT,
        ),
        mutation("Mutation.removeAvatar", "removeAvatar { role }", ACCOUNT),
        mutation(
            "Mutation.changePassword",
            &format!(
                "changePassword(oldPassword: \"{PASSWORD}\", newPassword: \"another long one\")"
            ),
            ACCOUNT,
        ),
        mutation("Mutation.becomeCreator", "becomeCreator { role }", ACCOUNT),
        mutation(
            "Mutation.reviewCreator",
            "reviewCreator(username: \"bob\", verdict: APPROVED) { role }",
            ADMIN,
        ),
    ]
}

fn mutations_of_channels() -> Vec<Row> {
    vec![
        mutation(
            "Mutation.createChannel",
            "createChannel(handle: \"another\", title: \"Mine\") { id }",
            [
                "SIGN_IN_FIRST",
                "NOT_A_CREATOR",
                "CHANNEL_EXISTS",
                "NOT_A_CREATOR",
            ],
        ),
        mutation(
            "Mutation.editChannel",
            "editChannel(handle: \"ada\", changes: { title: \"Other\" }) { id }",
            STAFF,
        ),
        mutation(
            "Mutation.removeCover",
            "removeCover(handle: \"ada\") { id }",
            STAFF,
        ),
        mutation(
            "Mutation.unlockIngest",
            "unlockIngest(handle: \"ada\") { id }",
            ADMIN,
        ),
        mutation(
            "Mutation.createKey",
            "createKey(handle: \"ada\", label: \"Second\") { secret }",
            OWNER,
        ),
        mutation(
            "Mutation.revealKey",
            "revealKey(id: \"$key\") { secret }",
            HIDDEN,
        ),
        mutation(
            "Mutation.rotateKey",
            "rotateKey(id: \"$key\") { secret }",
            HIDDEN,
        ),
        mutation(
            "Mutation.revokeKey",
            "revokeKey(id: \"$key\") { id }",
            HIDDEN,
        ),
        mutation(
            "Mutation.createStream",
            "createStream(handle: \"ada\") { id }",
            OWNER,
        ),
        mutation(
            "Mutation.startStream",
            "startStream(id: \"$live\") { id }",
            OWNER,
        ),
        mutation(
            "Mutation.endStream",
            "endStream(id: \"$live\") { id }",
            STAFF,
        ),
    ]
}

fn mutations_of_chat() -> Vec<Row> {
    vec![
        mutation(
            "Mutation.joinStream",
            "joinStream(id: \"$live\") { playback { url } }",
            OPEN,
        ),
        mutation(
            "Mutation.postMessage",
            "postMessage(handle: \"ada\", text: \"hi\") { repeated }",
            OPEN,
        ),
        mutation(
            "Mutation.setTyping",
            "setTyping(handle: \"ada\", active: true)",
            OPEN,
        ),
        mutation(
            "Mutation.deleteMessage",
            "deleteMessage(handle: \"ada\", seq: $message)",
            STAFF,
        ),
        mutation(
            "Mutation.configureChat",
            "configureChat(handle: \"ada\", settings: { enabled: true, guests: true, maxLength: 100, \
             rate: STANDARD }) { version }",
            STAFF,
        ),
        mutation(
            "Mutation.timeOut",
            "timeOut(handle: \"ada\", subject: \"$guest\", seconds: 60) { subject }",
            STAFF,
        ),
        mutation(
            "Mutation.ban",
            "ban(handle: \"ada\", subject: \"$guest\") { subject }",
            STAFF,
        ),
        mutation(
            "Mutation.liftRestriction",
            "liftRestriction(handle: \"ada\", subject: \"$guest\")",
            STAFF,
        ),
    ]
}

fn subscriptions() -> Vec<Row> {
    let mut rows = Vec::new();
    for (field, selection) in [
        ("Subscription.chat", "chat(handle: \"ada\") { __typename }"),
        (
            "Subscription.streamState",
            "streamState(handle: \"ada\") { seq }",
        ),
        (
            "Subscription.viewers",
            "viewers(handle: \"ada\") { viewers }",
        ),
    ] {
        rows.push(Row(field, format!("subscription {{ {selection} }}"), OPEN));
    }
    rows
}

/// Fields of objects that whoever has the object may see.
const PLAIN: &[(&str, &[&str])] = &[
    (
        "Channel",
        &[
            "id",
            "handle",
            "title",
            "description",
            "category",
            "language",
            "tags",
            "coverUrl",
            "createdAt",
            "version",
            "viewerIsStaff",
        ],
    ),
    (
        "Stream",
        &[
            "id",
            "title",
            "category",
            "status",
            "ingestState",
            "startedAt",
            "endedAt",
            "endReason",
            "viewers",
            "peakViewers",
            "totalViews",
            "messages",
            "thumbnailUrl",
            "createdAt",
        ],
    ),
    ("Chat", &[]),
    ("Query", &[]),
    ("Mutation", &[]),
    ("Subscription", &[]),
];

/// A server with a channel `ada` that is live, a viewer `bob`, an administrator, and a guest
/// who has said something.
struct Stage {
    server: Server,
    tokens: [Option<String>; 4],
    names: Vec<(&'static str, String)>,
}

impl Stage {
    async fn set() -> Self {
        let server = Server::start().await;
        let ada = server.creator("ada").await;
        let bob = server.user("bob").await;
        let root = server.admin().await;
        server.live_stream(&ada, "ada").await;
        let said = server.post(None, "/channels/ada/chat", json!({ "text": "hi" }));
        let said = said.await.expect(201);
        let key = "mutation { createKey(handle: \"ada\", label: \"OBS\") { key { id } } }";
        let key = crate::data(&server, Some(&ada), key).await;
        let live = crate::data(
            &server,
            None,
            "{ channel(handle: \"ada\") { live { id } } }",
        )
        .await;
        let names = vec![
            ("$key", text(&key, "/createKey/key/id")),
            ("$live", text(&live, "/channel/live/id")),
            ("$guest", text(&said, "/author/identity")),
            ("$message", said["seq"].to_string()),
        ];
        Self {
            server,
            tokens: [None, Some(bob), Some(ada), Some(root)],
            names,
        }
    }

    async fn try_row(&self, row: &Row, who: Option<&str>) -> String {
        let document = self
            .names
            .iter()
            .fold(row.1.clone(), |document, (name, is)| {
                document.replace(name, is)
            });
        if document.starts_with("subscription") {
            return listen(&self.server, who, "ada", &document).await;
        }
        let answer = ask(&self.server, who, &document, json!({})).await;
        let answer: Value = serde_json::from_str(&answer.text).expect("JSON");
        code(&answer)
    }
}

#[tokio::test]
async fn every_field_answers_every_actor_as_the_table_says() {
    let mut wrong = Vec::new();
    for row in table() {
        for (actor, name) in ["guest", "viewer", "owner", "admin"].iter().enumerate() {
            let stage = Stage::set().await;
            let is = stage.try_row(&row, stage.tokens[actor].as_deref()).await;
            let should = row.2[actor];
            if is != should {
                wrong.push(format!("{} as {name}: {is}, not {should}", row.0));
            }
            if actor == 0 {
                let is = stage.try_row(&row, Some("gs_worth_nothing")).await;
                if is != "NOT_SIGNED_IN" {
                    wrong.push(format!("{} with an expired token: {is}", row.0));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn every_field_is_in_the_table() {
    let server = Server::start().await;
    let query = "{ __schema { types { name fields { name } } } }";
    let schema = crate::data(&server, None, query).await;
    let mut is = BTreeSet::new();
    for of in schema["__schema"]["types"].as_array().expect("types") {
        let name = text(of, "/name");
        if PLAIN.iter().any(|(object, _)| *object == name) {
            let fields = of["fields"].as_array().expect("fields");
            is.extend(
                fields
                    .iter()
                    .map(|field| format!("{name}.{}", text(field, "/name"))),
            );
        }
    }
    let mut tried: BTreeSet<String> = table().iter().map(|row| row.0.to_owned()).collect();
    for (object, fields) in PLAIN {
        tried.extend(fields.iter().map(|field| format!("{object}.{field}")));
    }
    assert_eq!(is, tried);
}

#[tokio::test]
async fn who_is_banned_listens_to_nothing() {
    let stage = Stage::set().await;
    let bob = stage.tokens[1].as_deref();
    let me = crate::data(&stage.server, bob, "{ me { user { identity } } }").await;
    let ban = format!(
        "mutation {{ ban(handle: \"ada\", subject: \"{}\") {{ kind }} }}",
        text(&me, "/me/user/identity")
    );
    crate::data(&stage.server, stage.tokens[2].as_deref(), &ban).await;
    for row in table() {
        if row.0.starts_with("Subscription.") {
            assert_eq!(stage.try_row(&row, bob).await, "FORBIDDEN", "{}", row.0);
        }
    }
}

#[tokio::test]
async fn where_encoders_publish_to_is_for_staff() {
    let stage = Stage::set().await;
    let query = "{ channel(handle: \"ada\") { ingest { addresses { url } } } }";
    for (token, sees) in stage.tokens.iter().zip([false, false, true, true]) {
        let answer = crate::data(&stage.server, token.as_deref(), query).await;
        assert_eq!(answer["channel"]["ingest"].is_object(), sees, "{answer}");
    }
}
