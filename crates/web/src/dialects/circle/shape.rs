//! What Circle's clients read.

use axum::Json;
use axum::response::{IntoResponse, Response};
use greenroom_app::stream::view::StreamView;
use greenroom_domain::account::User;
use greenroom_domain::channel::KeySecret;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::stream::StreamState;
use http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};

use crate::context::Context;
use crate::dialects::{person, playback};
use crate::problem::ErrorJson;
use crate::wire;

/// `{ success, data, message, count }`.
pub(super) struct Answer<T> {
    status: StatusCode,
    data: T,
    message: &'static str,
    count: Option<usize>,
}

#[derive(Serialize)]
struct Envelope<T> {
    success: bool,
    data: T,
    message: &'static str,
    /// Of lists alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<usize>,
}

impl<T> Answer<T> {
    pub(super) fn of(data: T, message: &'static str) -> Self {
        Self {
            status: StatusCode::OK,
            data,
            message,
            count: None,
        }
    }

    pub(super) fn created(data: T, message: &'static str) -> Self {
        Self {
            status: StatusCode::CREATED,
            ..Self::of(data, message)
        }
    }
}

impl<T> Answer<Vec<T>> {
    pub(super) fn list(items: Vec<T>, message: &'static str) -> Self {
        Self {
            count: Some(items.len()),
            ..Self::of(items, message)
        }
    }
}

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        let envelope = Envelope {
            success: true,
            data: self.data,
            message: self.message,
            count: self.count,
        };
        (self.status, Json(envelope)).into_response()
    }
}

/// Why something was not done, in the same envelope.
pub(in crate::dialects) fn refused(error: &ErrorJson) -> Value {
    json!({ "success": false, "data": null, "message": error.error })
}

/// A stream as Circle's table has it.
#[derive(Serialize)]
pub(super) struct StreamJson {
    id: String,
    /// The document's second name of a stream; the id again.
    ref_no: String,
    title: String,
    /// For its owner, where they ask for this one stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_key: Option<String>,
    user_id: String,
    pub(super) playback_url: Option<String>,
    status: &'static str,
    viewers: u64,
    user: UserJson,
    started_at: Option<String>,
    ended_at: Option<String>,
    created_at: String,
}

impl StreamJson {
    pub(super) fn of(context: &Context, view: &StreamView) -> Self {
        let stream = &view.stream;
        let (status, ended_at) = match stream.state {
            StreamState::Pending => ("pending", None),
            StreamState::Live { .. } => ("live", None),
            StreamState::Ended { ended_at, .. } => ("ended", Some(ended_at.to_rfc3339())),
        };
        Self {
            id: stream.id.to_string(),
            ref_no: stream.id.to_string(),
            title: stream.title.to_string(),
            stream_key: None,
            user_id: person::id(&view.owner),
            playback_url: playback::for_everybody(context, &view.channel.handle),
            status,
            viewers: view.viewers,
            user: UserJson::from(&view.owner),
            started_at: stream.started_at().map(Timestamp::to_rfc3339),
            ended_at,
            created_at: stream.created_at.to_rfc3339(),
        }
    }

    /// For its owner's eyes.
    pub(super) fn with_key(self, secret: &KeySecret) -> Self {
        Self {
            stream_key: Some(secret.expose().to_owned()),
            ..self
        }
    }
}

/// Somebody, as Circle's user details have them.
#[derive(Serialize)]
pub(super) struct UserJson {
    id: String,
    username: String,
    name: String,
    avatar_url: Option<String>,
}

impl From<&User> for UserJson {
    fn from(user: &User) -> Self {
        let shown = wire::UserJson::from(user);
        Self {
            id: person::id(user),
            username: shown.username,
            name: shown.display_name,
            avatar_url: shown.avatar_url,
        }
    }
}
