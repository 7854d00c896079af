//! REST's rows.

use serde_json::{Value, json};

use crate::table::{
    ACCOUNT, ADMIN, AUDIENCE, Actor, Ask, CHATS, CREATES, Expected, FOLLOWS, HIDDEN, OPEN, OWNER,
    RECORDED, RUNS, Row, STAFF,
};

/// A route as the document has it, the same with what is there, and what comes of it.
fn row(name: &str, path: &'static str, body: Option<Value>, expected: Expected) -> Row {
    let method = match name.split(' ').next() {
        Some("GET") => "get",
        Some("POST") => "post",
        Some("PUT") => "put",
        Some("PATCH") => "patch",
        Some("DELETE") => "delete",
        _ => panic!("a method is missing: {name}"),
    };
    Row {
        name: name.to_owned(),
        ask: Ask::Rest { method, path, body },
        expected,
    }
}

/// Stands for a body that is a picture and no JSON.
pub(crate) fn picture() -> Value {
    json!("a picture")
}

/// Something to be said in a body.
#[expect(clippy::unnecessary_wraps, reason = "rows without a body say None")]
fn with(body: Value) -> Option<Value> {
    Some(body)
}

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = accounts();
    rows.extend(channels());
    rows.extend(keys());
    rows.extend(streams());
    rows.extend(recordings());
    rows.extend(chat());
    rows.extend(moderation());
    rows.extend(social());
    rows
}

#[rustfmt::skip]
fn accounts() -> Vec<Row> {
    let newcomer = json!({ "username": "newcomer", "password": "$password" });
    let setup = json!({ "token": "gs_wrong", "username": "mallory", "password": "$password" });
    let bob = json!({ "username": "bob", "password": "$password" });
    let passwords = json!({ "old_password": "$password", "new_password": "another long one" });
    let approved = json!({ "status": "approved" });
    let name = json!({ "display_name": "Other" });
    let no_link = Expected::all("SETUP_LINK_INVALID");
    vec![
        row("GET /setup",                    "/setup",             None,            OPEN),
        row("POST /setup",                   "/setup",             with(setup),     no_link),
        row("POST /users",                   "/users",             with(newcomer),  OPEN),
        row("GET /users",                    "/users",             None,            ADMIN),
        row("GET /users/{username}",         "/users/ada",         None,            OPEN),
        row("PUT /users/{username}/creator", "/users/bob/creator", with(approved),  ADMIN),
        row("POST /sessions",                "/sessions",          with(bob),       OPEN),
        row("GET /sessions/current",         "/sessions/current",  None,            OPEN),
        row("DELETE /sessions/current",      "/sessions/current",  None,            OPEN),
        row("GET /me",                       "/me",                None,            ACCOUNT),
        row("PATCH /me",                     "/me",                with(name),      ACCOUNT),
        row("PUT /me/password",              "/me/password",       with(passwords), ACCOUNT),
        row("POST /me/creator",              "/me/creator",        None,            ACCOUNT),
        row("PUT /me/avatar",                "/me/avatar",         with(picture()), ACCOUNT),
        row("DELETE /me/avatar",             "/me/avatar",         None,            ACCOUNT),
    ]
}

#[rustfmt::skip]
fn channels() -> Vec<Row> {
    let own = Expected::all("CHANNEL_NOT_FOUND")
        .but(Actor::Owner, "OK")
        .but(Actor::Guest, "SIGN_IN_FIRST");
    let another = json!({ "handle": "another", "title": "Mine" });
    let title = json!({ "title": "Other" });
    vec![
        row("GET /me/channel",           "/me/channel",      None,            own),
        row("POST /channels",            "/channels",        with(another),   CREATES),
        row("GET /channels/{handle}",    "/channels/ada",    None,            OPEN),
        row("PATCH /channels/{handle}",  "/channels/ada",    with(title),     RUNS),
        row("GET /channels/{handle}/me", "/channels/ada/me", None,            OPEN),
        row("PUT /channels/{handle}/cover",
            "/channels/ada/cover",       with(picture()),    RUNS),
        row("DELETE /channels/{handle}/cover",
            "/channels/ada/cover",       None,               RUNS),
        row("DELETE /channels/{handle}/ingest-lock",
            "/channels/ada/ingest-lock", None,               ADMIN),
    ]
}

#[rustfmt::skip]
fn keys() -> Vec<Row> {
    let label = json!({ "label": "Second" });
    // The engine of this server has no rooms.
    let seat = HIDDEN.but(Actor::Owner, "NO_ROOMS");
    vec![
        row("POST /channels/{handle}/keys", "/channels/ada/keys", with(label), OWNER),
        row("GET /channels/{handle}/keys",  "/channels/ada/keys", None,        OWNER),
        row("GET /keys/{id}/secret",        "/keys/$key/secret",  None,        HIDDEN),
        row("POST /keys/{id}/rotate",       "/keys/$key/rotate",  None,        HIDDEN),
        row("DELETE /keys/{id}",            "/keys/$key",         None,        HIDDEN),
        row("GET /keys/{id}/ingest",        "/keys/$key/ingest",  None,        HIDDEN),
        row("DELETE /keys/{id}/ingest",     "/keys/$key/ingest",  None,        HIDDEN),
        row("POST /keys/{id}/seat",         "/keys/$key/seat",    None,        seat),
    ]
}

#[rustfmt::skip]
fn streams() -> Vec<Row> {
    vec![
        row("GET /streams",              "/streams",               None, OPEN),
        row("GET /streams/{id}",         "/streams/$live",         None, OPEN),
        row("POST /streams/{id}/start",  "/streams/$live/start",   None, OWNER),
        row("POST /streams/{id}/end",    "/streams/$live/end",     None, RUNS),
        row("GET /streams/{id}/ingest",  "/streams/$live/ingest",  None, RUNS),
        row("POST /streams/{id}/join",   "/streams/$live/join",    None, AUDIENCE),
        row("GET /streams/{id}/viewers", "/streams/$live/viewers", None, AUDIENCE),
        row("GET /channels/{handle}/playback",
            "/channels/ada/playback",    None,                     AUDIENCE),
        row("GET /channels/{handle}/streams",
            "/channels/ada/streams",     None,                     OPEN),
        row("POST /channels/{handle}/streams",
            "/channels/ada/streams",     with(json!({})),          OWNER),
    ]
}

#[rustfmt::skip]
fn recordings() -> Vec<Row> {
    vec![
        row("GET /streams/{id}/recordings",  "/streams/$live/recordings",   None, RUNS),
        row("POST /streams/{id}/recordings", "/streams/$live/recordings",   None, RUNS),
        row("GET /recordings/{id}",          "/recordings/$recording",      None, RECORDED),
        row("POST /recordings/{id}/stop",    "/recordings/$recording/stop", None, RECORDED),
    ]
}

#[rustfmt::skip]
fn chat() -> Vec<Row> {
    let hi = json!({ "text": "hi" });
    let party = json!({ "reaction": "🎉" });
    let settings = json!({ "enabled": true, "guests": true, "slow_mode_seconds": null,
        "max_length": 100, "rate": "standard" });
    // Nobody's business: the same list for all.
    let emotes = OPEN.but(Actor::Expired, "OK");
    vec![
        row("GET /channels/{handle}/chat",
            "/channels/ada/chat",          None,           AUDIENCE),
        row("POST /channels/{handle}/chat",
            "/channels/ada/chat",          with(hi),       CHATS),
        row("GET /channels/{handle}/chat/settings",
            "/channels/ada/chat/settings", None,           OPEN),
        row("PUT /channels/{handle}/chat/settings",
            "/channels/ada/chat/settings", with(settings), RUNS),
        row("POST /channels/{handle}/reactions",
            "/channels/ada/reactions",     with(party),    AUDIENCE),
        row("GET /channels/{handle}/pins",
            "/channels/ada/pins",          None,           AUDIENCE),
        row("GET /channels/{handle}/roles",
            "/channels/ada/roles",         None,           AUDIENCE),
        row("GET /emotes",
            "/emotes",                     None,           emotes),
    ]
}

#[rustfmt::skip]
fn moderation() -> Vec<Row> {
    let ban = json!({ "kind": "ban" });
    vec![
        row("DELETE /channels/{handle}/chat/{seq}",
            "/channels/ada/chat/$message",             None,      STAFF),
        row("DELETE /channels/{handle}/chat/authors/{subject}",
            "/channels/ada/chat/authors/$guest",       None,      STAFF),
        row("GET /channels/{handle}/chat/restrictions",
            "/channels/ada/chat/restrictions",         None,      STAFF),
        row("PUT /channels/{handle}/chat/restrictions/{subject}",
            "/channels/ada/chat/restrictions/$guest",  with(ban), STAFF),
        row("DELETE /channels/{handle}/chat/restrictions/{subject}",
            "/channels/ada/chat/restrictions/$guest",  None,      STAFF),
        row("PUT /channels/{handle}/pins/{seq}",
            "/channels/ada/pins/$message",             None,      STAFF),
        row("DELETE /channels/{handle}/pins/{seq}",
            "/channels/ada/pins/$message",             None,      STAFF),
        row("GET /channels/{handle}/audit",
            "/channels/ada/audit",                     None,      STAFF),
        row("PUT /channels/{handle}/moderators/{username}",
            "/channels/ada/moderators/eve",            None,      RUNS),
        row("DELETE /channels/{handle}/moderators/{username}",
            "/channels/ada/moderators/eve",            None,      RUNS),
        row("PUT /channels/{handle}/vips/{username}",
            "/channels/ada/vips/eve",                  None,      RUNS),
        row("DELETE /channels/{handle}/vips/{username}",
            "/channels/ada/vips/eve",                  None,      RUNS),
    ]
}

#[rustfmt::skip]
fn social() -> Vec<Row> {
    let quietly = json!({ "notify": "nothing" });
    vec![
        row("GET /channels/{handle}/follow",    "/channels/ada/follow",    None,          OPEN),
        row("PUT /channels/{handle}/follow",    "/channels/ada/follow",    with(quietly), FOLLOWS),
        row("DELETE /channels/{handle}/follow", "/channels/ada/follow",    None,          ACCOUNT),
        row("GET /channels/{handle}/followers", "/channels/ada/followers", None,          OPEN),
        row("GET /me/following",                "/me/following",           None,          ACCOUNT),
        row("GET /me/blocks",                   "/me/blocks",              None,          ACCOUNT),
        row("PUT /me/blocks/{username}",        "/me/blocks/eve",          None,          ACCOUNT),
        row("DELETE /me/blocks/{username}",     "/me/blocks/eve",          None,          ACCOUNT),
    ]
}
