//! Shows and changes how somebody is called.

use std::sync::Arc;

use greenroom_domain::account::{DisplayName, User, Username};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::commit::StateChange;

use crate::commit::{Attempt, signed_in, write};
use crate::{App, Refusal};

/// One's own account.
pub async fn own(app: &App, actor: &Actor) -> Result<User, Refusal> {
    Ok(app
        .ports
        .users
        .get(signed_in(actor)?)
        .await?
        .ok_or(Refusal::NoSuchUser)?
        .value)
}

/// Anybody's account. What of it may be shown is up to who asks: see [`User`].
pub async fn by_username(app: &App, username: &Username) -> Result<User, Refusal> {
    Ok(app
        .ports
        .users
        .by_username(username)
        .await?
        .ok_or(Refusal::NoSuchUser)?
        .value)
}

/// Shows another name from now on.
pub async fn rename(app: &Arc<App>, actor: &Actor, name: DisplayName) -> Result<User, Refusal> {
    app.retry(|| attempt(app, actor, name.clone())).await
}

async fn attempt(app: &Arc<App>, actor: &Actor, name: DisplayName) -> Result<User, Attempt> {
    let stored = app
        .ports
        .users
        .get(signed_in(actor)?)
        .await?
        .ok_or(Refusal::NoSuchUser)?;
    let decision = stored.value.rename(name);
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
