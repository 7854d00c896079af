//! What an actor is to a channel: reads what the domain's table needs.

use greenroom_domain::access::{Action, Standing, Tie, require};
use greenroom_domain::channel::{Channel, Handle};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::id::{ChannelId, StreamId};
use greenroom_domain::shared::store::Stored;
use greenroom_domain::stream::Stream;

use crate::{App, Refusal};

impl App {
    /// What the actor is to the channel; up to a second old where that was changed at another
    /// node.
    pub async fn standing(&self, actor: &Actor, channel: &Channel) -> Result<Standing, Refusal> {
        let standing = Standing::of(actor, channel.owner, Tie::None);
        if matches!(standing, Standing::Owner | Standing::Admin) {
            return Ok(standing);
        }
        let Some(who) = actor.identity() else {
            return Ok(standing);
        };
        let rules = self.rules.of(self, channel.id).await?;
        Ok(Standing::of(actor, channel.owner, rules.tie(who)))
    }

    /// Refuses an actor who may not do this to the channel.
    pub(crate) async fn authorize(
        &self,
        actor: &Actor,
        channel: &Channel,
        action: Action,
    ) -> Result<Standing, Refusal> {
        let standing = self.standing(actor, channel).await?;
        require(standing, action)?;
        Ok(standing)
    }

    /// The channel of this handle, or a refusal.
    pub(crate) async fn channel_by_handle(
        &self,
        handle: &Handle,
    ) -> Result<Stored<Channel>, Refusal> {
        self.ports
            .channels
            .by_handle(handle)
            .await?
            .ok_or(Refusal::NoSuchChannel)
    }

    /// The channel, or a refusal.
    pub(crate) async fn channel(&self, id: ChannelId) -> Result<Stored<Channel>, Refusal> {
        self.ports
            .channels
            .get(id)
            .await?
            .ok_or(Refusal::NoSuchChannel)
    }

    /// The stream and its channel, or a refusal.
    pub(crate) async fn stream(
        &self,
        id: StreamId,
    ) -> Result<(Stored<Stream>, Stored<Channel>), Refusal> {
        let stream = self
            .ports
            .streams
            .get(id)
            .await?
            .ok_or(Refusal::NoSuchStream)?;
        let channel = self.channel(stream.value.channel).await?;
        Ok((stream, channel))
    }
}
