//! What a room keeps in view.

use async_graphql::{Context, Object, SimpleObject};
use greenroom_app::chat::pin::{self, Pinned};
use greenroom_domain::chat::Seq;

use super::lines::ChatLine;
use super::messages::room;
use crate::graphql::asking;
use crate::graphql::page::READ;
use crate::graphql::scalar::Time;
use crate::problem::Problem;

/// A message that a room keeps in view.
#[derive(SimpleObject)]
pub struct ChatPin {
    /// The message.
    line: ChatLine,
    /// Since when.
    since: Time,
}

impl From<Pinned> for ChatPin {
    fn from(pinned: Pinned) -> Self {
        Self {
            since: pinned.pin.at.into(),
            line: ChatLine::public(&pinned.line),
        }
    }
}

#[derive(Default)]
pub(super) struct PinMutation;

#[Object]
impl PinMutation {
    /// Keeps a message in view, for the room's staff: five at most. Again is no change.
    #[graphql(complexity = "READ + child_complexity")]
    async fn pin_message(
        &self,
        ctx: &Context<'_>,
        handle: String,
        #[graphql(desc = "The number of its line.")] seq: u64,
    ) -> Result<bool, Problem> {
        let asking = asking(ctx)?;
        let room = room(asking, &handle).await?;
        pin::execute(&asking.app, &asking.actor, room, Seq(seq)).await?;
        Ok(true)
    }

    /// Keeps a message in view no more, for the room's staff. Again is no change.
    #[graphql(complexity = "READ + child_complexity")]
    async fn unpin_message(
        &self,
        ctx: &Context<'_>,
        handle: String,
        #[graphql(desc = "The number of its line.")] seq: u64,
    ) -> Result<bool, Problem> {
        let asking = asking(ctx)?;
        let room = room(asking, &handle).await?;
        pin::end(&asking.app, &asking.actor, room, Seq(seq)).await?;
        Ok(true)
    }
}
