//! An administrator shuts encoders out of a channel, or lets them in again.

use std::sync::Arc;

use greenroom_domain::access::{Action, Standing, require};
use greenroom_domain::channel::{Channel, Handle};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::commit::StateChange;

use crate::commit::{Attempt, write};
use crate::{App, Refusal};

/// Lets encoders in again. Again is no change.
pub async fn lift(app: &Arc<App>, actor: &Actor, handle: &Handle) -> Result<Channel, Refusal> {
    app.retry(|| attempt(app, actor, handle)).await
}

async fn attempt(app: &Arc<App>, actor: &Actor, handle: &Handle) -> Result<Channel, Attempt> {
    let stored = app.channel_by_handle(handle).await?;
    // Of their own channel too.
    require(Standing::at_large(actor), Action::LockIngest)?;
    let decision = stored.value.unlock();
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
