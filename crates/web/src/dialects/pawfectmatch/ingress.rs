//! What a stream's encoder publishes with: a key that serves this stream alone.

use axum::Json;
use greenroom_app::channel::keys::{self, CreateKey};
use greenroom_app::stream::credentials;
use greenroom_app::stream::view;
use greenroom_domain::channel::{KeyLabel, StreamKey};
use serde::Serialize;

use super::own_stream;
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
    let (app, actor) = (&context.app, &context.actor);
    let stream = own_stream(&context, &user, &id).await?;
    let handle = view::execute(app, stream).await?.channel.handle;
    let serves = |key: &StreamKey| key.bound_to == Some(stream) && key.hash().is_some();
    let existing = keys::list(app, actor, &handle).await?;
    let key = match existing.into_iter().find(serves) {
        Some(key) => key.id,
        None => {
            let label = KeyLabel::parse(LABEL).map_err(|error| Problem::text("label", error))?;
            let command = CreateKey {
                handle,
                label,
                bound_to: Some(stream),
            };
            keys::create(app, actor, command).await?.key.id
        }
    };
    let credentials = credentials::show(app, actor, key).await?;
    let rtmp = credentials.into_iter().find(|it| it.protocol == "rtmp");
    let rtmp = rtmp.ok_or_else(absent::rtmp)?;
    Ok(Json(IngressJson {
        ingress_id: key.to_string(),
        rtmp_url: rtmp.url,
        stream_key: rtmp.secret.expose().to_owned(),
    }))
}
