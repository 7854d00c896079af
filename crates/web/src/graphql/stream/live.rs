//! What becomes of a channel's stream, as it happens.

use async_graphql::{Context, ID, SimpleObject, Subscription};
use futures_util::{Stream, StreamExt};
use greenroom_app::realtime::Shown;
use greenroom_domain::chat::Ephemeral;

use crate::graphql::chat::ChatLine;
use crate::graphql::handle;
use crate::graphql::id::global;
use crate::graphql::page::READ;
use crate::graphql::room::{Event, Seat, Topic, Wanted};
use crate::problem::Problem;

/// How many watch a stream.
#[derive(SimpleObject)]
pub struct ViewerCount {
    /// The global id of the stream.
    stream_id: ID,
    /// How many.
    viewers: u64,
}

#[derive(Default)]
pub(in crate::graphql) struct StreamSubscription;

#[Subscription]
impl StreamSubscription {
    /// What becomes of a channel's stream, for whoever may watch: the lines of its room that tell
    /// when it goes on air, is interrupted, comes back, is called differently, and is over. What
    /// is so before is to be asked of `channel`.
    #[graphql(complexity = "READ + child_complexity")]
    async fn stream_state(
        &self,
        ctx: &Context<'_>,
        handle: String,
    ) -> Result<impl Stream<Item = ChatLine>, Problem> {
        let events = Seat::take(ctx, wanted(Topic::StreamState, &handle)?)?;
        Ok(events.filter_map(async |event| match event {
            Event::Shown { published, .. } => match &published.shown {
                Shown::Line(line) => Some(ChatLine::public(line)),
                Shown::Ephemeral(_) => None,
            },
            Event::Joined { .. } => None,
        }))
    }

    /// How many watch a channel's stream, whenever that changes; at most once a second.
    #[graphql(complexity = "READ + child_complexity")]
    async fn viewers(
        &self,
        ctx: &Context<'_>,
        handle: String,
    ) -> Result<impl Stream<Item = ViewerCount>, Problem> {
        let events = Seat::take(ctx, wanted(Topic::Viewers, &handle)?)?;
        Ok(events.filter_map(async |event| match event {
            Event::Shown { published, .. } => match &published.shown {
                Shown::Ephemeral(Ephemeral::Viewers {
                    stream, viewers, ..
                }) => Some(ViewerCount {
                    stream_id: global(*stream),
                    viewers: *viewers,
                }),
                _ => None,
            },
            Event::Joined { .. } => None,
        }))
    }
}

fn wanted(topic: Topic, name: &str) -> Result<Wanted, Problem> {
    Ok(Wanted {
        topic,
        handle: handle(name)?,
        after: None,
    })
}
