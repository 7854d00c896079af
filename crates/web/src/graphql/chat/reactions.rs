//! Reactions: counted together, and kept by nobody.

use async_graphql::{Context, Object, SimpleObject};
use greenroom_app::chat::react;
use greenroom_domain::chat::Reaction;

use super::messages::room;
use crate::graphql::asking;
use crate::graphql::page::READ;
use crate::problem::Problem;

/// How people reacted in the last moment, counted together.
#[derive(SimpleObject)]
pub struct ChatReactions {
    /// With what, and how many of each.
    counts: Vec<ReactionCount>,
}

/// How many reacted alike.
#[derive(SimpleObject)]
pub struct ReactionCount {
    /// An emoji.
    reaction: String,
    /// How many.
    count: u32,
}

impl From<&[(Reaction, u32)]> for ChatReactions {
    fn from(counts: &[(Reaction, u32)]) -> Self {
        let counts = counts.iter().map(|(reaction, count)| ReactionCount {
            reaction: reaction.to_string(),
            count: *count,
        });
        Self {
            counts: counts.collect(),
        }
    }
}

#[derive(Default)]
pub(super) struct ReactionMutation;

#[Object]
impl ReactionMutation {
    /// Reacts to what is on, for whoever may chat. Everybody is shown how many do.
    #[graphql(complexity = "READ + child_complexity")]
    async fn react(
        &self,
        ctx: &Context<'_>,
        handle: String,
        #[graphql(desc = "One emoji, or an emote's code (`:heart:`).")] reaction: String,
    ) -> Result<bool, Problem> {
        let asking = asking(ctx)?;
        let reaction =
            Reaction::parse(&reaction).map_err(|error| Problem::text("reaction", error))?;
        let room = room(asking, &handle).await?;
        react::execute(&asking.app, &asking.actor, room, reaction).await?;
        asking.keep_guest();
        Ok(true)
    }
}
