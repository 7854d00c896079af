//! Shows another cover of a channel, or none.

use std::sync::Arc;

use bytes::Bytes;
use greenroom_domain::access::Action;
use greenroom_domain::channel::{Channel, Handle};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::commit::StateChange;
use greenroom_domain::shared::id::PictureId;
use greenroom_domain::shared::picture::PictureUse;
use greenroom_domain::shared::store::Stored;

use crate::commit::{Attempt, signed_in, write};
use crate::{App, Refusal, picture};

/// Shows a cover made of this upload from now on. Its owner or an administrator.
pub async fn set(
    app: &Arc<App>,
    actor: &Actor,
    handle: &Handle,
    upload: Bytes,
) -> Result<Channel, Refusal> {
    // Before anything of a stranger's is worked on.
    may(app, actor, handle).await?;
    let id = picture::keep(app, signed_in(actor)?, upload, PictureUse::Cover).await?;
    let shown = app.retry(|| attempt(app, actor, handle, Some(id))).await;
    picture::settle(app, id, shown).await
}

/// Shows none from now on. Its owner or an administrator.
pub async fn remove(app: &Arc<App>, actor: &Actor, handle: &Handle) -> Result<Channel, Refusal> {
    app.retry(|| attempt(app, actor, handle, None)).await
}

async fn may(app: &App, actor: &Actor, handle: &Handle) -> Result<Stored<Channel>, Refusal> {
    let stored = app.channel_by_handle(handle).await?;
    app.authorize(actor, &stored.value, Action::ManageChannel)
        .await?;
    Ok(stored)
}

async fn attempt(
    app: &Arc<App>,
    actor: &Actor,
    handle: &Handle,
    cover: Option<PictureId>,
) -> Result<Channel, Attempt> {
    let stored = may(app, actor, handle).await?;
    let decision = stored.value.show_cover(cover);
    if !decision.is_unchanged() {
        let changes = app
            .tell(actor, decision.happened, app.now())
            .state(StateChange::Channel(write(
                decision.next.clone(),
                stored.version,
            )));
        app.commit(changes).await?;
    }
    Ok(decision.next)
}
