//! What clients send, read strictly.

use greenroom_app::Refusal;
use greenroom_domain::access::Denied;
use greenroom_domain::channel::Handle;
use greenroom_domain::chat::Place;
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::id::StreamId;
use http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::connection::Connection;
use super::speech::{Document, Speech};
use super::vocabulary::Request;
use super::{Args, Problem};
use crate::wire::identity_text;

/// What comes with a request.
pub(super) struct Payload<'a> {
    connection: &'a Connection,
    request: Request,
    args: &'a Args,
}

impl<'a> Payload<'a> {
    pub(super) fn new(connection: &'a Connection, request: Request, args: &'a Args) -> Self {
        Self {
            connection,
            request,
            args,
        }
    }

    /// The event's first argument. Fields that its type does not have are refused by the type; a
    /// document's clients may have more.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let Self {
            connection,
            request,
            args,
        } = self;
        match connection.speech {
            Speech::Ours => args.read(0),
            Speech::Of(document) => args
                .read(0)
                .map(|payload| translated(connection, *request, document, payload))
                .and_then(serde_json::from_value),
        }
        .map_err(|error| unreadable(&error))
    }
}

/// A payload in our words. A bare text is what it is all about; none is an empty one.
fn translated(
    connection: &Connection,
    request: Request,
    document: Document,
    payload: Value,
) -> Value {
    let theirs = match payload {
        Value::Object(theirs) => theirs,
        Value::Null => Map::new(),
        Value::String(text) => match request {
            Request::SendMessage => Map::from_iter([("message".to_owned(), text.into())]),
            Request::React => Map::from_iter([("reaction".to_owned(), text.into())]),
            _ => return Value::String(text),
        },
        other => return other,
    };
    let mut ours = Map::new();
    for (name, mut names) in request.fields(document) {
        if let Some(value) = names.find_map(|name| theirs.get(name)) {
            ours.insert(name.to_owned(), value.clone());
        }
    }
    if let Some(stream) = connection.stream {
        ours.entry("streamId")
            .or_insert_with(|| stream.to_string().into());
    }
    Value::Object(ours)
}

fn unreadable(error: &serde_json::Error) -> Problem {
    // serde tells fields and their kind of trouble by its message alone.
    let message = error.to_string();
    let code = if message.starts_with("unknown field") {
        "UNKNOWN_FIELD"
    } else if message.starts_with("missing field") {
        "MISSING_FIELD"
    } else {
        "WRONG_TYPE"
    };
    let field = message.split('`').nth(1).filter(|_| code != "WRONG_TYPE");
    let problem = Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        code,
        format!("the payload does not fit: {message}"),
    );
    match field {
        Some(field) => problem.with("field", field),
        None => problem,
    }
}

/// What is no id names no stream.
pub(super) fn stream_id(text: &str) -> Result<StreamId, Problem> {
    text.parse().map_err(|_| Refusal::NoSuchStream.into())
}

/// What cannot be a handle names no channel.
pub(super) fn handle(text: &str) -> Result<Handle, Problem> {
    Handle::parse(text).map_err(|_| Refusal::NoSuchChannel.into())
}

/// A place in a room's log.
pub(super) fn place(field: &str, text: &str) -> Result<Place, Problem> {
    text.parse().map_err(|_| {
        Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "INVALID_FIELD",
            format!("{field}: this is not a place"),
        )
        .with("field", field)
    })
}

/// Refuses who speaks for somebody else: an id in a payload proves nothing, but a wrong one
/// shows a client that is mistaken.
pub(super) fn require_own(
    connection: &Connection,
    field: &str,
    id: Option<&str>,
) -> Result<(), Problem> {
    let Some(id) = id else { return Ok(()) };
    let own = match connection.who {
        Identity::User(user) => user.to_string(),
        Identity::Guest(guest) => guest.to_string(),
    };
    if id.eq_ignore_ascii_case(&own)
        || id == identity_text(connection.who)
        || (connection.subject.as_ref()).is_some_and(|subject| subject.subject == id)
    {
        return Ok(());
    }
    Err(Problem::from(Refusal::Denied(Denied::Forbidden)).with("field", field))
}
