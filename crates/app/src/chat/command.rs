//! Carries out what is typed into the chat to act.

use std::sync::Arc;
use std::time::Duration;

use greenroom_domain::account::{User, Username};
use greenroom_domain::chat::{Command, Lift, ModerationReason, Rule};
use greenroom_domain::shared::actor::{Actor, Identity};
use greenroom_domain::shared::id::{ChannelId, UserId};

use crate::chat::restrict::{self, Restrict};
use crate::chat::{appoint, clear, configure};
use crate::{App, Refusal, social};

/// What was done, to be shown to whoever asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    /// Somebody is quiet or gone.
    Restricted(Username),
    /// Somebody may chat again.
    Lifted(Username),
    /// So many messages of somebody are gone.
    Cleared(Username, usize),
    /// Somebody is something else in the channel.
    RoleChanged(Username),
    /// Somebody is blocked.
    Blocked(Username),
    /// They have made up.
    Unblocked(Username),
    /// The room has another rule.
    Configured,
}

/// Whether the actor may is the business of each use case that this calls.
pub async fn execute(
    app: &Arc<App>,
    actor: &Actor,
    channel: ChannelId,
    command: Command,
) -> Result<Done, Refusal> {
    match command {
        Command::Timeout {
            user,
            length,
            reason,
        } => restrict(app, actor, channel, user, Some(length), reason).await,
        Command::Ban { user, reason } => restrict(app, actor, channel, user, None, reason).await,
        Command::Untimeout(user) => lift(app, actor, channel, user, Lift::Timeout).await,
        Command::Unban(user) => lift(app, actor, channel, user, Lift::Whatever).await,
        Command::Clear(user) => {
            let author = Identity::User(id(app, &user).await?);
            let count = clear::execute(app, actor, channel, author).await?;
            Ok(Done::Cleared(user, count))
        }
        Command::Appoint(user, role) => {
            let id = id(app, &user).await?;
            appoint::execute(app, actor, channel, id, role).await?;
            Ok(Done::RoleChanged(user))
        }
        Command::Dismiss(user, role) => {
            let id = id(app, &user).await?;
            appoint::end(app, actor, channel, id, Some(role)).await?;
            Ok(Done::RoleChanged(user))
        }
        Command::Block(user) => {
            social::block::execute(app, actor, id(app, &user).await?).await?;
            Ok(Done::Blocked(user))
        }
        Command::Unblock(user) => {
            social::block::end(app, actor, id(app, &user).await?).await?;
            Ok(Done::Unblocked(user))
        }
        Command::Rule(rule) => configured(app, actor, channel, rule).await,
    }
}

async fn restrict(
    app: &Arc<App>,
    actor: &Actor,
    channel: ChannelId,
    user: Username,
    timeout: Option<Duration>,
    reason: Option<ModerationReason>,
) -> Result<Done, Refusal> {
    let command = Restrict {
        channel,
        subject: Identity::User(id(app, &user).await?),
        timeout,
        reason,
    };
    restrict::execute(app, actor, command).await?;
    Ok(Done::Restricted(user))
}

async fn lift(
    app: &Arc<App>,
    actor: &Actor,
    channel: ChannelId,
    user: Username,
    lift: Lift,
) -> Result<Done, Refusal> {
    let subject = Identity::User(id(app, &user).await?);
    restrict::lift(app, actor, channel, subject, lift).await?;
    Ok(Done::Lifted(user))
}

async fn configured(
    app: &Arc<App>,
    actor: &Actor,
    id: ChannelId,
    rule: Rule,
) -> Result<Done, Refusal> {
    let handle = app.channel(id).await?.value.handle;
    let settings = configure::current(app, &handle).await?.value.settings;
    configure::execute(app, actor, &handle, settings.with(rule), None).await?;
    Ok(Done::Configured)
}

async fn id(app: &App, name: &Username) -> Result<UserId, Refusal> {
    let user: Option<User> = app
        .ports
        .users
        .by_username(name)
        .await?
        .map(|stored| stored.value);
    Ok(user.ok_or(Refusal::NoSuchUser)?.id)
}
