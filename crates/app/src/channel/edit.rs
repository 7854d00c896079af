//! Changes what a channel says of itself, and what its live stream is called.

use std::sync::Arc;

use greenroom_domain::access::Action;
use greenroom_domain::channel::{Channel, ChannelEdit, Handle};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::commit::StateChange;
use greenroom_domain::shared::store::{Stored, Version};

use crate::commit::{Attempt, write};
use crate::{App, Refusal};

/// Changes a channel.
#[derive(Debug, Clone)]
pub struct EditChannel {
    /// Which.
    pub handle: Handle,
    /// What is to be different.
    pub edit: ChannelEdit,
    /// The version that the client saw, if it wants to be refused when that is no more.
    pub seen: Option<Version>,
}

/// Its owner or an administrator; viewers see it at once.
pub async fn execute(
    app: &Arc<App>,
    actor: &Actor,
    command: EditChannel,
) -> Result<Stored<Channel>, Refusal> {
    app.retry(|| attempt(app, actor, &command)).await
}

async fn attempt(
    app: &Arc<App>,
    actor: &Actor,
    command: &EditChannel,
) -> Result<Stored<Channel>, Attempt> {
    let stored = app.channel_by_handle(&command.handle).await?;
    app.authorize(actor, &stored.value, Action::ManageChannel)
        .await?;
    if command.seen.is_some_and(|seen| seen != stored.version) {
        return Err(Refusal::Stale.into());
    }
    let decision = stored.value.edit(command.edit.clone());
    if decision.is_unchanged() {
        return Ok(Stored {
            value: decision.next,
            version: stored.version,
        });
    }
    let channel = decision.next;
    let mut happened = decision.happened;
    let mut stream = None;
    if let Some(live) = app.ports.streams.live_of(channel.id).await? {
        let retitled = live
            .value
            .retitle(channel.title.clone(), channel.category.clone());
        if !retitled.is_unchanged() {
            happened.extend(retitled.happened);
            stream = Some(StateChange::Stream(write(retitled.next, live.version)));
        }
    }
    let mut changes = app
        .tell(actor, happened, app.now())
        .state(StateChange::Channel(write(channel.clone(), stored.version)));
    changes.states.extend(stream);
    app.commit(changes).await?;
    Ok(Stored {
        value: channel,
        version: stored.version.next(),
    })
}
