//! GraphQL's rows: every field that is resolved by itself.

use crate::table::{
    ACCOUNT, ADMIN, AUDIENCE, Actor, Ask, CHATS, CREATES, Expected, FOLLOWS, HIDDEN, OPEN, OWNER,
    RECORDED, RUNS, Row, STAFF,
};

/// A field, a document that asks for it, and what comes of it.
fn row(name: &str, document: String, expected: Expected) -> Row {
    Row {
        name: name.to_owned(),
        ask: Ask::GraphQl(document),
        expected,
    }
}

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = queries();
    rows.extend(fields());
    rows.extend(mutations());
    rows.extend(recordings());
    rows.extend(subscriptions());
    rows
}

#[rustfmt::skip]
fn queries() -> Vec<Row> {
    let rows: [(&str, &str, Expected); 10] = [
        ("Query.me",          "me { role }",                           OPEN),
        ("Query.user",        "user(username: \"ada\") { id }",        OPEN),
        ("Query.accounts",    "accounts { edges { cursor } }",         ADMIN),
        ("Query.setupOpen",   "setupOpen",                             OPEN),
        ("Query.channel",     "channel(handle: \"ada\") { id }",       OPEN),
        ("Query.myChannel",   "myChannel { id }",                      ACCOUNT),
        ("Query.liveStreams", "liveStreams { edges { cursor } }",      OPEN),
        ("Query.node",        "node(id: \"$global-live\") { id }",     OPEN),
        ("Query.following",   "following { edges { cursor } }",        ACCOUNT),
        ("Query.blocks",      "blocks { edges { cursor } }",           ACCOUNT),
    ];
    rows.map(|(name, field, expected)| row(name, format!("{{ {field} }}"), expected)).into()
}

/// Of the channel `ada`, its chat and its stream.
#[rustfmt::skip]
fn fields() -> Vec<Row> {
    let rows: [(&str, &str, Expected); 20] = [
        ("Channel.owner",         "owner { id }",                                OPEN),
        ("Channel.live",          "live { id }",                                 OPEN),
        ("Channel.streams",       "streams { edges { cursor } }",                OPEN),
        ("Channel.playback",      "playback { url }",                            AUDIENCE),
        ("Channel.chat",          "chat { settings { version } }",               OPEN),
        // To others it is null: see `projections`.
        ("Channel.ingest",        "ingest { addresses { url } }",                OPEN),
        ("Channel.keys",          "keys { id }",                                 OWNER),
        ("Channel.followerCount", "followerCount",                               OPEN),
        ("Channel.followers",     "followers { edges { cursor } }",              OPEN),
        ("Channel.roles",         "roles { role }",                              AUDIENCE),
        ("Channel.audit",         "audit { edges { cursor } }",                  STAFF),
        ("Channel.viewer",        "viewer { role }",                             OPEN),
        ("Channel.viewerFollows", "viewerFollows",                               OPEN),
        ("Chat.settings",         "chat { settings { version } }",               OPEN),
        ("Chat.lines",            "chat { lines { edges { cursor } } }",         AUDIENCE),
        ("Chat.pins",             "chat { pins { since } }",                     AUDIENCE),
        ("Chat.restrictions",     "chat { restrictions { edges { cursor } } }",  STAFF),
        ("Stream.channel",        "live { channel { id } }",                     OPEN),
        ("Stream.audience",       "live { audience { viewers } }",               AUDIENCE),
        ("Stream.encoder",        "live { encoder { elsewhere } }",              RUNS),
    ];
    let mut rows: Vec<Row> = rows.map(|(name, field, expected)| {
        row(name, format!("{{ channel(handle: \"ada\") {{ {field} }} }}"), expected)
    }).into();
    let revealed = "mutation { revealKey(id: \"$global-key\") { ingest { url } } }";
    rows.push(row("RevealedKey.ingest", revealed.to_owned(), HIDDEN));
    rows
}

/// Fields of objects that whoever has the object may see: they are at hand.
pub(crate) const PLAIN: &[(&str, &[&str])] = &[
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
    ("RevealedKey", &["key", "secret"]),
    ("Query", &[]),
    ("Mutation", &[]),
    ("Subscription", &[]),
];

/// Objects that whoever has them may see all of.
pub(crate) const PLAIN_OBJECTS: &[&str] = &[
    "Account",
    "Audience",
    "AudioStatus",
    "AuditEvent",
    "AuditPerson",
    "Blocked",
    "ChannelAppointment",
    "ChannelEdited",
    "ChannelViewer",
    "ChannelWentLive",
    "ChatAuthor",
    "ChatEmote",
    "ChatJoined",
    "ChatLine",
    "ChatMention",
    "ChatMessage",
    "ChatPin",
    "ChatReactions",
    "ChatRestriction",
    "ChatSettings",
    "ChatTyping",
    "ChatterRestricted",
    "CommandDone",
    "Encoder",
    "Followed",
    "Follower",
    "Following",
    "HeldGate",
    "Ingest",
    "IngestAddress",
    "IngestCredential",
    "IngestStatus",
    "JoinedStream",
    "LockedGate",
    "MessageDeleted",
    "MessagePinned",
    "MessageUnpinned",
    "Notification",
    "OpenGate",
    "OwnRestriction",
    "OwnRole",
    "PageInfo",
    "PlaybackAddress",
    "PostedMessage",
    "ReactionCount",
    "Recording",
    "RestrictionLifted",
    "RoleChanged",
    "SettingsChanged",
    "SignedIn",
    "StoredChatSettings",
    "StreamEnded",
    "StreamInterrupted",
    "StreamKey",
    "StreamResumed",
    "StreamStarted",
    "User",
    "VideoStatus",
    "ViewerCount",
    "ViewerFollow",
    "ViewerRestriction",
];

#[rustfmt::skip]
fn mutations() -> Vec<Row> {
    let no_link = Expected::all("SETUP_LINK_INVALID");
    let rules = "enabled: true, guests: true, maxLength: 100, rate: STANDARD";
    let configure = format!("configureChat(handle: \"ada\", settings: {{ {rules} }}) {{ version }}");
    // The engine of this server has no rooms.
    let seat = HIDDEN.but(Actor::Owner, "NO_ROOMS");
    let rows: [(&str, &str, Expected); 40] = [
        ("register",        "register(username: \"newcomer\", password: \"$password\") { role }",
                                                                                      OPEN),
        ("setUp",           "setUp(token: \"gs_wrong\", username: \"mallory\", \
                             password: \"$password\") { role }",                      no_link),
        ("signIn",          "signIn(username: \"bob\", password: \"$password\") { token }",
                                                                                      OPEN),
        ("signOut",         "signOut",                                                OPEN),
        ("renameMe",        "renameMe(displayName: \"Other\") { role }",              ACCOUNT),
        ("removeAvatar",    "removeAvatar { role }",                                  ACCOUNT),
        ("changePassword",  "changePassword(oldPassword: \"$password\", \
                             newPassword: \"another long one\")",                     ACCOUNT),
        ("becomeCreator",   "becomeCreator { role }",                                 ACCOUNT),
        ("reviewCreator",   "reviewCreator(username: \"bob\", verdict: APPROVED) { role }",
                                                                                      ADMIN),
        ("createChannel",   "createChannel(handle: \"another\", title: \"Mine\") { id }",
                                                                                      CREATES),
        ("editChannel",     "editChannel(handle: \"ada\", changes: { title: \"Other\" }) { id }",
                                                                                      RUNS),
        ("removeCover",     "removeCover(handle: \"ada\") { id }",                    RUNS),
        ("unlockIngest",    "unlockIngest(handle: \"ada\") { id }",                   ADMIN),
        ("createKey",       "createKey(handle: \"ada\", label: \"Second\") { secret }", OWNER),
        ("revealKey",       "revealKey(id: \"$global-key\") { secret }",              HIDDEN),
        ("rotateKey",       "rotateKey(id: \"$global-key\") { secret }",              HIDDEN),
        ("revokeKey",       "revokeKey(id: \"$global-key\") { id }",                  HIDDEN),
        ("withdrawIngest",  "withdrawIngest(keyId: \"$global-key\")",            HIDDEN),
        ("takeSeat",        "takeSeat(keyId: \"$global-key\") { url }",          seat),
        ("createStream",    "createStream(handle: \"ada\") { id }",                   OWNER),
        ("startStream",     "startStream(id: \"$global-live\") { id }",               OWNER),
        ("endStream",       "endStream(id: \"$global-live\") { id }",                 RUNS),
        ("joinStream",      "joinStream(id: \"$global-live\") { playback { url } }",  AUDIENCE),
        ("postMessage",     "postMessage(handle: \"ada\", text: \"hi\") { repeated }", CHATS),
        ("setTyping",       "setTyping(handle: \"ada\", active: true)",               AUDIENCE),
        ("react",           "react(handle: \"ada\", reaction: \"🎉\")",               AUDIENCE),
        ("deleteMessage",   "deleteMessage(handle: \"ada\", seq: $message)",          STAFF),
        ("clearMessages",   "clearMessages(handle: \"ada\", author: \"$guest\")",     STAFF),
        ("pinMessage",      "pinMessage(handle: \"ada\", seq: $message)",             STAFF),
        ("unpinMessage",    "unpinMessage(handle: \"ada\", seq: $message)",           STAFF),
        ("configureChat",   &configure,                                               RUNS),
        ("timeOut",         "timeOut(handle: \"ada\", subject: \"$guest\", seconds: 60) { kind }",
                                                                                      STAFF),
        ("ban",             "ban(handle: \"ada\", subject: \"$guest\") { kind }",     STAFF),
        ("liftRestriction", "liftRestriction(handle: \"ada\", subject: \"$guest\")",  STAFF),
        ("appoint",         "appoint(handle: \"ada\", username: \"eve\", role: VIP) { role }",
                                                                                      RUNS),
        ("dismiss",         "dismiss(handle: \"ada\", username: \"eve\")",            RUNS),
        ("follow",          "follow(handle: \"ada\") { following }",                  FOLLOWS),
        ("unfollow",        "unfollow(handle: \"ada\") { following }",                ACCOUNT),
        ("block",           "block(username: \"eve\") { since }",                     ACCOUNT),
        ("unblock",         "unblock(username: \"eve\")",                             ACCOUNT),
    ];
    rows.map(|(name, field, expected)| {
        row(&format!("Mutation.{name}"), format!("mutation {{ {field} }}"), expected)
    }).into()
}

#[rustfmt::skip]
fn recordings() -> Vec<Row> {
    let recordings = "{ channel(handle: \"ada\") { live { recordings { edges { cursor } } } } }";
    let start = "mutation { startRecording(streamId: \"$global-live\") { id } }";
    let stop = "mutation { stopRecording(id: \"$global-recording\") { id } }";
    vec![
        row("Stream.recordings",       recordings.to_owned(), RUNS),
        row("Mutation.startRecording", start.to_owned(),      RUNS),
        row("Mutation.stopRecording",  stop.to_owned(),       RECORDED),
    ]
}

#[rustfmt::skip]
fn subscriptions() -> Vec<Row> {
    let rows: [(&str, &str, Expected); 4] = [
        ("Subscription.chat",        "chat(handle: \"ada\") { __typename }",  AUDIENCE),
        ("Subscription.streamState", "streamState(handle: \"ada\") { seq }",  AUDIENCE),
        ("Subscription.viewers",     "viewers(handle: \"ada\") { viewers }",  AUDIENCE),
        ("Subscription.notifications", "notifications { at }",               ACCOUNT),
    ];
    rows.map(|(name, field, expected)| {
        row(name, format!("subscription {{ {field} }}"), expected)
    }).into()
}
