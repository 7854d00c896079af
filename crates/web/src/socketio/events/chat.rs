//! Chat: listen to a channel's room, say something, read what was said.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use greenroom_app::Refusal;
use greenroom_app::channel::view;
use greenroom_app::chat::command::Done;
use greenroom_app::chat::history::Part;
use greenroom_app::chat::post::Post;
use greenroom_app::chat::say::{self, Said};
use greenroom_app::chat::{delete, history};
use greenroom_domain::channel::Handle;
use greenroom_domain::chat::{ClientMessageId, Content, LineBody, Seq};
use greenroom_domain::shared::id::{ChannelId, StreamId};
use greenroom_domain::shared::page::PageLimit;
use greenroom_domain::stream::{Stream, StreamError, StreamState};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::connection::Connection;
use super::enter::{Purpose, enter};
use super::payload::{handle, place, require_own, stream_id};
use super::speech::Speech;
use super::stream::{ChatJson, chat_of, start_at};
use super::{Answer, Events, Nothing, Problem, done};
use crate::wire::{ChannelJson, ChatSettingsJson, LineJson};

/// How much of the log one answer holds, in bytes: well below what may wait for one client.
const HISTORY_BYTES: usize = 96 * 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Join {
    handle: String,
    /// The last place that was seen.
    after: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Leave {
    handle: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Send {
    stream_id: Option<String>,
    handle: Option<String>,
    user_id: Option<String>,
    message: String,
    client_message_id: Option<String>,
    /// The number of the line that it answers.
    reply_to: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct GetHistory {
    stream_id: Option<String>,
    handle: Option<String>,
    before: Option<String>,
    after: Option<String>,
    limit: Option<u16>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Delete {
    stream_id: Option<String>,
    handle: Option<String>,
    seq: u64,
}

#[derive(Serialize)]
struct Joined {
    channel: ChannelJson,
    chat: ChatJson,
}

pub(super) async fn join(
    events: &Events,
    connection: &Arc<Connection>,
    payload: Join,
) -> Result<Answer, Problem> {
    let start = start_at(payload.after.as_deref())?;
    let view = view::execute(&events.app, &handle(&payload.handle)?).await?;
    let channel = &view.channel.value;
    let entered = enter(events, connection, channel, start, Purpose::Chat).await?;
    done(&Joined {
        chat: chat_of(events, connection, channel, &entered).await?,
        channel: ChannelJson::public(&view),
    })
}

pub(super) async fn leave(
    events: &Events,
    connection: &Arc<Connection>,
    payload: Leave,
) -> Result<Answer, Problem> {
    let channel = channel_named(events, &payload.handle).await?;
    connection.leave_chat(channel);
    done(&Nothing {})
}

/// It was a command, and was carried out.
#[derive(Serialize)]
struct CarriedOut {
    /// `restricted`, `lifted`, `cleared`, `role_changed`, `blocked`, `unblocked`, `configured`.
    done: &'static str,
    /// Whom it concerns.
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    /// How many messages are gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<usize>,
}

impl From<Done> for CarriedOut {
    fn from(carried_out: Done) -> Self {
        let (done, user, count) = match carried_out {
            Done::Restricted(user) => ("restricted", Some(user), None),
            Done::Lifted(user) => ("lifted", Some(user), None),
            Done::Cleared(user, count) => ("cleared", Some(user), Some(count)),
            Done::RoleChanged(user) => ("role_changed", Some(user), None),
            Done::Blocked(user) => ("blocked", Some(user), None),
            Done::Unblocked(user) => ("unblocked", Some(user), None),
            Done::Configured => ("configured", None, None),
        };
        Self {
            done,
            username: user.map(|user| user.to_string()),
            count,
        }
    }
}

/// A message is in the log.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Posted<'a> {
    place: String,
    seq: u64,
    at: String,
    client_message_id: Option<&'a str>,
    /// It was cut where the room's limit is.
    truncated: bool,
    /// It was there already.
    repeated: bool,
}

pub(super) async fn send(
    events: &Events,
    connection: &Arc<Connection>,
    payload: Send,
) -> Result<Answer, Problem> {
    require_own(connection, "userId", payload.user_id.as_deref())?;
    let client_id = payload
        .client_message_id
        .as_deref()
        .map(ClientMessageId::parse)
        .transpose()
        .map_err(|error| Problem::text("clientMessageId", error))?;
    let channel = room_now(events, connection, payload.stream_id, payload.handle).await?;
    let post = Post {
        channel,
        text: payload.message,
        client_id,
        reply_to: payload.reply_to.map(Seq),
    };
    let terms = connection.speech.terms();
    let posted = match say::execute_by(&events.app, &connection.actor, post, terms).await? {
        Said::Posted(posted) => posted,
        Said::Done(carried_out) => return done(&CarriedOut::from(carried_out)),
    };
    if !posted.repeated {
        let meters = &events.config.meters;
        meters.chat_messages.fetch_add(1, Ordering::Relaxed);
    }
    let line = &posted.line;
    let truncated = match &line.body {
        LineBody::Message(message) => {
            matches!(&message.content, Content::Text(text) if text.truncated)
        }
        _ => false,
    };
    done(&Posted {
        place: line.place.to_string(),
        seq: line.place.seq.0,
        at: line.at.to_rfc3339(),
        client_message_id: payload.client_message_id.as_deref(),
        truncated,
        repeated: posted.repeated,
    })
}

/// Part of a room's log.
#[derive(Serialize)]
struct History {
    /// Oldest first: as many as fit into one answer.
    lines: Vec<Box<RawValue>>,
    /// Where the log ends.
    head: String,
    /// The place that was asked for cannot be gone on from: these are the newest lines.
    resync: bool,
    settings: ChatSettingsJson,
}

pub(super) async fn history(
    events: &Events,
    connection: &Arc<Connection>,
    payload: GetHistory,
) -> Result<Answer, Problem> {
    let app = &events.app;
    let part = match (&payload.before, &payload.after) {
        (None, None) => Part::Newest,
        (Some(before), None) => Part::Before(place("before", before)?.seq),
        (None, Some(after)) => Part::After(place("after", after)?),
        (Some(_), Some(_)) => {
            return Err(invalid("before", "either before or after, not both"));
        }
    };
    let limit = match payload.limit {
        None => PageLimit::default(),
        Some(limit) => {
            PageLimit::new(limit).ok_or_else(|| invalid("limit", "it must be 1 to 100"))?
        }
    };
    let handle = match payload.handle {
        Some(name) if payload.stream_id.is_none() => handle(&name)?,
        name => {
            let channel = room_of(events, connection, payload.stream_id, name).await?;
            handle_of(events, channel).await?
        }
    };
    let history = history::execute(app, &connection.actor, &handle, part, limit).await?;
    let written = |lines: &mut dyn Iterator<Item = _>| {
        let mut room = HISTORY_BYTES;
        let mut kept = Vec::new();
        for line in lines {
            // The use case has left out already what the actor may not see.
            let line = serde_json::value::to_raw_value(&LineJson::staff(line))
                .map_err(|error| Problem::internal().because(error))?;
            let Some(left) = room.checked_sub(line.get().len()) else {
                break;
            };
            room = left;
            kept.push(line);
        }
        Ok::<_, Problem>(kept)
    };
    // What is nearest to the place that was asked for; the rest is for the next question.
    let lines = match part {
        Part::After(_) if !history.resync => written(&mut history.lines.iter())?,
        _ => {
            let mut lines = written(&mut history.lines.iter().rev())?;
            lines.reverse();
            lines
        }
    };
    done(&History {
        lines,
        head: history.head.to_string(),
        resync: history.resync,
        settings: ChatSettingsJson::from(history.settings),
    })
}

pub(super) async fn delete(
    events: &Events,
    connection: &Arc<Connection>,
    payload: Delete,
) -> Result<Answer, Problem> {
    let channel = room_of(events, connection, payload.stream_id, payload.handle).await?;
    delete::execute(&events.app, &connection.actor, channel, Seq(payload.seq)).await?;
    done(&Nothing {})
}

/// The room that a payload names: a stream's or a channel's, which are the same.
pub(super) async fn room_of(
    events: &Events,
    connection: &Connection,
    stream: Option<String>,
    handle: Option<String>,
) -> Result<ChannelId, Problem> {
    match (stream, handle) {
        (Some(stream), None) => {
            let stream = stream_id(&stream)?;
            match connection.room_watched_for(stream) {
                Some(room) => Ok(room.channel),
                None => Ok(read(events, stream).await?.channel),
            }
        }
        (None, Some(name)) => channel_named(events, &name).await,
        (None, None) => Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "MISSING_FIELD",
            "streamId or handle is needed",
        )
        .with("field", "streamId")),
        (Some(_), Some(_)) => Err(invalid("handle", "either streamId or handle, not both")),
    }
}

/// The same for what is said now. To us the room is the channel's, and goes on; to the documents
/// it is the stream's, and is over with it.
pub(super) async fn room_now(
    events: &Events,
    connection: &Connection,
    stream: Option<String>,
    handle: Option<String>,
) -> Result<ChannelId, Problem> {
    let (Speech::Of(_), Some(named)) = (connection.speech, &stream) else {
        return room_of(events, connection, stream, handle).await;
    };
    let named = stream_id(named)?;
    if let Some(room) = connection.room_watched_for(named)
        && room.stream() == Some(named)
    {
        return Ok(room.channel);
    }
    let stream = read(events, named).await?;
    match stream.state {
        StreamState::Ended { .. } => Err(Refusal::Stream(StreamError::Ended).into()),
        StreamState::Pending | StreamState::Live { .. } => Ok(stream.channel),
    }
}

async fn read(events: &Events, stream: StreamId) -> Result<Stream, Problem> {
    let stream = events.app.ports.streams.get(stream).await;
    let stream = stream.map_err(Refusal::from)?;
    Ok(stream.ok_or(Refusal::NoSuchStream)?.value)
}

async fn channel_named(events: &Events, name: &str) -> Result<ChannelId, Problem> {
    let channel = events.app.ports.channels.by_handle(&handle(name)?).await;
    let channel = channel.map_err(Refusal::from)?;
    Ok(channel.ok_or(Refusal::NoSuchChannel)?.value.id)
}

async fn handle_of(events: &Events, channel: ChannelId) -> Result<Handle, Problem> {
    let channel = events.app.ports.channels.get(channel).await;
    let channel = channel.map_err(Refusal::from)?;
    Ok(channel.ok_or(Refusal::NoSuchChannel)?.value.handle)
}

pub(super) fn invalid(field: &str, error: &str) -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "INVALID_FIELD",
        format!("{field}: {error}"),
    )
    .with("field", field)
}
