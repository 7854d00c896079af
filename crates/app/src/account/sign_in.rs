//! Opens a local session.

use std::net::IpAddr;
use std::sync::Arc;

use greenroom_domain::access::{Action, Standing, require};
use greenroom_domain::account::{
    Login, Password, Session, SessionId, SessionToken, User, Username,
};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::commit::{Changes, StateChange};
use greenroom_domain::shared::id::UserId;
use greenroom_domain::shared::secret::Purpose;

use crate::{App, Refusal};

/// Opens a session with name and password.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// Whose.
    pub username: Username,
    /// Proves it.
    pub password: Password,
    /// Where the request came from.
    pub peer: IpAddr,
}

/// Somebody is signed in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// What the client keeps.
    pub token: SessionToken,
    /// Until when it is worth something.
    pub session: Session,
    /// Who it is.
    pub user: User,
}

/// Who asks cannot tell an unknown name from a wrong password, nor by how long it takes.
pub async fn execute(app: &Arc<App>, command: SignIn) -> Result<SignedIn, Refusal> {
    app.limit(
        "sign-in",
        command.peer.to_string(),
        app.settings.sign_in_quota,
    )
    .await?;
    app.limit(
        "sign-in-as",
        command.username.to_string(),
        app.settings.sign_in_quota,
    )
    .await?;
    let user = app
        .ports
        .users
        .by_username(&command.username)
        .await?
        .map(|stored| stored.value);
    let hash = user.as_ref().and_then(|user| match &user.login {
        Login::Local(hash) => Some(hash.clone()),
        Login::Host(_) => None,
    });
    let right = app.ports.passwords.verify(command.password, hash).await?;
    match user {
        Some(user) if right => open(app, user).await,
        _ => Err(Refusal::WrongCredentials),
    }
}

/// Opens a session for an account without its password: the command line's way.
pub async fn execute_for(app: &Arc<App>, actor: &Actor, user: UserId) -> Result<SignedIn, Refusal> {
    require(Standing::at_large(actor), Action::ReviewCreators)?;
    let user = app
        .ports
        .users
        .get(user)
        .await?
        .ok_or(Refusal::NoSuchUser)?
        .value;
    open(app, user).await
}

async fn open(app: &Arc<App>, user: User) -> Result<SignedIn, Refusal> {
    let token = SessionToken::generate(app.ports.ids.secret());
    let session = Session::open(session_id(app, &token), user.id, app.now());
    let changes = || Changes::new().state(StateChange::Session(session.clone()));
    app.retry(|| app.commit(changes())).await?;
    Ok(SignedIn {
        token,
        session,
        user,
    })
}

/// By what a session is found.
pub(super) fn session_id(app: &App, token: &SessionToken) -> SessionId {
    SessionId(
        app.ports
            .secrets
            .mac(Purpose::Session, token.expose().as_bytes()),
    )
}
