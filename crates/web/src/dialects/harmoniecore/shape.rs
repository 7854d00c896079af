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

fn ended_at(state: &StreamState) -> Option<Timestamp> {
    match state {
        StreamState::Ended { ended_at, .. } => Some(*ended_at),
        StreamState::Pending | StreamState::Live { .. } => None,
    }
}
