//! What rooms show, in the words of the `PawfectMatch` document.

use greenroom_app::realtime::Shown;
use greenroom_domain::chat::{ClientMessageId, Content, Ephemeral, Line, LineBody, Place};
use serde::Serialize;

use super::speech::{Document, Speech};
use super::translate::Original;
use super::vocabulary::Event;
use crate::dialects::pawfectmatch::{PinnedJson, StreamJson};
use crate::socketio::socket::SharedPacket;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MessageJson<'a> {
    /// By which a client pins it, and comes back: what it missed is all behind it.
    message_id: String,
    stream_id: String,
    author_id: String,
    author_name: &'a str,
    /// `null` once it was deleted.
    content: Option<&'a str>,
    truncated: bool,
    client_message_id: Option<&'a str>,
    timestamp: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DeletedJson {
    message_id: String,
    stream_id: String,
}

/// What is different of a stream.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StateJson {
    stream_id: String,
    is_live: bool,
    viewers: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PinsJson<'a> {
    stream_id: String,
    pinned_messages: &'a [PinnedJson],
}

/// How people reacted in the last moment: with what most of all, and with what else.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReactionsJson<'a> {
    stream_id: String,
    emoji: &'a str,
    count: u32,
    reactions: &'a [ReactionJson<'a>],
}

#[derive(Serialize)]
struct ReactionJson<'a> {
    emoji: &'a str,
    count: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LeftJson {
    stream_id: String,
    viewers: u64,
    /// Some of those who went.
    user_ids: Vec<String>,
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
    match &line.body {
        LineBody::Message(message) => {
            let (content, truncated) = match &message.content {
                Content::Text(text) => (Some(text.text.as_str()), text.truncated),
                Content::Deleted => (None, false),
            };
            let json = MessageJson {
                message_id: line.place.to_string(),
                stream_id,
                author_id: original.names.of(message.author.identity),
                author_name: message.author.name.as_str(),
                content,
                truncated,
                client_message_id: message.client_id.as_ref().map(ClientMessageId::as_str),
                timestamp: line.at.to_rfc3339(),
            };
            packet(Event::NewMessage, &json)
        }
        LineBody::Deleted { target } => {
            let place = Place {
                epoch: line.place.epoch,
                seq: *target,
            };
            let json = DeletedJson {
                message_id: place.to_string(),
                stream_id,
            };
            packet(Event::MessageDeleted, &json)
        }
        LineBody::StreamStarted { .. } => of_stream(original, Event::StreamStarted),
        LineBody::StreamEnded { .. } => of_stream(original, Event::StreamEnded),
        LineBody::Pinned { .. } => of_pins(original, Event::MessagePinned),
        LineBody::Unpinned { .. } => of_pins(original, Event::MessageUnpinned),
        LineBody::Restricted { .. }
        | LineBody::RestrictionLifted { .. }
        | LineBody::SettingsChanged(_)
        | LineBody::RoleChanged { .. }
        | LineBody::ChannelEdited { .. }
        | LineBody::StreamInterrupted { .. }
        | LineBody::StreamResumed { .. } => Ok(None),
    }
}

fn of_stream(original: &Original<'_>, event: Event) -> serde_json::Result<Option<SharedPacket>> {
    match original.seen {
        Some(seen) => packet(
            event,
            &StreamJson::of(&seen.view, Some(seen.pinned.clone())),
        ),
        None => packet(
            event,
            &StateJson {
                stream_id: original.stream.to_string(),
                is_live: event == Event::StreamStarted,
                viewers: 0,
            },
        ),
    }
}

fn of_pins(original: &Original<'_>, event: Event) -> serde_json::Result<Option<SharedPacket>> {
    // What could not be read is told with the next change.
    let Some(seen) = original.seen else {
        return Ok(None);
    };
    let json = PinsJson {
        stream_id: original.stream.to_string(),
        pinned_messages: &seen.pinned,
    };
    packet(event, &json)
}

fn of_moment(original: &Original<'_>, moment: &Ephemeral) -> serde_json::Result<Vec<SharedPacket>> {
    match moment {
        Ephemeral::Viewers {
            stream,
            viewers,
            joined,
            left,
        } => {
            let (stream_id, viewers) = (stream.to_string(), *viewers);
            let came = (!joined.is_empty()).then(|| StateJson {
                stream_id: stream_id.clone(),
                is_live: true,
                viewers,
            });
            let went = (!left.is_empty()).then(|| LeftJson {
                stream_id: stream_id.clone(),
                viewers,
                user_ids: left.iter().map(|who| original.names.of(*who)).collect(),
            });
            let came = came.and_then(|json| packet(Event::ViewerJoined, &json).transpose());
            let went = went.and_then(|json| packet(Event::ViewerLeft, &json).transpose());
            came.into_iter().chain(went).collect()
        }
        Ephemeral::Reactions { counts } => {
            let mut reactions: Vec<ReactionJson<'_>> = counts
                .iter()
                .map(|(reaction, count)| ReactionJson {
                    emoji: reaction.as_str(),
                    count: *count,
                })
                .collect();
            reactions.sort_by_key(|reaction| std::cmp::Reverse(reaction.count));
            let Some(most) = reactions.first() else {
                return Ok(Vec::new());
            };
            let json = ReactionsJson {
                stream_id: original.stream.to_string(),
                emoji: most.emoji,
                count: most.count,
                reactions: &reactions,
            };
            packet(Event::Reactions, &json).map(Vec::from_iter)
        }
        Ephemeral::Typing { .. } => Ok(Vec::new()),
    }
}

fn packet(event: Event, json: &impl Serialize) -> serde_json::Result<Option<SharedPacket>> {
    let name = event.name(Speech::Of(Document::PawfectMatch));
    name.map(|name| SharedPacket::event(name, json)).transpose()
}
