//! What a channel's owner does with its streams.

use async_graphql::{Context, ID, Object};
use greenroom_app::stream::create::{self, CreateStream};
use greenroom_app::stream::{end, start};
use greenroom_domain::channel::{Category, ChannelTitle};

use super::Stream;
use crate::graphql::id::local;
use crate::graphql::page::READ;
use crate::graphql::{asking, handle};
use crate::problem::Problem;

#[derive(Default)]
pub(super) struct ControlMutation;

#[Object]
impl ControlMutation {
    /// Plans a stream ahead, for the channel's owner.
    #[graphql(complexity = "READ + child_complexity")]
    async fn create_stream(
        &self,
        ctx: &Context<'_>,
        handle: String,
        #[graphql(desc = "1 to 120 characters; the channel's title if not said.")] title: Option<
            String,
        >,
        #[graphql(desc = "1 to 50 characters; the channel's category if not said.")]
        category: Option<String>,
    ) -> Result<Stream, Problem> {
        let asking = asking(ctx)?;
        let title = title.as_deref().map(ChannelTitle::parse);
        let category = category.as_deref().map(Category::parse);
        let command = CreateStream {
            handle: self::handle(&handle)?,
            title: title
                .transpose()
                .map_err(|error| Problem::text("title", error))?,
            category: category
                .transpose()
                .map_err(|error| Problem::text("category", error))?,
        };
        let view = create::execute(&asking.app, &asking.actor, command).await?;
        Ok(view.into())
    }

    /// Goes on air before the encoder has come, for the channel's owner. Again is no change.
    #[graphql(complexity = "READ + child_complexity")]
    async fn start_stream(&self, ctx: &Context<'_>, id: ID) -> Result<Stream, Problem> {
        let asking = asking(ctx)?;
        let view = start::execute(&asking.app, &asking.actor, local(&id)?).await?;
        Ok(view.into())
    }

    /// Ends a stream. The owner's end holds its key for a minute; an administrator's locks the
    /// channel. Again is no change.
    #[graphql(complexity = "READ + child_complexity")]
    async fn end_stream(&self, ctx: &Context<'_>, id: ID) -> Result<Stream, Problem> {
        let asking = asking(ctx)?;
        let view = end::execute(&asking.app, &asking.actor, local(&id)?).await?;
        Ok(view.into())
    }
}
