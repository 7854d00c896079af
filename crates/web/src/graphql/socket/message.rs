//! The messages of graphql-transport-ws, as a codec: texts in, texts out. (The protocol of the
//! npm package `graphql-ws`; `PROTOCOL.md` there.)

use async_graphql::Request;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::websocket::frame;

/// The protocol's name.
pub(super) const SUBPROTOCOL: &str = "graphql-transport-ws";

/// An operation's id is at most so long, in bytes.
const LONGEST_ID: usize = 128;

/// Close codes of the protocol; those of RFC 6455 are in [`frame::close`].
pub(super) mod close {
    /// What was sent is no message.
    pub(in crate::graphql::socket) const BAD_REQUEST: u16 = 4400;
    /// Not before the connection is acknowledged; or its proof has expired.
    pub(in crate::graphql::socket) const UNAUTHORIZED: u16 = 4401;
    /// Not with this proof.
    pub(in crate::graphql::socket) const FORBIDDEN: u16 = 4403;
    /// The connection was never initialised.
    pub(in crate::graphql::socket) const INIT_TIMEOUT: u16 = 4408;
    /// There is an operation of this id already.
    pub(in crate::graphql::socket) const SUBSCRIBER_EXISTS: u16 = 4409;
    /// It was initialised before.
    pub(in crate::graphql::socket) const TOO_MANY_INITS: u16 = 4429;
}

/// What a client sends.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Incoming {
    /// Who it is.
    ConnectionInit {
        #[serde(default)]
        payload: Option<Init>,
    },
    /// Are you there?
    Ping {},
    /// Yes.
    Pong {},
    /// Do this.
    Subscribe { id: Box<str>, payload: Box<Request> },
    /// No more of this.
    Complete { id: Box<str> },
}

/// What a client says of itself.
#[derive(Deserialize, Default)]
pub(super) struct Init {
    /// `Bearer <token>`, as the header of that name.
    #[serde(alias = "Authorization")]
    pub(super) authorization: Option<String>,
    /// The text by which a guest is known again.
    pub(super) guest: Option<String>,
}

/// What is told of who a client was found to be.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Welcome<'a> {
    /// `user:<id>` or `guest:<id>`.
    pub(super) identity: String,
    /// To be given as `guest` the next time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) guest: Option<&'a str>,
    /// Until when the connection may last, by RFC 3339.
    pub(super) expires_at: Option<String>,
}

/// The text is no message of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotAMessage;

pub(super) fn read(text: &str) -> Result<Incoming, NotAMessage> {
    let message: Incoming = serde_json::from_str(text).map_err(|_| NotAMessage)?;
    match &message {
        Incoming::Subscribe { id, .. } | Incoming::Complete { id }
            if id.is_empty() || id.len() > LONGEST_ID =>
        {
            Err(NotAMessage)
        }
        _ => Ok(message),
    }
}

/// What a server sends.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Outgoing<'a> {
    /// Welcome.
    ConnectionAck { payload: Welcome<'a> },
    /// Are you there?
    Ping,
    /// Yes.
    Pong,
    /// An answer; there may be more.
    Next { id: &'a str, payload: &'a RawValue },
    /// It is not done.
    Error { id: &'a str, payload: &'a RawValue },
    /// There will be no more.
    Complete { id: &'a str },
}

impl Outgoing<'_> {
    /// As a frame.
    pub(super) fn frame(&self) -> Bytes {
        match serde_json::to_string(self) {
            Ok(text) => frame::text(&text),
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "a message could not be written"
                );
                Bytes::new()
            }
        }
    }
}

/// What stands before the payload of each answer to this operation: the rest is shared.
pub(super) fn beginning(id: &str) -> Bytes {
    let id = serde_json::Value::from(id).to_string();
    Bytes::from(format!(r#"{{"type":"next","id":{id},"payload":"#))
}

/// An answer that many are given: each with its own [`beginning`].
pub(super) fn shared(payload: &[u8]) -> Bytes {
    let mut shared = Vec::with_capacity(payload.len() + 1);
    shared.extend_from_slice(payload);
    shared.push(b'}');
    Bytes::from(shared)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_answer_is_the_same_message() {
        let payload = r#"{"data":{"a":1}}"#;
        for id in ["1", "a \"quoted\" id"] {
            let rest = shared(payload.as_bytes());
            let head = frame::text_head(&beginning(id), rest.len());
            let whole = [&head[..], &rest[..]].concat();
            let text = &whole[2..];
            assert_eq!(usize::from(whole[1]), text.len());
            let json: serde_json::Value = serde_json::from_slice(text).expect("JSON");
            assert_eq!(
                json,
                serde_json::json!({ "type": "next", "id": id, "payload": { "data": { "a": 1 } } })
            );
        }
    }

    #[test]
    fn what_is_no_message_is_refused() {
        for text in [
            "",
            "[]",
            r#"{"type":"start"}"#,
            r#"{"type":"subscribe","id":"1"}"#,
            r#"{"type":"subscribe","id":"","payload":{"query":"{a}"}}"#,
            r#"{"type":"complete","id":7}"#,
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        let long = "x".repeat(LONGEST_ID + 1);
        assert!(read(&format!(r#"{{"type":"complete","id":"{long}"}}"#)).is_err());
        assert!(read(r#"{"type":"connection_init"}"#).is_ok());
        assert!(read(r#"{"type":"ping","payload":{"any":1}}"#).is_ok());
    }
}
