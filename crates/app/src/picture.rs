//! Pictures that people upload, and which everybody may see.
//!
//! A picture is kept before it is shown and deleted when it no longer is: each upload has an
//! id of its own, so nobody else can be showing it.

use bytes::Bytes;
use greenroom_domain::shared::id::{PictureId, UserId};
use greenroom_domain::shared::picture::PictureUse;
use greenroom_domain::shared::rate::Quota;
use std::time::Duration;

use crate::{App, Refusal};

/// How many pictures somebody may upload.
const UPLOADS: Quota = Quota {
    burst: 10,
    per: Duration::from_secs(60),
};

/// A picture as it is shown: a JPEG.
pub async fn get(app: &App, id: PictureId) -> Result<Option<Bytes>, Refusal> {
    Ok(app.ports.objects.get(&id.key()).await?)
}

/// Makes a picture of an upload and keeps it, for whoever is about to show it.
pub(crate) async fn keep(
    app: &App,
    by: UserId,
    upload: Bytes,
    usage: PictureUse,
) -> Result<PictureId, Refusal> {
    app.limit("picture", by.to_string(), UPLOADS).await?;
    let picture = app.ports.pictures.render(upload, usage).await?;
    let id = PictureId::from_uuid(app.ports.ids.uuid());
    app.ports.objects.put(&id.key(), picture).await?;
    Ok(id)
}

/// Hands on what came of showing a picture. One that is certainly not shown is deleted again;
/// after an answer that the store owes us, it may be shown.
pub(crate) async fn settle<T>(
    app: &App,
    id: PictureId,
    shown: Result<T, Refusal>,
) -> Result<T, Refusal> {
    if let Err(refusal) = &shown
        && !matches!(refusal, Refusal::Store(_))
        && let Err(error) = app.ports.objects.delete(&id.key()).await
    {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "a picture that nobody shows was left behind"
        );
    }
    shown
}
