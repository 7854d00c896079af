//! A creator's stream: what it is called, its chat's rules, how it is doing.

use greenroom_app::Refusal;
use greenroom_app::channel::edit::{self, EditChannel};
use greenroom_app::channel::view::{self, ChannelView};
use greenroom_app::chat::configure;
use greenroom_domain::channel::{ChannelEdit, ChannelTitle, Description, Handle};
use greenroom_domain::chat::{ChatDelay, ChatError, ChatSettings, FollowAge};
use serde::Deserialize;

use super::Creator;
use super::ingress::{self, Kind};
use super::shape::{
    ChatJson, CreatedJson, InfoJson, StatusJson, StreamJson, StreamWithChatJson, Told,
};
use crate::context::Context;
use crate::dialects::body::AnyBody;
use crate::dialects::{creator, picture};
use crate::extract::Patch;
use crate::problem::Problem;

/// What a stream is called. What is left out stays.
#[derive(Deserialize)]
pub(super) struct Info {
    title: Option<String>,
    #[serde(default)]
    description: Patch<String>,
    #[serde(default)]
    thumbnail: Patch<String>,
}

impl Info {
    fn title(&self) -> Result<Option<ChannelTitle>, Problem> {
        let title = self.title.as_deref().map(ChannelTitle::parse);
        title
            .transpose()
            .map_err(|error| Problem::text("title", error))
    }

    fn description(&self) -> Result<Option<Description>, Problem> {
        let text = match &self.description {
            Patch::Keep => return Ok(None),
            Patch::Clear => "",
            Patch::Set(text) => text,
        };
        let description = Description::parse(text);
        description
            .map(Some)
            .map_err(|error| Problem::text("description", error))
    }
}

#[derive(Deserialize)]
pub(super) struct NewStream {
    #[serde(flatten)]
    info: Info,
    #[serde(default, rename = "ingressType", alias = "type")]
    ingress: Kind,
}

/// The stream as it is to be called, and what its encoder is given. Again keeps the key.
pub(super) async fn create(
    Creator { context, user }: Creator,
    AnyBody(body): AnyBody<NewStream>,
) -> Result<Told<CreatedJson>, Problem> {
    let title = body.info.title()?;
    let channel = creator::own_channel(&context.app, &context.actor, &user, title.as_ref()).await?;
    let channel = edited(&context, channel, body.info).await?;
    let handle = channel.channel.value.handle.clone();
    let stream = with_chat(&context, &channel).await?;
    let ingress = ingress::at_hand(&context, handle, body.ingress).await?;
    Ok(Told(CreatedJson { stream, ingress }))
}

pub(super) async fn info(Creator { context, .. }: Creator) -> Result<Told<InfoJson>, Problem> {
    let channel = view::own(&context.app, &context.actor).await?;
    Ok(Told(shown(&context, &channel).await?))
}

pub(super) async fn set_info(
    Creator { context, user }: Creator,
    AnyBody(body): AnyBody<Info>,
) -> Result<Told<InfoJson>, Problem> {
    let title = body.title()?;
    let channel = creator::own_channel(&context.app, &context.actor, &user, title.as_ref()).await?;
    let channel = edited(&context, channel, body).await?;
    Ok(Told(shown(&context, &channel).await?))
}

async fn edited(
    context: &Context,
    channel: ChannelView,
    info: Info,
) -> Result<ChannelView, Problem> {
    let (app, actor) = (&context.app, &context.actor);
    let edit = ChannelEdit {
        title: info.title()?,
        description: info.description()?,
        ..ChannelEdit::default()
    };
    let channel = channel.channel.value;
    picture::set_cover(context, &channel, "thumbnail", info.thumbnail).await?;
    let command = EditChannel {
        handle: channel.handle,
        edit,
        seen: None,
    };
    edit::execute(app, actor, command).await?;
    Ok(view::own(app, actor).await?)
}

/// The switches of the document. What is left out stays.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the document names them so")]
pub(super) struct NewChatSettings {
    is_chat_enabled: Option<bool>,
    is_chat_delayed: Option<bool>,
    is_chat_followers_only: Option<bool>,
}

/// How much later viewers see what is said where nobody chose: enough to delete it.
const DELAY_SECONDS: u16 = 5;

impl NewChatSettings {
    /// The room's rules by the document's switches. One that is on already stays as it is set:
    /// the document has no seconds and no days.
    fn over(&self, is: ChatSettings) -> Result<ChatSettings, ChatError> {
        let delay = match (self.is_chat_delayed, is.delay) {
            (None, delay) => delay,
            (Some(false), _) => None,
            (Some(true), Some(delay)) => Some(delay),
            (Some(true), None) => Some(ChatDelay::new(DELAY_SECONDS)?),
        };
        let followers_only = match self.is_chat_followers_only {
            None => is.followers_only,
            Some(false) => None,
            Some(true) => is.followers_only.or(Some(FollowAge::ANY)),
        };
        Ok(ChatSettings {
            enabled: self.is_chat_enabled.unwrap_or(is.enabled),
            delay,
            followers_only,
            ..is
        })
    }
}

pub(super) async fn set_chat(
    Creator { context, user }: Creator,
    AnyBody(body): AnyBody<NewChatSettings>,
) -> Result<Told<ChatJson>, Problem> {
    let (app, actor) = (&context.app, &context.actor);
    let channel = creator::own_channel(app, actor, &user, None).await?;
    let handle = channel.channel.value.handle;
    let room = configure::current(app, &handle).await?;
    let settings = body.over(room.value.settings).map_err(Refusal::from)?;
    // Only what was read is changed: a switch that another has just turned stays as it is.
    let room = configure::execute(app, actor, &handle, settings, Some(room.version)).await?;
    Ok(Told(ChatJson::from(room.value.settings)))
}

pub(super) async fn status(Creator { context, .. }: Creator) -> Result<Told<StatusJson>, Problem> {
    let channel = view::own(&context.app, &context.actor).await?;
    Ok(Told(StatusJson::from(&channel)))
}

async fn shown(context: &Context, channel: &ChannelView) -> Result<InfoJson, Problem> {
    let key = ingress::active(context, &channel.channel.value.handle).await?;
    Ok(InfoJson {
        stream: with_chat(context, channel).await?,
        ingress_id: key.map(|key| key.id.to_string()),
    })
}

/// The stream, and the rules of its chat.
pub(super) async fn with_chat(
    context: &Context,
    channel: &ChannelView,
) -> Result<StreamWithChatJson, Problem> {
    let handle: &Handle = &channel.channel.value.handle;
    let room = configure::current(&context.app, handle).await?;
    Ok(StreamWithChatJson {
        stream: StreamJson::of_channel(context, channel),
        chat: ChatJson::from(room.value.settings),
    })
}
