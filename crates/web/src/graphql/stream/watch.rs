//! What viewers ask for. Who a viewer is goes by sockets and players: asking here makes none.

use async_graphql::{Context, ID, Object, SimpleObject};
use greenroom_app::Refusal;
use greenroom_app::stream::view;

use super::Stream;
use crate::graphql::asking;
use crate::graphql::channel::addresses;
use crate::graphql::id::local;
use crate::graphql::page::READ;
use crate::problem::Problem;
use crate::wire::PlaybackAddressJson;

/// A stream, and where it is played.
#[derive(SimpleObject)]
pub struct JoinedStream {
    /// The stream.
    stream: Stream,
    /// Where it is played, with a grant for whoever asked.
    playback: Vec<PlaybackAddressJson>,
}

#[derive(Default)]
pub(super) struct WatchMutation;

#[Object]
impl WatchMutation {
    /// A live stream and where it is played, for whoever may watch it.
    #[graphql(complexity = "READ + child_complexity")]
    async fn join_stream(&self, ctx: &Context<'_>, id: ID) -> Result<JoinedStream, Problem> {
        let view = view::execute(&asking(ctx)?.app, local(&id)?).await?;
        view.stream.require_joinable().map_err(Refusal::from)?;
        let playback = addresses(ctx, &view.channel.handle).await?;
        Ok(JoinedStream {
            stream: view.into(),
            playback,
        })
    }
}
