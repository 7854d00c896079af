//! Asks to become a creator.

use std::sync::Arc;

use greenroom_domain::account::User;
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::commit::StateChange;

use crate::commit::{Attempt, signed_in, write};
use crate::{App, Refusal};

/// Approved at once or put before an administrator, as the operator chose. Again is no change.
pub async fn execute(app: &Arc<App>, actor: &Actor) -> Result<User, Refusal> {
    app.retry(|| attempt(app, actor)).await
}

async fn attempt(app: &Arc<App>, actor: &Actor) -> Result<User, Attempt> {
    let stored = app
        .ports
        .users
        .get(signed_in(actor)?)
        .await?
        .ok_or(Refusal::NoSuchUser)?;
    let decision = stored.value.request_creator(app.settings.approval)?;
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
