//! How `PawfectMatch`'s document writes things, by REST and by Socket.IO.

use greenroom_app::stream::view::StreamView;
use greenroom_domain::media::Seat;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::stream::StreamState;
use serde::Serialize;

use super::recording::RecordingJson;
use crate::dialects::person;
use crate::wire::picture_url;

/// A stream, in the words of the document's schema.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StreamJson {
    #[serde(rename = "_id")]
    id: String,
    /// The same, as the requests name it.
    stream_id: String,
    owner_id: String,
    /// What `LiveKit` calls the stream's room: by our id of its creator.
    room_name: String,
    title: String,
    cover_url: Option<String>,
    is_live: bool,
    started_at: Option<String>,
    ended_at: Option<String>,
    viewers: u64,
    peak_viewers: u64,
    tags: Vec<String>,
    /// Not in listings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pinned_messages: Option<Vec<PinnedJson>>,
    /// The last one, for its owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    recording: Option<RecordingJson>,
    created_at: String,
}

/// A message that its stream's owner has pinned.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PinnedJson {
    pub(super) message_id: String,
    pub(super) author_id: String,
    pub(super) content: String,
    pub(super) timestamp: String,
}

/// What opens the stream's room, by the names that clients read.
#[derive(Serialize)]
pub(super) struct SeatJson {
    url: String,
    token: String,
}

impl From<Seat> for SeatJson {
    fn from(seat: Seat) -> Self {
        Self {
            token: seat.token.expose().to_owned(),
            url: seat.url,
        }
    }
}

pub(super) fn room_name(view: &StreamView) -> String {
    view.owner.id.to_string()
}

impl StreamJson {
    pub(crate) fn of(view: &StreamView, pinned_messages: Option<Vec<PinnedJson>>) -> Self {
        let (stream, channel) = (&view.stream, &view.channel);
        let ended_at = match stream.state {
            StreamState::Ended { ended_at, .. } => Some(ended_at),
            StreamState::Pending | StreamState::Live { .. } => None,
        };
        Self {
            id: stream.id.to_string(),
            stream_id: stream.id.to_string(),
            owner_id: person::id(&view.owner),
            room_name: room_name(view),
            title: stream.title.to_string(),
            cover_url: channel.cover.map(picture_url),
            is_live: stream.is_live(),
            started_at: stream.started_at().map(Timestamp::to_rfc3339),
            ended_at: ended_at.map(Timestamp::to_rfc3339),
            viewers: view.viewers,
            peak_viewers: view.counts.peak,
            tags: channel.tags.iter().map(ToString::to_string).collect(),
            pinned_messages,
            recording: None,
            created_at: stream.created_at.to_rfc3339(),
        }
    }

    /// The same as its owner sees it.
    pub(super) fn recorded(self, recording: Option<RecordingJson>) -> Self {
        Self { recording, ..self }
    }
}
