//! Who may not chat in a room.

use std::time::Duration;

use async_graphql::{Context, Object};
use greenroom_app::Refusal;
use greenroom_app::chat::restrict::{self, Restrict};
use greenroom_domain::chat::{self as domain, Lift, ModerationReason};
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::id::ChannelId;
use greenroom_domain::shared::page::UnknownCursor;

use super::lines::{RestrictionType, restriction};
use super::messages::room;
use crate::context;
use crate::graphql::account::User;
use crate::graphql::asking;
use crate::graphql::loaders::Loaders;
use crate::graphql::page::{self, Connection};
use crate::graphql::scalar::Time;
use crate::problem::Problem;
use crate::wire::{identity, identity_text};

/// Somebody may not chat in a room.
pub struct ChatRestriction(domain::Restriction);

/// Somebody may not chat in a room.
#[Object]
impl ChatRestriction {
    /// Who: `user:<id>` or `guest:<id>`.
    async fn subject(&self) -> String {
        identity_text(self.0.subject)
    }

    /// Their account; guests have none.
    async fn user(&self, ctx: &Context<'_>) -> Result<Option<User>, Problem> {
        match self.0.subject {
            Identity::User(id) => {
                let found = ctx.data_unchecked::<Loaders>().load_one(id).await?;
                Ok(found.map(User))
            }
            Identity::Guest(_) => Ok(None),
        }
    }

    /// What they were called.
    async fn name(&self) -> Option<&str> {
        let name = self.0.name.as_ref();
        name.map(greenroom_domain::account::DisplayName::as_str)
    }

    /// Whether they may watch.
    async fn kind(&self) -> RestrictionType {
        restriction(self.0.kind).0
    }

    /// Until when a timeout lasts.
    async fn until(&self) -> Option<Time> {
        restriction(self.0.kind).1
    }

    /// Why.
    async fn reason(&self) -> Option<&str> {
        self.0.reason.as_ref().map(ModerationReason::as_str)
    }

    /// Since when.
    async fn at(&self) -> Time {
        self.0.at.into()
    }
}

/// Who may not chat, for whoever runs the channel.
pub(super) async fn list(
    asking: &context::Context,
    room: ChannelId,
    first: Option<i32>,
    after: Option<&str>,
) -> Result<Connection<ChatRestriction>, Problem> {
    let limit = page::limit("first", first)?.get();
    let after = after
        .map(|cursor| identity(cursor).ok_or(Refusal::from(UnknownCursor)))
        .transpose()?;
    let mut found = restrict::list(&asking.app, &asking.actor, room, after, limit + 1).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let nodes = found
        .into_iter()
        .map(|it| (identity_text(it.subject), ChatRestriction(it)));
    Ok(Connection::of_nodes(nodes, after.is_some(), more))
}

#[derive(Default)]
pub(super) struct RestrictionMutation;

#[Object]
impl RestrictionMutation {
    /// Keeps somebody from chatting for 1 second to 14 days, for whoever runs the channel.
    async fn time_out(
        &self,
        ctx: &Context<'_>,
        handle: String,
        #[graphql(desc = "`user:<id>` or `guest:<id>`.")] subject: String,
        seconds: u32,
        #[graphql(desc = "Why, for staff; 1 to 300 characters.")] reason: Option<String>,
    ) -> Result<ChatRestriction, Problem> {
        let timeout = Duration::from_secs(seconds.into());
        restrict(asking(ctx)?, &handle, &subject, Some(timeout), reason).await
    }

    /// Keeps somebody from chatting and watching for good, for whoever runs the channel.
    async fn ban(
        &self,
        ctx: &Context<'_>,
        handle: String,
        #[graphql(desc = "`user:<id>` or `guest:<id>`.")] subject: String,
        #[graphql(desc = "Why, for staff; 1 to 300 characters.")] reason: Option<String>,
    ) -> Result<ChatRestriction, Problem> {
        restrict(asking(ctx)?, &handle, &subject, None, reason).await
    }

    /// Lets somebody chat again, for whoever runs the channel. Again is no change.
    async fn lift_restriction(
        &self,
        ctx: &Context<'_>,
        handle: String,
        #[graphql(desc = "`user:<id>` or `guest:<id>`.")] subject: String,
    ) -> Result<bool, Problem> {
        let asking = asking(ctx)?;
        let room = room(asking, &handle).await?;
        let who = self::subject(&subject)?;
        restrict::lift(&asking.app, &asking.actor, room, who, Lift::Whatever).await?;
        Ok(true)
    }
}

async fn restrict(
    asking: &context::Context,
    handle: &str,
    who: &str,
    timeout: Option<Duration>,
    reason: Option<String>,
) -> Result<ChatRestriction, Problem> {
    let reason = reason.as_deref().map(ModerationReason::parse);
    let command = Restrict {
        channel: room(asking, handle).await?,
        subject: subject(who)?,
        timeout,
        reason: reason
            .transpose()
            .map_err(|error| Problem::text("reason", error))?,
    };
    let restriction = restrict::execute(&asking.app, &asking.actor, command).await?;
    Ok(ChatRestriction(restriction))
}

/// What names nobody.
fn subject(text: &str) -> Result<Identity, Problem> {
    identity(text).ok_or_else(|| Refusal::NoSuchUser.into())
}
