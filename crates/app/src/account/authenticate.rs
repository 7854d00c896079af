//! Finds out who is asking.

use std::sync::Arc;

use greenroom_domain::account::{
    CreatorApproval, DisplayName, Login, NewUser, Role, SessionId, SessionToken, TokenError, User,
    Username, VerifiedToken,
};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::commit::{Changes, StateChange};
use greenroom_domain::shared::id::{GuestId, UserId};
use greenroom_domain::shared::secret::{Mac, Purpose};
use greenroom_domain::shared::store::Stored;

use crate::account::{register, sign_in};
use crate::commit::{Attempt, write};
use crate::hex::{hex, unhex};
use crate::{App, Refusal};

/// Who was proven to be asking, and until when the proof holds.
#[derive(Debug, Clone)]
pub struct Authenticated {
    /// As the use cases know them.
    pub actor: Actor,
    /// Their account.
    pub user: User,
    /// The proof is worth nothing from then on: long connections are closed.
    pub expires_at: Timestamp,
    /// The local session that proved it, whose end ends long connections too.
    pub session: Option<SessionId>,
}

/// By a bearer token: a local session's, or a JWT of the host platform, whose user is made
/// at first sight.
pub async fn by_token(app: &Arc<App>, token: &str) -> Result<Authenticated, Refusal> {
    match SessionToken::parse(token) {
        Some(token) => by_session(app, &token).await,
        None => by_host_token(app, token).await,
    }
}

/// By a local session.
pub async fn by_session(app: &Arc<App>, token: &SessionToken) -> Result<Authenticated, Refusal> {
    let session = app
        .ports
        .sessions
        .get(sign_in::session_id(app, token))
        .await?;
    let session = session
        .filter(|session| session.is_valid(app.now()))
        .ok_or(Refusal::NotSignedIn)?;
    let user = app
        .ports
        .users
        .get(session.user)
        .await?
        .ok_or(Refusal::NotSignedIn)?
        .value;
    Ok(Authenticated {
        session: Some(session.id),
        ..authenticated(user, session.expires_at)
    })
}

async fn by_host_token(app: &Arc<App>, token: &str) -> Result<Authenticated, Refusal> {
    let verified =
        app.ports
            .tokens
            .verify(token, app.now())
            .await
            .map_err(|error| match error {
                TokenError::Unavailable(_) => Refusal::Token(error),
                TokenError::NotConfigured | TokenError::Expired | TokenError::Invalid => {
                    Refusal::NotSignedIn
                }
            })?;
    let user = app.retry(|| known_or_made(app, &verified)).await?;
    Ok(authenticated(user, verified.expires_at))
}

fn authenticated(user: User, expires_at: Timestamp) -> Authenticated {
    Authenticated {
        actor: Actor::User {
            id: user.id,
            role: user.role,
        },
        user,
        expires_at,
        session: None,
    }
}

async fn known_or_made(app: &Arc<App>, token: &VerifiedToken) -> Result<User, Attempt> {
    let stored = match app.ports.users.by_subject(&token.subject).await? {
        Some(stored) => stored,
        None => make(app, token).await?,
    };
    follow_claims(app, stored, token).await
}

/// Makes the account of a user of the host platform that was never seen here.
async fn make(app: &Arc<App>, token: &VerifiedToken) -> Result<Stored<User>, Attempt> {
    let id = UserId::from_uuid(app.ports.ids.uuid());
    let username = free_username(app, token, id).await?;
    let name = token
        .name
        .as_deref()
        .and_then(|name| DisplayName::parse(name).ok());
    let display_name = name.unwrap_or_else(|| DisplayName::from(&username));
    let role = match token.is_admin {
        Some(true) => Role::Admin,
        Some(false) | None => Role::User,
    };
    let new = NewUser {
        id,
        username,
        display_name,
        role,
        login: Login::Host(token.subject.clone()),
    };
    register::insert(app, &Actor::System, new, Changes::new()).await?;
    app.ports.users.get(id).await?.ok_or(Attempt::Again)
}

/// The name or subject of the host platform if it is free here, else one made of the id.
async fn free_username(app: &App, token: &VerifiedToken, id: UserId) -> Result<Username, Attempt> {
    let wanted = [token.name.as_deref(), Some(token.subject.subject.as_str())];
    for name in wanted
        .into_iter()
        .flatten()
        .filter_map(|name| Username::parse(name).ok())
    {
        if app.ports.users.by_username(&name).await?.is_none() {
            return Ok(name);
        }
    }
    let digits = id.uuid().simple().to_string();
    Username::parse(&format!("u{}", &digits[digits.len() - 16..]))
        .map_err(|_| Refusal::NotSignedIn.into())
}

/// Role and creator status are as the host platform's claims say.
async fn follow_claims(
    app: &Arc<App>,
    stored: Stored<User>,
    token: &VerifiedToken,
) -> Result<User, Attempt> {
    // Where the claim says who administers, it also says who does so no longer.
    let role = match token.is_admin {
        Some(true) => Role::Admin,
        Some(false) => Role::User,
        None => stored.value.role,
    };
    let mut decision = stored.value.set_role(role);
    if token.is_creator && decision.next.require_creator().is_err() {
        let asked = decision
            .next
            .clone()
            .request_creator(CreatorApproval::Automatic);
        if let Ok(approved) = asked {
            decision.next = approved.next;
            decision.happened.extend(approved.happened);
        }
    }
    if decision.is_unchanged() {
        return Ok(decision.next);
    }
    let changes = app
        .tell(&Actor::System, decision.happened, app.now())
        .state(StateChange::User(write(
            decision.next.clone(),
            stored.version,
        )));
    app.commit(changes).await?;
    Ok(decision.next)
}

/// A new guest, and what their cookie holds: the id and its signature.
pub fn new_guest(app: &App) -> (GuestId, String) {
    let id = GuestId::from_uuid(app.ports.ids.uuid());
    let signature = hex(&guest_mac(app, id).0[..GUEST_SIGNATURE]);
    (id, format!("{}.{signature}", id.uuid().simple()))
}

/// The guest of a cookie, if it was signed here.
pub fn guest(app: &App, cookie: &str) -> Option<GuestId> {
    let (id, signature) = cookie.split_once('.')?;
    let id: GuestId = id.parse().ok()?;
    let signature = unhex(signature).filter(|bytes| bytes.len() == GUEST_SIGNATURE)?;
    guest_mac(app, id).begins_with(&signature).then_some(id)
}

/// How many bytes of its MAC a guest's cookie shows.
const GUEST_SIGNATURE: usize = 16;

fn guest_mac(app: &App, id: GuestId) -> Mac {
    app.ports.secrets.mac(Purpose::Guest, id.uuid().as_bytes())
}
