//! Moderators and VIPs.

use async_graphql::{Context, Object};
use greenroom_app::chat::appoint;
use greenroom_domain::chat::Appointment;

use super::lines::ChannelRole;
use super::messages::room;
use crate::graphql::account::User;
use crate::graphql::page::READ;
use crate::graphql::scalar::Time;
use crate::graphql::{asking, read, somebody};
use crate::problem::Problem;

/// Somebody whom an owner has made something of in their channel.
pub struct ChannelAppointment(pub(in crate::graphql) Appointment);

/// Somebody whom an owner has made something of in their channel.
#[Object]
impl ChannelAppointment {
    /// Who.
    async fn user(&self, ctx: &Context<'_>) -> Result<User, Problem> {
        read(ctx, self.0.user).await.map(User)
    }

    /// What they are.
    async fn role(&self) -> ChannelRole {
        self.0.role.into()
    }

    /// Since when.
    async fn since(&self) -> Time {
        self.0.at.into()
    }
}

#[derive(Default)]
pub(super) struct RoleMutation;

#[Object]
impl RoleMutation {
    /// Makes a moderator or a VIP of somebody, for the channel's owner. Again is no change;
    /// another role takes the place of the one before.
    #[graphql(complexity = "READ + child_complexity")]
    async fn appoint(
        &self,
        ctx: &Context<'_>,
        handle: String,
        username: String,
        role: ChannelRole,
    ) -> Result<ChannelAppointment, Problem> {
        let asking = asking(ctx)?;
        let channel = room(asking, &handle).await?;
        let user = somebody(asking, &username).await?.id;
        let appointment =
            appoint::execute(&asking.app, &asking.actor, channel, user, role.into()).await?;
        Ok(ChannelAppointment(appointment))
    }

    /// They are it no more, for the channel's owner and themselves. Again is no change.
    #[graphql(complexity = "READ + child_complexity")]
    async fn dismiss(
        &self,
        ctx: &Context<'_>,
        handle: String,
        username: String,
        #[graphql(desc = "Whatever they are, if nothing is said.")] role: Option<ChannelRole>,
    ) -> Result<bool, Problem> {
        let asking = asking(ctx)?;
        let channel = room(asking, &handle).await?;
        let user = somebody(asking, &username).await?.id;
        let role = role.map(Into::into);
        appoint::end(&asking.app, &asking.actor, channel, user, role).await?;
        Ok(true)
    }
}
