//! Makes a local account.

use std::net::IpAddr;
use std::sync::Arc;

use greenroom_domain::account::{DisplayName, Login, NewUser, Password, Role, User, Username};
use greenroom_domain::shared::actor::{Actor, Identity};
use greenroom_domain::shared::commit::{Changes, Claim, ClaimChange, Holder, StateChange};
use greenroom_domain::shared::id::UserId;
use greenroom_domain::shared::once::Once;
use greenroom_domain::shared::store::Version;

use crate::account::sign_in;
use crate::commit::{Attempt, write};
use crate::{App, Refusal, Registration};

/// Makes a local account.
#[derive(Debug, Clone)]
pub struct Register {
    /// Its unique name.
    pub username: Username,
    /// As it is shown; its name if nothing else.
    pub display_name: Option<DisplayName>,
    /// To sign in with.
    pub password: Password,
    /// Where the request came from; `None` from the command line, which is not limited.
    pub peer: Option<IpAddr>,
}

/// Anybody may while registration is open; the operator always.
pub async fn execute(app: &Arc<App>, actor: &Actor, command: Register) -> Result<User, Refusal> {
    execute_once(app, actor, command, None).await
}

/// The same; the same request again answers with the account that it has made. Nobody was there
/// to ask before: the request is the account's own, by its password.
pub async fn execute_once(
    app: &Arc<App>,
    actor: &Actor,
    command: Register,
    once: Option<&Once>,
) -> Result<User, Refusal> {
    if *actor != Actor::Operator && app.settings.registration == Registration::Closed {
        return Err(Refusal::RegistrationClosed);
    }
    if let Some(peer) = command.peer {
        app.limit("register", peer.to_string(), app.settings.sign_in_quota)
            .await?;
    }
    let id = UserId::from_uuid(app.ports.ids.uuid());
    let new = Changes::new();
    let made = create(app, actor, id, command.clone(), Role::User, new, once).await;
    match made {
        Err(Refusal::UsernameTaken) => {
            let before = made_before(app, command, once).await?;
            before.ok_or(Refusal::UsernameTaken)
        }
        made => made,
    }
}

/// Makes an account of this role, together with other changes.
pub(super) async fn create(
    app: &Arc<App>,
    actor: &Actor,
    id: UserId,
    command: Register,
    role: Role,
    with: Changes,
    once: Option<&Once>,
) -> Result<User, Refusal> {
    let new = prepare(app, id, command, role).await?;
    let reply = once.map(|once| once.reply(Identity::User(id), id.uuid(), app.now()));
    let with = Changes { reply, ..with };
    app.retry(|| insert(app, actor, new.clone(), with.clone()))
        .await
}

/// The account of that name, if it was this request that has made it.
pub(super) async fn made_before(
    app: &Arc<App>,
    command: Register,
    once: Option<&Once>,
) -> Result<Option<User>, Refusal> {
    let Some(once) = once else {
        return Ok(None);
    };
    let Some(user) = app.ports.users.by_username(&command.username).await? else {
        return Ok(None);
    };
    let by = Identity::User(user.value.id);
    let reply = app.ports.replies.get(by, &once.key).await?;
    if reply.is_none_or(|reply| reply.request != once.request) {
        return Ok(None);
    }
    match sign_in::prove(app, &command.username, command.password).await {
        Ok(user) => Ok(Some(user)),
        Err(Refusal::WrongCredentials) => Ok(None),
        Err(refusal) => Err(refusal),
    }
}

/// Hashes the password of an account that is to be, whose name is free for all that is known.
async fn prepare(
    app: &Arc<App>,
    id: UserId,
    command: Register,
    role: Role,
) -> Result<NewUser, Refusal> {
    if app
        .ports
        .users
        .by_username(&command.username)
        .await?
        .is_some()
    {
        return Err(Refusal::UsernameTaken);
    }
    let display_name = command
        .display_name
        .unwrap_or_else(|| DisplayName::from(&command.username));
    let hash = app
        .ports
        .passwords
        .hash(command.password, salt(app))
        .await?;
    Ok(NewUser {
        id,
        username: command.username,
        display_name,
        role,
        login: Login::Local(hash),
    })
}

/// Makes the account's first state durable, with its name claimed.
pub(super) async fn insert(
    app: &Arc<App>,
    actor: &Actor,
    new: NewUser,
    with: Changes,
) -> Result<User, Attempt> {
    let now = app.now();
    let decision = User::register(new, now);
    let user = decision.next;
    let by = if actor.user().is_some() || *actor == Actor::Operator {
        *actor
    } else {
        Actor::User {
            id: user.id,
            role: user.role,
        }
    };
    let told = app.tell(&by, decision.happened, now);
    let mut changes = Changes {
        events: told.events,
        ..with
    };
    if let Login::Host(subject) = &user.login {
        changes = changes.claim(ClaimChange::Take(
            Claim::Subject(subject.clone()),
            Holder::User(user.id),
        ));
    }
    let changes = changes
        .claim(ClaimChange::Take(
            Claim::Username(user.username.clone()),
            Holder::User(user.id),
        ))
        .state(StateChange::User(write(user.clone(), Version::NEW)));
    app.commit(changes).await?;
    Ok(user)
}

/// Random bytes for a password's hash.
pub(super) fn salt(app: &App) -> [u8; 16] {
    let random = app.ports.ids.secret();
    std::array::from_fn(|i| random[i])
}
