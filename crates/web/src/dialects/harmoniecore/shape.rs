//! How `HarmonieCORE`'s document writes things, by REST and by Socket.IO.

use greenroom_app::stream::view::StreamView;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::stream::StreamState;
use serde::Serialize;

use crate::dialects::person;
use crate::wire::StreamStatusJson;

/// A stream.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StreamJson {
    id: String,
    /// The same, as the events name it.
    stream_id: String,
    artist_id: String,
    artist_name: String,
    title: String,
    /// The channel's: a stream has none of its own.
    description: String,
    category: Option<String>,
    /// `pending`, `live` or `ended`.
    status: StreamStatusJson,
    viewer_count: u64,
    thumbnail_url: Option<String>,
    created_at: String,
    started_at: Option<String>,
    ended_at: Option<String>,
}

impl From<&StreamView> for StreamJson {
    fn from(view: &StreamView) -> Self {
        let (stream, channel) = (&view.stream, &view.channel);
        Self {
            id: stream.id.to_string(),
            stream_id: stream.id.to_string(),
            artist_id: person::id(&view.owner),
            artist_name: view.owner.display_name.to_string(),
            title: stream.title.to_string(),
            description: channel.description.to_string(),
            category: stream.category.as_ref().map(ToString::to_string),
            status: StreamStatusJson::from(&stream.state),
            viewer_count: view.viewers,
            thumbnail_url: view.thumbnail.clone(),
            created_at: stream.created_at.to_rfc3339(),
            started_at: stream.started_at().map(Timestamp::to_rfc3339),
            ended_at: ended_at(&stream.state).map(Timestamp::to_rfc3339),
        }
    }
}

/// What was counted of a stream.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StatsJson {
    stream_id: String,
    status: StreamStatusJson,
    viewer_count: u64,
    peak_viewers: u64,
    /// How many have watched, each time they came.
    total_views: u64,
    message_count: u64,
    /// For how long it has been on air, or was, in seconds.
    duration: u64,
    started_at: Option<String>,
    ended_at: Option<String>,
}

impl StatsJson {
    pub(super) fn of(view: &StreamView, now: Timestamp) -> Self {
        let stream = &view.stream;
        let ended_at = ended_at(&stream.state);
        let on_air = stream
            .started_at()
            .map(|started_at| ended_at.unwrap_or(now).since(started_at));
        Self {
            stream_id: stream.id.to_string(),
            status: StreamStatusJson::from(&stream.state),
            viewer_count: view.viewers,
            peak_viewers: view.counts.peak,
            total_views: view.counts.views,
            message_count: view.counts.messages,
            duration: on_air.unwrap_or_default().as_secs(),
            started_at: stream.started_at().map(Timestamp::to_rfc3339),
            ended_at: ended_at.map(Timestamp::to_rfc3339),
        }
    }
}

fn ended_at(state: &StreamState) -> Option<Timestamp> {
    match state {
        StreamState::Ended { ended_at, .. } => Some(*ended_at),
        StreamState::Pending | StreamState::Live { .. } => None,
    }
}
