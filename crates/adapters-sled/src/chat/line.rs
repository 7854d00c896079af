//! A line of a room's log as it is written.

use greenroom_domain::account::{DisplayName, Username};
use greenroom_domain::chat::{
    Author, Badge, ClientMessageId, Content, Line, LineBody, Message, MessageText, Place, Seq,
};
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::store::StoreError;
use serde::{Deserialize, Serialize};
use sled::IVec;
use uuid::Uuid;

use crate::codec::{self, BoxError, Unreadable, corrupt};
use crate::keyspace;

pub(crate) const LINE: &str = "line";

/// One-letter names, and nothing for what is not so: messages are most of what is stored.
#[derive(Serialize, Deserialize)]
struct LineRecord {
    /// When.
    t: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    m: Option<MessageRecord>,
    /// Anything but a message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    b: Option<LineBody>,
}

#[derive(Serialize, Deserialize)]
struct MessageRecord {
    /// Author.
    a: (u8, Uuid),
    /// Their username.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    u: Option<String>,
    /// Their name.
    n: String,
    /// Their badges.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    g: Vec<Badge>,
    /// Client message id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    c: Option<String>,
    /// Text; none once it is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    x: Option<String>,
    /// There was more of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    z: bool,
    /// Answers this line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    r: Option<u64>,
}

/// Only what tells a repeat.
#[derive(Deserialize)]
struct RepeatRecord {
    t: i64,
    #[serde(default)]
    m: Option<RepeatMessageRecord>,
}

#[derive(Deserialize)]
struct RepeatMessageRecord {
    a: (u8, Uuid),
    #[serde(default)]
    c: Option<String>,
}

pub(crate) fn encode(at: Timestamp, body: &LineBody) -> Result<IVec, StoreError> {
    let (m, b) = match body {
        LineBody::Message(message) => (Some(message_record(message)), None),
        other => (None, Some(other.clone())),
    };
    let t = at.micros();
    codec::encode_record(LINE, &LineRecord { t, m, b })
}

/// The line's value once its text is gone; `None` when it has none.
///
/// The old value may lie in the file until sled writes its segment anew; nothing reads it.
pub(crate) fn redacted(bytes: &[u8]) -> Result<Option<IVec>, StoreError> {
    let mut record: LineRecord = codec::decode_record(LINE, bytes)?;
    match &mut record.m {
        Some(message) if message.x.is_some() => {
            message.x = None;
            message.z = false;
            codec::encode_record(LINE, &record).map(Some)
        }
        _ => Ok(None),
    }
}

pub(crate) fn decode(place: Place, bytes: &[u8]) -> Result<Line, StoreError> {
    let record: LineRecord = codec::decode_record(LINE, bytes)?;
    let at = Timestamp::from_micros(record.t);
    let body = match (record.m, record.b) {
        (Some(message), None) => {
            LineBody::Message(parse_message(message).map_err(|e| corrupt(LINE, e))?)
        }
        (None, Some(body)) => body,
        _ => return Err(corrupt(LINE, Unreadable::Impossible)),
    };
    Ok(Line { place, at, body })
}

/// When a line was said, and by whom under which client message id, if any.
pub(crate) fn decode_repeat(
    bytes: &[u8],
) -> Result<(Timestamp, Option<(Identity, String)>), StoreError> {
    let record: RepeatRecord = codec::decode_record(LINE, bytes)?;
    let repeat = match record.m {
        Some(RepeatMessageRecord { a, c: Some(id) }) => {
            let author = keyspace::parse_identity(a.0, a.1);
            let author = author.ok_or_else(|| corrupt(LINE, Unreadable::Impossible))?;
            Some((author, id))
        }
        _ => None,
    };
    Ok((Timestamp::from_micros(record.t), repeat))
}

fn message_record(message: &Message) -> MessageRecord {
    let author = &message.author;
    let text = match &message.content {
        Content::Text(text) => Some(text),
        Content::Deleted => None,
    };
    MessageRecord {
        a: keyspace::identity_record(author.identity),
        u: author.username.as_ref().map(|u| u.as_str().to_owned()),
        n: author.name.as_str().to_owned(),
        g: author.badges.clone(),
        c: message.client_id.as_ref().map(|c| c.as_str().to_owned()),
        x: text.map(|text| text.text.clone()),
        z: text.is_some_and(|text| text.truncated),
        r: message.reply_to.map(|seq| seq.0),
    }
}

fn parse_message(record: MessageRecord) -> Result<Message, BoxError> {
    let identity = keyspace::parse_identity(record.a.0, record.a.1);
    Ok(Message {
        author: Author {
            identity: identity.ok_or(Unreadable::Impossible)?,
            username: record.u.as_deref().map(Username::parse).transpose()?,
            name: DisplayName::parse(&record.n)?,
            badges: record.g,
        },
        client_id: record
            .c
            .as_deref()
            .map(ClientMessageId::parse)
            .transpose()?,
        content: match record.x {
            Some(text) => Content::Text(MessageText {
                text,
                truncated: record.z,
            }),
            None => Content::Deleted,
        },
        reply_to: record.r.map(Seq),
    })
}
