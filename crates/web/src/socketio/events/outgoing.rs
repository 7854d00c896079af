//! What rooms show, as events. Encoded once for everybody who listens; staff have an encoding
//! of their own where they see more.

use std::sync::Arc;

use greenroom_app::realtime::{Published, Shown, WireFormat};
use greenroom_domain::chat::{Ephemeral, Line, LineBody, RestrictionKind};
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::id::{ChannelId, StreamId};
use serde::Serialize;

use super::speech::Speech;
use super::vocabulary::Event;
use crate::socketio::socket::SharedPacket;
use crate::wire::{LineJson, identity_text};

/// As everybody may see it.
pub(super) const PUBLIC: WireFormat = WireFormat::new(0);
/// As whoever runs the channel sees it.
pub(super) const STAFF: WireFormat = WireFormat::new(1);

/// The packets that something published is: one, as a rule.
pub(super) type Packets = Arc<[SharedPacket]>;

/// The format in which a line or moment is sent to these.
pub(super) fn format(shown: &Shown, is_staff: bool) -> WireFormat {
    match shown {
        Shown::Line(Line {
            body: LineBody::Restricted { .. },
            ..
        }) if is_staff => STAFF,
        _ => PUBLIC,
    }
}

/// Encodes what was published.
pub(super) fn encode(published: &Published, format: WireFormat) -> Packets {
    let (channel, stream) = (published.room, published.stream);
    let packets = match &published.shown {
        Shown::Line(line) => of_line(channel, stream, line, format).map(|packet| vec![packet]),
        Shown::Ephemeral(moment) => of_moment(channel, stream, moment),
    };
    match packets {
        Ok(packets) => packets.into(),
        Err(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "cannot be written"
            );
            Arc::new([])
        }
    }
}

/// A line, with what tells a client where it belongs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LineEvent {
    /// The stream that was on air when it was said, if one was.
    stream_id: Option<String>,
    channel_id: String,
    #[serde(flatten)]
    moderated: Option<Moderated>,
    #[serde(flatten)]
    line: LineJson,
}

/// What became of somebody, in the words of `moderate-user`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Moderated {
    target_user_id: String,
    /// `mute`, `ban`, or `lift` for the end of either.
    action: &'static str,
}

fn of_line(
    channel: ChannelId,
    stream: Option<StreamId>,
    line: &Line,
    format: WireFormat,
) -> serde_json::Result<SharedPacket> {
    let told = match &line.body {
        LineBody::Message(_) => Event::NewMessage,
        LineBody::Deleted { .. } => Event::MessageDeleted,
        LineBody::Restricted { .. } | LineBody::RestrictionLifted { .. } => Event::UserModerated,
        LineBody::SettingsChanged(_) => Event::ChatSettings,
        LineBody::Pinned { .. } => Event::MessagePinned,
        LineBody::Unpinned { .. } => Event::MessageUnpinned,
        LineBody::RoleChanged { .. } => Event::RoleChanged,
        LineBody::ChannelEdited { .. } => Event::ChannelUpdated,
        LineBody::StreamStarted { .. } => Event::StreamStarted,
        LineBody::StreamInterrupted { .. } => Event::StreamInterrupted,
        LineBody::StreamResumed { .. } => Event::StreamResumed,
        LineBody::StreamEnded { .. } => Event::StreamEnded,
    };
    let moderated = match &line.body {
        LineBody::Restricted { subject, kind, .. } => Some(Moderated {
            target_user_id: id_text(*subject),
            action: match kind {
                RestrictionKind::Timeout { .. } => "mute",
                RestrictionKind::Ban => "ban",
            },
        }),
        LineBody::RestrictionLifted { subject } => Some(Moderated {
            target_user_id: id_text(*subject),
            action: "lift",
        }),
        _ => None,
    };
    let event = LineEvent {
        stream_id: stream.map(|stream| stream.to_string()),
        channel_id: channel.to_string(),
        moderated,
        line: if format == STAFF {
            LineJson::staff(line)
        } else {
            LineJson::public(line)
        },
    };
    packet(told, &event)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Viewers {
    stream_id: String,
    channel_id: String,
    /// How many watch now.
    #[serde(rename = "viewers")]
    count: u64,
    /// Some of those who came or went.
    identities: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Typing<'a> {
    stream_id: Option<String>,
    channel_id: String,
    user_id: String,
    identity: String,
    name: &'a str,
    #[serde(rename = "isTyping")]
    active: bool,
}

fn of_moment(
    channel: ChannelId,
    stream: Option<StreamId>,
    moment: &Ephemeral,
) -> serde_json::Result<Vec<SharedPacket>> {
    match moment {
        Ephemeral::Viewers {
            stream,
            viewers,
            joined,
            left,
        } => [(Event::ViewerJoined, joined), (Event::ViewerLeft, left)]
            .into_iter()
            .filter(|(_, people)| !people.is_empty())
            .map(|(told, people)| {
                let event = Viewers {
                    stream_id: stream.to_string(),
                    channel_id: channel.to_string(),
                    count: *viewers,
                    identities: people.iter().copied().map(identity_text).collect(),
                };
                packet(told, &event)
            })
            .collect(),
        Ephemeral::Reactions { counts } => {
            let counts = counts.iter().map(|(reaction, count)| ReactionCount {
                reaction: reaction.as_str(),
                count: *count,
            });
            let event = Reacted {
                stream_id: stream.map(|stream| stream.to_string()),
                channel_id: channel.to_string(),
                reactions: counts.collect(),
            };
            Ok(vec![packet(Event::Reactions, &event)?])
        }
        Ephemeral::Typing { who, name, active } => {
            let event = Typing {
                stream_id: stream.map(|stream| stream.to_string()),
                channel_id: channel.to_string(),
                user_id: id_text(*who),
                identity: identity_text(*who),
                name: name.as_str(),
                active: *active,
            };
            Ok(vec![packet(Event::Typing, &event)?])
        }
    }
}

fn packet(event: Event, json: &impl Serialize) -> serde_json::Result<SharedPacket> {
    SharedPacket::event(event.name(Speech::Ours).unwrap_or_default(), json)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reacted<'a> {
    stream_id: Option<String>,
    channel_id: String,
    /// With what, and how often since the last frame.
    reactions: Vec<ReactionCount<'a>>,
}

#[derive(Serialize)]
struct ReactionCount<'a> {
    reaction: &'a str,
    count: u32,
}

fn id_text(who: Identity) -> String {
    match who {
        Identity::User(id) => id.to_string(),
        Identity::Guest(id) => id.to_string(),
    }
}
