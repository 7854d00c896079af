//! Relay's way to find anything again by its global id.

use async_graphql::{Context, ID, Interface, Object};
use greenroom_app::recording;
use greenroom_app::stream::view;
use greenroom_domain::shared::id::{ChannelId, RecordingId, StreamId, UserId};

use super::account::User;
use super::channel::Channel;
use super::id::{Global, local, parts};
use super::loaders::Loaders;
use super::page::READ;
use super::recording::Recording;
use super::stream::Stream;
use super::{absent, asking};
use crate::problem::Problem;

/// Something that can be found again by its id.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "Its global id."))]
#[expect(clippy::large_enum_variant, reason = "it lives for one field")]
pub(super) enum Node {
    /// Somebody.
    User(User),
    /// A channel.
    Channel(Channel),
    /// A stream.
    Stream(Stream),
    /// What is kept of one.
    Recording(Recording),
}

#[derive(Default)]
pub(super) struct NodeQuery;

#[Object]
impl NodeQuery {
    /// Whatever has this global id.
    #[graphql(complexity = "READ + child_complexity")]
    async fn node(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Node>, Problem> {
        let Some((kind, _)) = parts(&id) else {
            return Ok(None);
        };
        let loaders = ctx.data_unchecked::<Loaders>();
        match kind.as_str() {
            UserId::KIND => match local::<UserId>(&id) {
                Ok(id) => Ok(loaders.load_one(id).await?.map(User).map(Node::User)),
                Err(_) => Ok(None),
            },
            ChannelId::KIND => match local::<ChannelId>(&id) {
                Ok(id) => {
                    let found = loaders.load_one(id).await?;
                    Ok(found.map(Channel::from).map(Node::Channel))
                }
                Err(_) => Ok(None),
            },
            StreamId::KIND => match local::<StreamId>(&id) {
                Ok(id) => {
                    let found = absent(view::execute(&asking(ctx)?.app, id).await)?;
                    Ok(found.map(Stream::from).map(Node::Stream))
                }
                Err(_) => Ok(None),
            },
            RecordingId::KIND => match local::<RecordingId>(&id) {
                Ok(id) => {
                    let asking = asking(ctx)?;
                    let found = recording::view::one(&asking.app, &asking.actor, id).await;
                    Ok(absent(found)?.map(Recording::from).map(Node::Recording))
                }
                Err(_) => Ok(None),
            },
            _ => Ok(None),
        }
    }
}
