//! What a stream's encoder publishes with: a key that serves this stream alone.

use axum::Json;
use greenroom_app::channel::keys::{self, CreateKey};
use greenroom_app::stream::credentials;
use greenroom_app::stream::view;
use greenroom_domain::channel::{Handle, KeyLabel, StreamKey};
use greenroom_domain::shared::id::{StreamId, StreamKeyId};
use serde::Serialize;

use super::own_stream;
use crate::context::Context;
use crate::dialects::absent;
use crate::dialects::person::SignedIn;
use crate::extract::Params;
use crate::problem::Problem;

/// By which label the key is known among the channel's.
const LABEL: &str = "PawfectMatch";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct IngressJson {
    ingress_id: String,
    rtmp_url: String,
    stream_key: String,
}

/// For its owner alone. Again is the same key.
pub(super) async fn create(
    SignedIn { context, user }: SignedIn,
    Params(id): Params<String>,
) -> Result<Json<IngressJson>, Problem> {
    let stream = own_stream(&context, &user, &id).await?;
    let handle = view::execute(&context.app, stream).await?.channel.handle;
    let key = key(&context, handle, stream).await?;
    let credentials = credentials::show(&context.app, &context.actor, key).await?;
    let rtmp = credentials.into_iter().find(|it| it.protocol == "rtmp");
    let rtmp = rtmp.ok_or_else(absent::rtmp)?;
    Ok(Json(IngressJson {
        ingress_id: key.to_string(),
        rtmp_url: rtmp.url,
        stream_key: rtmp.secret.expose().to_owned(),
    }))
}

/// The key of the asker's stream; it is made at the first time.
pub(super) async fn key(
    context: &Context,
    handle: Handle,
    stream: StreamId,
) -> Result<StreamKeyId, Problem> {
    let (app, actor) = (&context.app, &context.actor);
    let serves = |key: &StreamKey| key.bound_to == Some(stream) && key.hash().is_some();
    let existing = keys::list(app, actor, &handle).await?;
    if let Some(key) = existing.into_iter().find(serves) {
        return Ok(key.id);
    }
    let command = CreateKey {
        handle,
        label: KeyLabel::parse(LABEL).map_err(|error| Problem::text("label", error))?,
        bound_to: Some(stream),
    };
    Ok(keys::create(app, actor, command).await?.key.id)
}
