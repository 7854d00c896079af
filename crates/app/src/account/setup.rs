//! Makes the first administrator, by the one-time link that an empty server prints.

use std::sync::{Arc, Mutex, PoisonError};

use greenroom_domain::account::{Role, SessionToken, User};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::commit::{Changes, Claim, ClaimChange, Holder};
use greenroom_domain::shared::id::UserId;
use greenroom_domain::shared::once::Once;

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
    execute_once(app, token, command, None).await
}

/// The same; the same request again answers with the administrator that it has made.
pub async fn execute_once(
    app: &Arc<App>,
    token: &SessionToken,
    command: Register,
    once: Option<&Once>,
) -> Result<User, Refusal> {
    if let Some(peer) = command.peer {
        app.limit("setup", peer.to_string(), app.settings.sign_in_quota)
            .await?;
    }
    match make(app, token, command.clone(), once).await {
        Err(refusal @ (Refusal::SetupLinkInvalid | Refusal::UsernameTaken)) => {
            let before = register::made_before(app, command, once).await?;
            before.ok_or(refusal)
        }
        made => made,
    }
}

async fn make(
    app: &Arc<App>,
    token: &SessionToken,
    command: Register,
    once: Option<&Once>,
) -> Result<User, Refusal> {
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
    // Refused when one is made at this moment.
    let id = UserId::from_uuid(app.ports.ids.uuid());
    let holder = Holder::User(id);
    let with = Changes::new().claim(ClaimChange::Take(Claim::FirstAdministrator, holder));
    let user = register::create(app, &Actor::System, id, command, Role::Admin, with, once).await?;
    close(app);
    Ok(user)
}

fn close(app: &App) {
    *app.setup.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
}
