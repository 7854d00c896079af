//! What `StreamIt`'s clients read, as its table names their fields.

use axum::Json;
use axum::response::{IntoResponse, Response};
use greenroom_app::channel::view::ChannelView;
use greenroom_app::stream::view::StreamView;
use greenroom_domain::account::User;
use greenroom_domain::channel::Channel;
use greenroom_domain::chat::ChatSettings;
use greenroom_domain::shared::clock::Timestamp;
use serde::Serialize;

use crate::context::Context;
use crate::dialects::{person, picture, playback};
use crate::wire::{self, picture_url};

/// An answer as the document has it, and once more as its clients read it: with `success`, in
/// `data`. What has no `success` is a failure to them.
pub(super) struct Told<T>(pub(super) T);

impl<T: Serialize> IntoResponse for Told<T> {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Both<'a, T> {
            #[serde(flatten)]
            plain: &'a T,
            success: bool,
            data: &'a T,
        }
        let (plain, data) = (&self.0, &self.0);
        Json(Both {
            plain,
            success: true,
            data,
        })
        .into_response()
    }
}

/// A creator's stream as everybody may see it: nothing of it publishes.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StreamJson {
    pub(super) id: String,
    title: String,
    description: String,
    thumbnail: Option<String>,
    is_live: bool,
    viewer_count: u64,
    started_at: Option<String>,
    user_id: String,
    user: UserJson,
    /// Where it is played without a `LiveKit` room; not in the document.
    playback_url: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserJson {
    id: String,
    username: String,
    name: String,
    image_url: Option<String>,
}

impl StreamJson {
    pub(super) fn of_channel(context: &Context, view: &ChannelView) -> Self {
        let channel = &view.channel.value;
        Self::of(context, channel, &view.owner, view.live.as_ref())
    }

    pub(super) fn of_live(context: &Context, view: &StreamView) -> Self {
        Self::of(context, &view.channel, &view.owner, Some(view))
    }

    pub(super) fn off_air(context: &Context, channel: &Channel, owner: &User) -> Self {
        Self::of(context, channel, owner, None)
    }

    fn of(context: &Context, channel: &Channel, owner: &User, live: Option<&StreamView>) -> Self {
        let frame = || live.and_then(|live| live.thumbnail.clone());
        let title = live.map_or(&channel.title, |live| &live.stream.title);
        Self {
            id: channel.id.to_string(),
            title: title.to_string(),
            description: channel.description.to_string(),
            thumbnail: channel
                .cover
                .map(picture_url)
                .or_else(frame)
                .map(|address| picture::absolute(context, &address)),
            is_live: live.is_some(),
            viewer_count: live.map_or(0, |live| live.viewers),
            started_at: live
                .and_then(|live| live.stream.started_at())
                .map(Timestamp::to_rfc3339),
            user_id: person::id(owner),
            user: UserJson::of(context, owner),
            playback_url: playback::for_everybody(context, &channel.handle),
        }
    }
}

impl UserJson {
    fn of(context: &Context, user: &User) -> Self {
        let shown = wire::UserJson::from(user);
        Self {
            id: person::id(user),
            username: shown.username,
            name: shown.display_name,
            image_url: shown
                .avatar_url
                .map(|address| picture::absolute(context, &address)),
        }
    }
}

/// The same with the room's rules.
#[derive(Serialize)]
pub(super) struct StreamWithChatJson {
    #[serde(flatten)]
    pub(super) stream: StreamJson,
    #[serde(flatten)]
    pub(super) chat: ChatJson,
}

/// The same for its owner: still without the key.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InfoJson {
    #[serde(flatten)]
    pub(super) stream: StreamWithChatJson,
    pub(super) ingress_id: Option<String>,
}

/// The three switches that the document has.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChatJson {
    is_chat_enabled: bool,
    is_chat_delayed: bool,
    is_chat_followers_only: bool,
}

impl From<ChatSettings> for ChatJson {
    fn from(settings: ChatSettings) -> Self {
        Self {
            is_chat_enabled: settings.enabled,
            is_chat_delayed: settings.delay.is_some(),
            is_chat_followers_only: settings.followers_only.is_some(),
        }
    }
}

/// What an encoder is given.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct IngressJson {
    pub(super) ingress_id: String,
    pub(super) server_url: String,
    pub(super) stream_key: String,
}

/// A stream that was made, and what its encoder is given.
#[derive(Serialize)]
pub(super) struct CreatedJson {
    #[serde(flatten)]
    pub(super) stream: StreamWithChatJson,
    #[serde(flatten)]
    pub(super) ingress: IngressJson,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StatusJson {
    is_live: bool,
    viewer_count: u64,
}

impl From<&ChannelView> for StatusJson {
    fn from(view: &ChannelView) -> Self {
        Self {
            is_live: view.live.is_some(),
            viewer_count: view.live.as_ref().map_or(0, |live| live.viewers),
        }
    }
}

/// A seat in the creator's room.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TokenJson {
    pub(super) token: String,
    pub(super) identity: String,
    pub(super) name: String,
    pub(super) ws_url: String,
}
