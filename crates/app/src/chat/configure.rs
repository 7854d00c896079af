//! Changes a room's rules.

use std::sync::Arc;

use greenroom_domain::access::Action;
use greenroom_domain::channel::Handle;
use greenroom_domain::chat::{ChatSettings, Room};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::commit::StateChange;
use greenroom_domain::shared::store::{Stored, Version};

use crate::commit::{Attempt, write};
use crate::{App, Refusal};

/// A room's rules and their version, for its owner.
pub async fn current(app: &App, handle: &Handle) -> Result<Stored<Room>, Refusal> {
    let channel = app.channel_by_handle(handle).await?.value;
    app.ports
        .moderation
        .room(channel.id)
        .await?
        .ok_or(Refusal::NoSuchChannel)
}

/// Other rules from now on. `seen` is the version that the client saw, if it wants to be
/// refused when that is no more.
pub async fn execute(
    app: &Arc<App>,
    actor: &Actor,
    handle: &Handle,
    settings: ChatSettings,
    seen: Option<Version>,
) -> Result<Stored<Room>, Refusal> {
    app.retry(|| attempt(app, actor, handle, settings, seen))
        .await
}

async fn attempt(
    app: &Arc<App>,
    actor: &Actor,
    handle: &Handle,
    settings: ChatSettings,
    seen: Option<Version>,
) -> Result<Stored<Room>, Attempt> {
    let channel = app.channel_by_handle(handle).await?.value;
    app.authorize(actor, &channel, Action::ManageChannel)
        .await?;
    let stored = app
        .ports
        .moderation
        .room(channel.id)
        .await?
        .ok_or(Refusal::NoSuchChannel)?;
    if seen.is_some_and(|seen| seen != stored.version) {
        return Err(Refusal::Stale.into());
    }
    let decision = stored.value.configure(settings)?;
    if decision.is_unchanged() {
        return Ok(Stored {
            value: decision.next,
            version: stored.version,
        });
    }
    let changes = app
        .tell(actor, decision.happened, app.now())
        .state(StateChange::Room(write(
            decision.next.clone(),
            stored.version,
        )));
    app.commit(changes).await?;
    app.rules.forget(channel.id);
    Ok(Stored {
        value: decision.next,
        version: stored.version.next(),
    })
}
