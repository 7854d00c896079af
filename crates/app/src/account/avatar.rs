//! Shows another picture beside one's name, or none.

use std::sync::Arc;

use bytes::Bytes;
use greenroom_domain::account::User;
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::commit::StateChange;
use greenroom_domain::shared::id::PictureId;
use greenroom_domain::shared::picture::PictureUse;

use crate::commit::{Attempt, signed_in, write};
use crate::{App, Refusal, picture};

/// Shows a picture made of this upload from now on.
pub async fn set(app: &Arc<App>, actor: &Actor, upload: Bytes) -> Result<User, Refusal> {
    let id = picture::keep(app, signed_in(actor)?, upload, PictureUse::Avatar).await?;
    let shown = app.retry(|| attempt(app, actor, Some(id))).await;
    picture::settle(app, id, shown).await
}

/// Shows none from now on.
pub async fn remove(app: &Arc<App>, actor: &Actor) -> Result<User, Refusal> {
    app.retry(|| attempt(app, actor, None)).await
}

async fn attempt(
    app: &Arc<App>,
    actor: &Actor,
    avatar: Option<PictureId>,
) -> Result<User, Attempt> {
    let stored = app
        .ports
        .users
        .get(signed_in(actor)?)
        .await?
        .ok_or(Refusal::NoSuchUser)?;
    let decision = stored.value.show_avatar(avatar);
    if !decision.is_unchanged() {
        let changes = app
            .tell(actor, decision.happened, app.now())
            .state(StateChange::User(write(
                decision.next.clone(),
                stored.version,
            )));
        app.commit(changes).await?;
    }
    Ok(decision.next)
}
