//! Who is asking, found out once for each connection.

use std::sync::OnceLock;

use axum::extract::Query;
use greenroom_app::App;
use greenroom_app::account::authenticate;
use greenroom_domain::account::{DisplayName, Login, User};
use greenroom_domain::chat::Place;
use greenroom_domain::shared::actor::{Actor, Identity};
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::StreamId;
use greenroom_domain::shared::id::{ConnectionId, GuestId};
use greenroom_domain::shared::rate::TokenBucket;
use http::{StatusCode, Uri};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::connection::Connection;
use super::payload::{place, stream_id};
use super::speech::{Document, Speech};
use super::{Events, Handshake, Problem, Socket};
use crate::context;
use crate::wire::{UserJson, identity_text};

/// What a client may give as `auth`.
#[derive(Default, Deserialize)]
struct Auth {
    /// A session token, or a token of the host platform.
    token: Option<String>,
    /// What the event `session` told a guest, by which they stay the same person.
    guest: Option<String>,
    #[serde(flatten)]
    wishes: Wishes,
}

/// What a client may name as `auth` or in the query: in whose words it speaks, and, where those
/// are `PawfectMatch`'s, the stream that it is here for.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wishes {
    dialect: Option<String>,
    stream_id: Option<String>,
    /// The last message that it has.
    after: Option<String>,
}

/// The stream that a client has come for.
pub(super) struct Entrance {
    pub(super) stream: StreamId,
    /// The last place that it has seen.
    pub(super) after: Option<Place>,
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
    events: &Events,
    handshake: &Handshake,
    socket: Socket,
) -> Result<(Connection, Option<Entrance>), Problem> {
    let app = &events.app;
    let auth = auth(handshake)?;
    let wishes = auth.wishes.or(query(handshake));
    let names_stream = wishes.stream_id.is_some();
    let speech = Speech::of(&events.config, wishes.dialect.as_deref(), names_stream)?;
    let entrance = match speech {
        Speech::Of(Document::PawfectMatch) => Some(wishes.entrance()?),
        Speech::Of(Document::HarmonieCore) | Speech::Ours => None,
    };
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
    if let Some(user) = &caller.user {
        events.people.meet(user);
    }
    let connection = Connection {
        id: ConnectionId::from_uuid(app.ports.ids.uuid()),
        socket,
        actor,
        who,
        speech,
        subject: caller.user.and_then(|user| match user.login {
            Login::Host(subject) => Some(Box::new(subject)),
            Login::Local(_) => None,
        }),
        stream: entrance.as_ref().map(|entrance| entrance.stream),
        expires_at: caller.expires_at,
        session: caller.session_id,
        bucket: Mutex::new(TokenBucket::full(now)),
        memberships: Mutex::default(),
        notified: OnceLock::new(),
    };
    Ok((connection, entrance))
}

impl Wishes {
    fn or(self, other: Self) -> Self {
        Self {
            dialect: self.dialect.or(other.dialect),
            stream_id: self.stream_id.or(other.stream_id),
            after: self.after.or(other.after),
        }
    }

    fn entrance(&self) -> Result<Entrance, Problem> {
        let Some(stream) = &self.stream_id else {
            return Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "MISSING_FIELD",
                "the handshake names the stream: streamId",
            )
            .with("field", "streamId"));
        };
        let after = self.after.as_deref();
        Ok(Entrance {
            stream: stream_id(stream)?,
            after: after.map(|text| place("after", text)).transpose()?,
        })
    }
}

/// A query that cannot be read says nothing.
fn query(handshake: &Handshake) -> Wishes {
    let uri = format!("/?{}", handshake.query).parse::<Uri>();
    let read = uri.map(|uri| Query::<Wishes>::try_from_uri(&uri));
    read.ok()
        .and_then(Result::ok)
        .map_or_else(Wishes::default, |Query(wishes)| wishes)
}

fn auth(handshake: &Handshake) -> Result<Auth, Problem> {
    let Some(auth) = &handshake.auth else {
        return Ok(Auth::default());
    };
    serde_json::from_str(auth.get()).map_err(|_| {
        Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "WRONG_TYPE",
            "auth: its fields are texts",
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
