//! Changes a password, and ends every session.

use std::sync::Arc;

use greenroom_domain::access::{Action, Standing, require};
use greenroom_domain::account::{AccountError, Login, Password, PasswordHash};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::commit::StateChange;
use greenroom_domain::shared::id::UserId;

use crate::account::register::salt;
use crate::account::sign_out::signed_out;
use crate::commit::{Attempt, signed_in, write};
use crate::{App, Refusal};

/// One's own password, by knowing the old one. Whoever is signed in has to sign in again.
pub async fn execute(
    app: &Arc<App>,
    actor: &Actor,
    old: Password,
    new: Password,
) -> Result<(), Refusal> {
    let id = signed_in(actor)?;
    app.limit("password", id.to_string(), app.settings.sign_in_quota)
        .await?;
    let user = app
        .ports
        .users
        .get(id)
        .await?
        .ok_or(Refusal::NoSuchUser)?
        .value;
    let Login::Local(hash) = user.login else {
        return Err(AccountError::SignsInElsewhere.into());
    };
    if !app.ports.passwords.verify(old, Some(hash)).await? {
        return Err(Refusal::WrongCredentials);
    }
    set(app, actor, id, new).await
}

/// Anybody's password: the operator's way for those who forgot theirs.
pub async fn reset(
    app: &Arc<App>,
    actor: &Actor,
    user: UserId,
    new: Password,
) -> Result<(), Refusal> {
    require(Standing::at_large(actor), Action::ReviewCreators)?;
    set(app, actor, user, new).await
}

async fn set(app: &Arc<App>, actor: &Actor, user: UserId, new: Password) -> Result<(), Refusal> {
    let hash = app.ports.passwords.hash(new, salt(app)).await?;
    app.retry(|| attempt(app, actor, user, hash.clone())).await
}

async fn attempt(
    app: &Arc<App>,
    actor: &Actor,
    user: UserId,
    hash: PasswordHash,
) -> Result<(), Attempt> {
    let stored = app
        .ports
        .users
        .get(user)
        .await?
        .ok_or(Refusal::NoSuchUser)?;
    let decision = stored.value.change_password(hash)?;
    let sessions = app.ports.sessions.of_user(user).await?;
    let mut happened = decision.happened;
    happened.extend(sessions.iter().map(|session| signed_out(user, *session)));
    let mut changes = app
        .tell(actor, happened, app.now())
        .state(StateChange::User(write(decision.next, stored.version)));
    changes
        .states
        .extend(sessions.into_iter().map(StateChange::SessionEnded));
    app.commit(changes).await?;
    Ok(())
}
