//! What creators publish with: one stream key of their channel.

use greenroom_app::Refusal;
use greenroom_app::channel::keys::{self, CreateKey};
use greenroom_app::channel::view;
use greenroom_app::stream::credentials;
use greenroom_domain::channel::{Handle, KeyLabel, StreamKey};
use greenroom_domain::shared::id::StreamKeyId;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Creator;
use super::shape::{IngressJson, Told};
use crate::context::Context;
use crate::dialects::body::AnyBody;
use crate::dialects::{absent, creator};
use crate::problem::Problem;

/// By which label the key is known among the channel's.
const LABEL: &str = "StreamIt";

#[derive(Deserialize)]
pub(super) struct NewIngress {
    #[serde(default, rename = "ingressType", alias = "type")]
    kind: Kind,
}

/// How an encoder publishes.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Kind {
    #[default]
    Rtmp,
    Whip,
}

/// Another key: the one before opens nothing any more.
pub(super) async fn create(
    Creator { context, user }: Creator,
    AnyBody(body): AnyBody<NewIngress>,
) -> Result<Told<IngressJson>, Problem> {
    let (app, actor) = (&context.app, &context.actor);
    let channel = creator::own_channel(app, actor, &user, None).await?;
    let handle = channel.channel.value.handle;
    let key = match active(&context, &handle).await? {
        Some(key) => {
            // What cannot be had does not cost the key that there is.
            shown(&context, key.id, body.kind).await?;
            keys::rotate(app, actor, key.id).await?.key.id
        }
        None => new_key(&context, handle).await?,
    };
    Ok(Told(shown(&context, key, body.kind).await?))
}

/// The key opens nothing any more. Again is no change.
pub(super) async fn delete(Creator { context, .. }: Creator) -> Result<Told<Value>, Problem> {
    let channel = view::own(&context.app, &context.actor).await?;
    let handle = channel.channel.value.handle;
    if let Some(key) = active(&context, &handle).await? {
        keys::revoke(&context.app, &context.actor, key.id).await?;
    }
    Ok(Told(json!({ "message": "Stream key deleted" })))
}

pub(super) async fn credentials(
    Creator { context, .. }: Creator,
) -> Result<Told<IngressJson>, Problem> {
    let channel = view::own(&context.app, &context.actor).await?;
    let key = active(&context, &channel.channel.value.handle).await?;
    let key = key.ok_or(Refusal::NoSuchKey)?;
    Ok(Told(shown(&context, key.id, Kind::Rtmp).await?))
}

/// The key that is there, or a new one.
pub(super) async fn at_hand(
    context: &Context,
    handle: Handle,
    kind: Kind,
) -> Result<IngressJson, Problem> {
    let key = match active(context, &handle).await? {
        Some(key) => key.id,
        None => new_key(context, handle).await?,
    };
    shown(context, key, kind).await
}

/// The channel's ingress, as long as it opens anything.
pub(super) async fn active(
    context: &Context,
    handle: &Handle,
) -> Result<Option<StreamKey>, Refusal> {
    let keys = keys::list(&context.app, &context.actor, handle).await?;
    let is_ours = |key: &StreamKey| {
        key.label.as_str() == LABEL && key.bound_to.is_none() && key.hash().is_some()
    };
    Ok(keys.into_iter().find(is_ours))
}

async fn new_key(context: &Context, handle: Handle) -> Result<StreamKeyId, Problem> {
    let command = CreateKey {
        handle,
        label: KeyLabel::parse(LABEL).map_err(|error| Problem::text("label", error))?,
        bound_to: None,
    };
    let made = keys::create(&context.app, &context.actor, command).await?;
    Ok(made.key.id)
}

async fn shown(context: &Context, key: StreamKeyId, kind: Kind) -> Result<IngressJson, Problem> {
    let credentials = credentials::show(&context.app, &context.actor, key).await?;
    let mut credentials = credentials.into_iter();
    let credential = credentials.find(|credential| kind.is(credential.protocol));
    let credential = credential.ok_or_else(|| kind.absent())?;
    Ok(IngressJson {
        ingress_id: key.to_string(),
        server_url: credential.url,
        stream_key: credential.secret.expose().to_owned(),
    })
}

impl Kind {
    fn is(self, protocol: &str) -> bool {
        protocol
            == match self {
                Self::Rtmp => "rtmp",
                Self::Whip => "whip",
            }
    }

    fn absent(self) -> Problem {
        match self {
            Self::Rtmp => absent::rtmp(),
            Self::Whip => absent::whip(),
        }
    }
}
