//! Makes the first administrator, by the one-time link that an empty server prints.

use std::sync::{Arc, Mutex, PoisonError};

use greenroom_domain::account::{Role, SessionToken, User};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::commit::{Changes, Claim, ClaimChange, Holder};
use greenroom_domain::shared::id::UserId;

use crate::account::register::{self, Register};
use crate::{App, Refusal};

/// The one-time secret of this process; another start makes another.
#[derive(Default)]
pub(crate) struct Setup(Mutex<Option<SessionToken>>);

/// Makes the one-time secret, where there is no administrator yet.
pub async fn open(app: &App) -> Result<Option<SessionToken>, Refusal> {
    if app.ports.users.has_administrator().await? {
        return Ok(None);
    }
    let token = SessionToken::generate(app.ports.ids.secret());
    *app.setup.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
    Ok(Some(token))
}

/// Whether somebody can still become the first administrator.
pub fn is_open(app: &App) -> bool {
    app.setup
        .0
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .is_some()
}

/// Makes the administrator. The link works once.
pub async fn execute(
    app: &Arc<App>,
    token: &SessionToken,
    command: Register,
) -> Result<User, Refusal> {
    if let Some(peer) = command.peer {
        app.limit("setup", peer.to_string(), app.settings.sign_in_quota)
            .await?;
    }
    let valid = app
        .setup
        .0
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .as_ref()
        == Some(token);
    if !valid {
        return Err(Refusal::SetupLinkInvalid);
    }
    // One may have been made on the command line, or come from the host platform, meanwhile.
    if app.ports.users.has_administrator().await? {
        close(app);
        return Err(Refusal::SetupLinkInvalid);
    }
    let user = make_administrator(app, &Actor::System, command).await?;
    close(app);
    Ok(user)
}

fn close(app: &App) {
    *app.setup.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
}

/// Makes the first administrator; refused when there was one.
async fn make_administrator(
    app: &Arc<App>,
    actor: &Actor,
    command: Register,
) -> Result<User, Refusal> {
    let id = UserId::from_uuid(app.ports.ids.uuid());
    let holder = Holder::User(id);
    let with = Changes::new().claim(ClaimChange::Take(Claim::FirstAdministrator, holder));
    register::create(app, actor, id, command, Role::Admin, with).await
}
