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
use greenroom_domain::shared::once::{Once, Reply};
use greenroom_domain::shared::secret::Purpose;
use uuid::Uuid;

use crate::commit::Attempt;
use crate::once::reply;
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
    execute_once(app, command, None).await
}

/// The same; the same request again answers with the session that it has opened, for as long as
/// that lasts. Whose request it is, is whose password it has: a wrong one learns nothing of it.
pub async fn execute_once(
    app: &Arc<App>,
    command: SignIn,
    once: Option<&Once>,
) -> Result<SignedIn, Refusal> {
    let SignIn {
        username,
        password,
        peer,
    } = command;
    app.limit("sign-in", peer.to_string(), app.settings.sign_in_quota)
        .await?;
    let user = prove(app, &username, password.clone()).await?;
    let Some(once) = once else {
        return open_any(app, user).await;
    };
    let by = Actor::User {
        id: user.id,
        role: user.role,
    };
    app.once(
        &by,
        Some(once),
        || async {
            let made = app.ports.ids.uuid();
            let token = token_of(app, &password, made).await?;
            let reply = reply(&by, Some(once), made, app.now());
            open(app, user.clone(), token, reply).await
        },
        |made| opened_before(app, &user, &password, made),
    )
    .await
}

/// Whose name and password these are.
pub(super) async fn prove(
    app: &Arc<App>,
    username: &Username,
    password: Password,
) -> Result<User, Refusal> {
    app.limit(
        "sign-in-as",
        username.to_string(),
        app.settings.sign_in_quota,
    )
    .await?;
    let user = app
        .ports
        .users
        .by_username(username)
        .await?
        .map(|stored| stored.value);
    let hash = user.as_ref().and_then(|user| match &user.login {
        Login::Local(hash) => Some(hash.clone()),
        Login::Host(_) => None,
    });
    let right = app.ports.passwords.verify(password, hash).await?;
    user.filter(|_| right).ok_or(Refusal::WrongCredentials)
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
    open_any(app, user).await
}

async fn open_any(app: &Arc<App>, user: User) -> Result<SignedIn, Refusal> {
    let token = SessionToken::generate(app.ports.ids.secret());
    app.retry(|| open(app, user.clone(), token.clone(), None))
        .await
}

async fn open(
    app: &Arc<App>,
    user: User,
    token: SessionToken,
    reply: Option<Reply>,
) -> Result<SignedIn, Attempt> {
    let session = Session::open(session_id(app, &token), user.id, app.now());
    let with = Changes {
        reply,
        ..Changes::new()
    };
    app.commit(with.state(StateChange::Session(session.clone())))
        .await?;
    Ok(SignedIn {
        token,
        session,
        user,
    })
}

async fn opened_before(
    app: &App,
    user: &User,
    password: &Password,
    made: Uuid,
) -> Result<SignedIn, Refusal> {
    let token = token_of(app, password, made).await?;
    let session = app.ports.sessions.get(session_id(app, &token)).await?;
    let session = session.filter(|it| it.user == user.id && it.is_valid(app.now()));
    Ok(SignedIn {
        token,
        session: session.ok_or(Refusal::SessionEnded)?,
        user: user.clone(),
    })
}

/// The token of a session that a request opens once.
///
/// Only its hash is kept, as of any; but it can be made again, with the server's secret, from
/// what the request made (which is kept, and never the same) and from the password (which comes
/// with the request). Who holds everything that is kept, the secret too, still has to guess the
/// password, and each guess costs as much as one against the account's own hash.
async fn token_of(app: &App, password: &Password, made: Uuid) -> Result<SessionToken, Refusal> {
    let salt = *made.as_bytes();
    let hash = app.ports.passwords.hash(password.clone(), salt).await?;
    let mac = app.ports.secrets.mac(Purpose::SignIn, hash.0.as_bytes());
    Ok(SessionToken::generate(mac.0))
}

/// By what a session is found.
pub(super) fn session_id(app: &App, token: &SessionToken) -> SessionId {
    SessionId(
        app.ports
            .secrets
            .mac(Purpose::Session, token.expose().as_bytes()),
    )
}
