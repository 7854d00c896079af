//! Following a channel.

use async_graphql::{Context, Object};
use greenroom_app::social::{follow, list};

use super::{Followed, Following, Notify};
use crate::graphql::page::{self, Connection, READ};
use crate::graphql::{asking, handle};
use crate::problem::Problem;

#[derive(Default)]
pub(super) struct FollowQuery;

#[Object]
impl FollowQuery {
    /// What one follows oneself, the newest first.
    #[graphql(complexity = "page::cost(first, child_complexity)")]
    async fn following(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "1 to 100; 25 if not said.")] first: Option<i32>,
        after: Option<String>,
    ) -> Result<Connection<Followed>, Problem> {
        let asking = asking(ctx)?;
        let page = page::request(first, after)?;
        let found = list::following(&asking.app, &asking.actor, &page).await?;
        Ok(Connection::of_page(found, Followed::from))
    }
}

#[derive(Default)]
pub(super) struct FollowMutation;

#[Object]
impl FollowMutation {
    /// Follows a channel, or wants to be told something else of it. Again is no change.
    #[graphql(complexity = "READ + child_complexity")]
    async fn follow(
        &self,
        ctx: &Context<'_>,
        handle: String,
        #[graphql(desc = "That it goes live, if nothing else is said.")] notify: Option<Notify>,
    ) -> Result<Following, Problem> {
        let asking = asking(ctx)?;
        let notify = notify.map(Into::into).unwrap_or_default();
        let handle = self::handle(&handle)?;
        let following = follow::execute(&asking.app, &asking.actor, &handle, notify).await?;
        Ok(following.into())
    }

    /// Follows a channel no more. Again is no change.
    #[graphql(complexity = "READ + child_complexity")]
    async fn unfollow(&self, ctx: &Context<'_>, handle: String) -> Result<Following, Problem> {
        let asking = asking(ctx)?;
        let handle = self::handle(&handle)?;
        let following = follow::end(&asking.app, &asking.actor, &handle).await?;
        Ok(following.into())
    }
}
