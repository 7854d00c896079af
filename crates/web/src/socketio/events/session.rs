//! Who is asking, found out once for each connection.

use std::sync::Arc;

use greenroom_app::App;
use greenroom_app::account::authenticate;
use greenroom_domain::account::{DisplayName, Login, User};
use greenroom_domain::shared::actor::{Actor, Identity};
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::{ConnectionId, GuestId};
use greenroom_domain::shared::rate::TokenBucket;
use http::StatusCode;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::connection::Connection;
use super::{Handshake, Problem, Socket};
use crate::context;
use crate::wire::{UserJson, identity_text};

/// What a client may give as `auth`.
#[derive(Default, Deserialize)]
struct Auth {
    /// A session token, or a token of the host platform.
    token: Option<String>,
    /// What the event `session` told a guest, by which they stay the same person.
    guest: Option<String>,
}

/// The first event of every connection: who the client is here.
#[derive(Serialize)]
struct SessionJson<'a> {
    /// `user:<id>` or `guest:<id>`.
    identity: String,
    /// What they are called.
    name: String,
    /// Their account, if they are signed in.
    user: Option<UserJson>,
    /// For guests who bring no cookie: to be given as `auth.guest` the next time.
    guest: Option<&'a str>,
    /// Until when this connection may last, by RFC 3339.
    expires_at: Option<String>,
    /// The time here, by RFC 3339.
    server_time: String,
}

/// By `auth.token`, a bearer token, the session's cookie, the guest's cookie or `auth.guest`;
/// whoever has none of these is a new guest. The transport has asked for the origin before.
pub(super) async fn open(
    app: &Arc<App>,
    handshake: &Handshake,
    socket: Socket,
) -> Result<Connection, Problem> {
    let auth = auth(handshake)?;
    let caller = context::authenticate(app, &handshake.headers, auth.token.as_deref()).await?;
    let (actor, guest) = match (caller.actor, caller.new_guest) {
        (new @ Actor::Guest(_), Some(text)) => match known(app, auth.guest) {
            Some((known, text)) => (Actor::Guest(known), Some(text)),
            None => (new, Some(text)),
        },
        (actor, _) => (actor, None),
    };
    let who = actor.identity().ok_or_else(Problem::internal)?;
    let now = app.now();
    let told = SessionJson {
        identity: identity_text(who),
        name: name(who, caller.user.as_ref()),
        user: caller.user.as_ref().map(UserJson::from),
        guest: guest.as_deref(),
        expires_at: caller.expires_at.map(Timestamp::to_rfc3339),
        server_time: now.to_rfc3339(),
    };
    socket
        .emit("session", &told)
        .map_err(|error| Problem::internal().because(error))?;
    Ok(Connection {
        id: ConnectionId::from_uuid(app.ports.ids.uuid()),
        socket,
        actor,
        who,
        subject: caller.user.and_then(|user| match user.login {
            Login::Host(subject) => Some(subject.subject.into_boxed_str()),
            Login::Local(_) => None,
        }),
        expires_at: caller.expires_at,
        session: caller.session_id,
        bucket: Mutex::new(TokenBucket::full(now)),
        memberships: Mutex::default(),
    })
}

fn auth(handshake: &Handshake) -> Result<Auth, Problem> {
    let Some(auth) = &handshake.auth else {
        return Ok(Auth::default());
    };
    serde_json::from_str(auth.get()).map_err(|_| {
        Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "WRONG_TYPE",
            "auth: token and guest are texts",
        )
        .with("field", "auth")
    })
}

/// The guest of a text that was signed here.
fn known(app: &App, text: Option<String>) -> Option<(GuestId, String)> {
    let text = text?;
    authenticate::guest(app, &text).map(|guest| (guest, text))
}

/// What somebody is called: as the chat will show them.
fn name(who: Identity, user: Option<&User>) -> String {
    match (user, who) {
        (Some(user), _) => user.display_name.to_string(),
        (None, Identity::User(id)) => id.to_string(),
        (None, Identity::Guest(id)) => DisplayName::of_guest(id).to_string(),
    }
}
