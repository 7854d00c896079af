//! What rooms show, in the words of the `HarmonieCORE` document.

use greenroom_app::realtime::Shown;
use greenroom_domain::account::DisplayName;
use greenroom_domain::chat::{
    ClientMessageId, Content, Ephemeral, Line, LineBody, Message, Place, RestrictionKind,
};
use greenroom_domain::shared::id::StreamId;
use serde::Serialize;

use super::speech::{Document, Speech};
use super::translate::Original;
use super::vocabulary::Event;
use crate::dialects::harmoniecore::StreamJson;
use crate::socketio::socket::SharedPacket;
use crate::wire::end_reason_text;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MessageJson<'a> {
    /// By which a client comes back: what it missed is all behind it.
    id: String,
    stream_id: String,
    user_id: String,
    username: &'a str,
    /// `null` once it was deleted.
    message: Option<&'a str>,
    truncated: bool,
    client_message_id: Option<&'a str>,
    timestamp: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DeletedJson {
    id: String,
    stream_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ModeratedJson<'a> {
    stream_id: String,
    target_user_id: String,
    username: Option<&'a str>,
    /// `mute`, `unmute` or `ban`.
    action: &'static str,
    until: Option<String>,
    timestamp: String,
}

#[derive(Serialize)]
struct StreamEvent<'a> {
    #[serde(flatten)]
    stream: StreamJson,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ViewersJson {
    stream_id: String,
    viewer_count: u64,
    /// Some of those who came or went.
    user_ids: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TypingJson<'a> {
    stream_id: String,
    user_id: String,
    username: &'a str,
    is_typing: bool,
}

/// What is told of it.
pub(super) fn packets(original: &Original<'_>) -> serde_json::Result<Vec<SharedPacket>> {
    match original.shown {
        Shown::Line(line) => of_line(original, line).map(Vec::from_iter),
        Shown::Ephemeral(moment) => of_moment(original, moment),
    }
}

fn of_line(original: &Original<'_>, line: &Line) -> serde_json::Result<Option<SharedPacket>> {
    let stream_id = original.stream.to_string();
    let timestamp = line.at.to_rfc3339();
    match &line.body {
        LineBody::Message(message) => {
            let json = message_json(original, line, message);
            packet(Event::NewMessage, &json)
        }
        LineBody::Deleted { target } => {
            let place = Place {
                epoch: line.place.epoch,
                seq: *target,
            };
            let id = place.to_string();
            packet(Event::MessageDeleted, &DeletedJson { id, stream_id })
        }
        LineBody::Restricted {
            subject,
            name,
            kind,
            reason: _,
        } => {
            let (action, until) = match kind {
                RestrictionKind::Timeout { until } => ("mute", Some(until.to_rfc3339())),
                RestrictionKind::Ban => ("ban", None),
            };
            let json = ModeratedJson {
                stream_id,
                target_user_id: original.names.of(*subject),
                username: name.as_ref().map(DisplayName::as_str),
                action,
                until,
                timestamp,
            };
            packet(Event::UserModerated, &json)
        }
        LineBody::RestrictionLifted { subject } => {
            let json = ModeratedJson {
                stream_id,
                target_user_id: original.names.of(*subject),
                username: None,
                action: "unmute",
                until: None,
                timestamp,
            };
            packet(Event::UserModerated, &json)
        }
        LineBody::StreamStarted { .. } => of_stream(original, Event::StreamStarted, None),
        LineBody::StreamEnded { reason, .. } => {
            of_stream(original, Event::StreamEnded, Some(end_reason_text(*reason)))
        }
        LineBody::SettingsChanged(_)
        | LineBody::Pinned { .. }
        | LineBody::Unpinned { .. }
        | LineBody::RoleChanged { .. }
        | LineBody::ChannelEdited { .. }
        | LineBody::StreamInterrupted { .. }
        | LineBody::StreamResumed { .. } => Ok(None),
    }
}

fn of_stream(
    original: &Original<'_>,
    event: Event,
    reason: Option<&str>,
) -> serde_json::Result<Option<SharedPacket>> {
    let Some(seen) = original.seen else {
        return packet(event, &bare(original.stream));
    };
    let stream = StreamJson::from(&seen.view);
    packet(event, &StreamEvent { stream, reason })
}

/// A stream of which nothing could be read but its id.
fn bare(stream: StreamId) -> impl Serialize {
    let id = stream.to_string();
    serde_json::json!({ "id": id, "streamId": id })
}

fn message_json<'a>(original: &Original<'_>, line: &Line, message: &'a Message) -> MessageJson<'a> {
    let (text, truncated) = match &message.content {
        Content::Text(text) => (Some(text.text.as_str()), text.truncated),
        Content::Deleted => (None, false),
    };
    MessageJson {
        id: line.place.to_string(),
        stream_id: original.stream.to_string(),
        user_id: original.names.of(message.author.identity),
        username: message.author.name.as_str(),
        message: text,
        truncated,
        client_message_id: message.client_id.as_ref().map(ClientMessageId::as_str),
        timestamp: line.at.to_rfc3339(),
    }
}

fn of_moment(original: &Original<'_>, moment: &Ephemeral) -> serde_json::Result<Vec<SharedPacket>> {
    match moment {
        Ephemeral::Viewers {
            stream,
            viewers,
            joined,
            left,
        } => [(Event::ViewerJoined, joined), (Event::ViewerLeft, left)]
            .into_iter()
            .filter(|(_, people)| !people.is_empty())
            .filter_map(|(event, people)| {
                let json = ViewersJson {
                    stream_id: stream.to_string(),
                    viewer_count: *viewers,
                    user_ids: people.iter().map(|who| original.names.of(*who)).collect(),
                };
                packet(event, &json).transpose()
            })
            .collect(),
        Ephemeral::Reactions { .. } => Ok(Vec::new()),
        Ephemeral::Typing { who, name, active } => {
            let json = TypingJson {
                stream_id: original.stream.to_string(),
                user_id: original.names.of(*who),
                username: name.as_str(),
                is_typing: *active,
            };
            packet(Event::Typing, &json).map(Vec::from_iter)
        }
    }
}

fn packet(event: Event, json: &impl Serialize) -> serde_json::Result<Option<SharedPacket>> {
    let name = event.name(Speech::Of(Document::HarmonieCore));
    name.map(|name| SharedPacket::event(name, json)).transpose()
}
