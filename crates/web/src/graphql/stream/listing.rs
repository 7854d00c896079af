//! Streams to look at.

use async_graphql::{Context, Enum, InputObject, Object};
use greenroom_app::stream::listing::{self, LiveFilter};
use greenroom_app::stream::taste::LiveOrder;

use super::Stream;
use crate::graphql::asking;
use crate::graphql::page::{self, Connection};
use crate::problem::Problem;

/// What is wanted of what is live.
#[derive(InputObject, Default)]
pub(super) struct LiveStreamFilter {
    /// Its title, handle, creator's name, category or a tag holds this.
    search: Option<String>,
    /// It is of this category.
    category: Option<String>,
    /// It has this tag.
    tag: Option<String>,
    /// It is in this language.
    language: Option<String>,
    /// What comes first; most viewers if nothing is said.
    order: Option<LiveStreamOrder>,
}

/// What comes first. Among what is alike, most viewers do.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "LiveOrder")]
pub enum LiveStreamOrder {
    /// Most viewers.
    Viewers,
    /// Channels that one follows.
    FollowedFirst,
    /// Channels that one follows, and no others: that needs an account.
    FollowedOnly,
    /// What is of a category, or has a tag, of the channels that one has followed last.
    Recommended,
}

#[derive(Default)]
pub(super) struct ListingQuery;

#[Object]
impl ListingQuery {
    /// What is live now, most viewers first if nothing else is asked for. At most two seconds old.
    #[graphql(complexity = "page::cost(first, child_complexity)")]
    async fn live_streams(
        &self,
        ctx: &Context<'_>,
        filter: Option<LiveStreamFilter>,
        #[graphql(desc = "1 to 100; 25 if not said.")] first: Option<i32>,
        after: Option<String>,
    ) -> Result<Connection<Stream>, Problem> {
        let page = page::request(first, after)?;
        let filter = filter.unwrap_or_default();
        let filter = LiveFilter {
            search: filter.search,
            category: filter.category,
            tag: filter.tag,
            language: filter.language,
            order: filter.order.map(Into::into).unwrap_or_default(),
        };
        let asking = asking(ctx)?;
        let streams = listing::execute(&asking.app, &asking.actor, &filter, &page).await?;
        Ok(Connection::of_page(streams, Stream::from))
    }
}
