//! An administrator approves or suspends a creator.

use std::sync::Arc;

use greenroom_domain::access::{Action, Standing, require};
use greenroom_domain::account::{Role, User};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::commit::StateChange;
use greenroom_domain::shared::id::UserId;

use crate::commit::{Attempt, write};
use crate::{App, Refusal, stream};

/// What an administrator says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Review {
    /// They may create.
    Approve,
    /// They may not; their live stream ends.
    Suspend,
    /// They become an administrator, or are one no longer.
    SetRole(Role),
}

/// Again is no change.
pub async fn execute(
    app: &Arc<App>,
    actor: &Actor,
    user: UserId,
    review: Review,
) -> Result<User, Refusal> {
    require(Standing::at_large(actor), Action::ReviewCreators)?;
    let reviewed = app.retry(|| attempt(app, actor, user, review)).await?;
    if review == Review::Suspend {
        // And by the feed's consumer, should this process die right here.
        stream::end::live_stream_of(app, actor, user).await?;
    }
    Ok(reviewed)
}

async fn attempt(
    app: &Arc<App>,
    actor: &Actor,
    user: UserId,
    review: Review,
) -> Result<User, Attempt> {
    let stored = app
        .ports
        .users
        .get(user)
        .await?
        .ok_or(Refusal::NoSuchUser)?;
    let decision = match review {
        Review::Approve => stored.value.approve_creator(),
        Review::Suspend => stored.value.suspend_creator(),
        Review::SetRole(role) => stored.value.set_role(role),
    };
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
