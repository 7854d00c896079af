//! Blocking somebody: who is blocked can neither watch one's channel nor chat there.

use async_graphql::{Context, Object};
use greenroom_app::Refusal;
use greenroom_app::social::{block, list};
use greenroom_domain::shared::id::UserId;
use greenroom_domain::shared::page::UnknownCursor;

use super::Blocked;
use crate::graphql::page::{self, Connection, READ};
use crate::graphql::{asking, somebody};
use crate::problem::Problem;

#[derive(Default)]
pub(super) struct BlockQuery;

#[Object]
impl BlockQuery {
    /// Whom one has blocked.
    #[graphql(complexity = "page::cost(first, child_complexity)")]
    async fn blocks(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "1 to 100; 25 if not said.")] first: Option<i32>,
        after: Option<String>,
    ) -> Result<Connection<Blocked>, Problem> {
        let asking = asking(ctx)?;
        let limit = page::limit("first", first)?.get();
        let after = after.as_deref().map(str::parse::<UserId>);
        let after = after
            .transpose()
            .map_err(|_| Refusal::from(UnknownCursor))?;
        let mut found = list::blocked(&asking.app, &asking.actor, after, limit + 1).await?;
        let more = found.len() > limit;
        found.truncate(limit);
        let nodes = found
            .into_iter()
            .map(|it| (it.user.id.to_string(), Blocked::from(it)));
        Ok(Connection::of_nodes(nodes, after.is_some(), more))
    }
}

#[derive(Default)]
pub(super) struct BlockMutation;

#[Object]
impl BlockMutation {
    /// Blocks somebody: within a second they can neither watch one's channel nor chat there, and
    /// they do not follow it any more. Again is no change.
    #[graphql(complexity = "READ + child_complexity")]
    async fn block(&self, ctx: &Context<'_>, username: String) -> Result<Blocked, Problem> {
        let asking = asking(ctx)?;
        let user = somebody(asking, &username).await?;
        let block = block::execute(&asking.app, &asking.actor, user.id).await?;
        Ok(list::Blocked { user, block }.into())
    }

    /// Makes up with somebody. Again is no change.
    #[graphql(complexity = "READ + child_complexity")]
    async fn unblock(&self, ctx: &Context<'_>, username: String) -> Result<bool, Problem> {
        let asking = asking(ctx)?;
        let user = somebody(asking, &username).await?;
        block::end(&asking.app, &asking.actor, user.id).await?;
        Ok(true)
    }
}
