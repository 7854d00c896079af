//! Reads that a request's fields share: as many keys as are asked for at once, with one query.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::{DataLoader, HashMapCache, Loader};
use greenroom_app::channel::relation::{self, Relation};
use greenroom_app::stream::listing::{self, LiveFilter};
use greenroom_app::stream::view::StreamView;
use greenroom_app::{App, Refusal};
use greenroom_domain::account::User;
use greenroom_domain::channel::Channel;
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::id::{ChannelId, UserId};
use greenroom_domain::shared::page::{PageLimit, PageRequest};
use greenroom_domain::social::Follow;

use crate::problem::Problem;

/// One for each request: what it has read once it does not read again.
pub(super) type Loaders = DataLoader<Reads, HashMapCache>;

pub(super) fn loaders(app: &Arc<App>, actor: Actor) -> Loaders {
    let app = Arc::clone(app);
    DataLoader::with_cache(Reads { app, actor }, tokio::spawn, HashMapCache::default())
}

/// What may change while a subscription lasts: read together as well, and each time anew.
pub(super) type Fresh = DataLoader<Reads>;

pub(super) fn fresh(app: &Arc<App>, actor: Actor) -> Fresh {
    let app = Arc::clone(app);
    DataLoader::new(Reads { app, actor }, tokio::spawn)
}

/// Reads many by their ids.
pub(super) struct Reads {
    app: Arc<App>,
    /// Who asks.
    actor: Actor,
}

impl Loader<UserId> for Reads {
    type Value = User;
    type Error = Problem;

    async fn load(&self, ids: &[UserId]) -> Result<HashMap<UserId, User>, Problem> {
        let users = self.app.ports.users.get_many(ids).await;
        let users = users.map_err(Refusal::from)?;
        Ok(users.into_iter().map(|user| (user.id, user)).collect())
    }
}

impl Loader<ChannelId> for Reads {
    type Value = Channel;
    type Error = Problem;

    async fn load(&self, ids: &[ChannelId]) -> Result<HashMap<ChannelId, Channel>, Problem> {
        let channels = self.app.ports.channels.get_many(ids).await;
        let channels = channels.map_err(Refusal::from)?;
        let channels = channels.into_iter().map(|channel| (channel.id, channel));
        Ok(channels.collect())
    }
}

/// What is on air in a channel.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct OnAir(pub(super) ChannelId);

impl Loader<OnAir> for Reads {
    type Value = StreamView;
    type Error = Problem;

    /// From the listing's snapshot: at most two seconds old, and read once for everybody.
    async fn load(&self, wanted: &[OnAir]) -> Result<HashMap<OnAir, StreamView>, Problem> {
        let mut found = HashMap::new();
        let mut page = PageRequest::first(PageLimit::MAX);
        loop {
            let live =
                listing::execute(&self.app, &Actor::System, &LiveFilter::default(), &page).await?;
            let live_here = live.items.into_iter().filter_map(|view| {
                let key = OnAir(view.channel.id);
                wanted.contains(&key).then_some((key, view))
            });
            found.extend(live_here);
            if live.next.is_none() || found.len() == wanted.len() {
                return Ok(found);
            }
            page.after = live.next;
        }
    }
}

/// How many follow a channel.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Followers(pub(super) ChannelId);

impl Loader<Followers> for Reads {
    type Value = u64;
    type Error = Problem;

    async fn load(&self, wanted: &[Followers]) -> Result<HashMap<Followers, u64>, Problem> {
        let channels: Vec<ChannelId> = wanted.iter().map(|it| it.0).collect();
        let counts = self.app.ports.follows.followers(&channels).await;
        let counts = counts.map_err(Refusal::from)?;
        Ok(wanted.iter().copied().zip(counts).collect())
    }
}

/// How whoever asks follows a channel.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct OwnFollow(pub(super) ChannelId);

impl Loader<OwnFollow> for Reads {
    type Value = Follow;
    type Error = Problem;

    async fn load(&self, wanted: &[OwnFollow]) -> Result<HashMap<OwnFollow, Follow>, Problem> {
        let Some(user) = self.actor.user() else {
            return Ok(HashMap::new());
        };
        let channels: Vec<ChannelId> = wanted.iter().map(|it| it.0).collect();
        let follows = self.app.ports.follows.among(user, &channels).await;
        let follows = follows.map_err(Refusal::from)?.into_iter();
        Ok(follows.map(|it| (OwnFollow(it.channel), it)).collect())
    }
}

/// What whoever asks is to a channel.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct OwnRelation {
    pub(super) channel: ChannelId,
    pub(super) owner: UserId,
}

impl Loader<OwnRelation> for Reads {
    type Value = Relation;
    type Error = Problem;

    async fn load(
        &self,
        wanted: &[OwnRelation],
    ) -> Result<HashMap<OwnRelation, Relation>, Problem> {
        let channels: Vec<_> = wanted.iter().map(|it| (it.channel, it.owner)).collect();
        let relations = relation::of_many(&self.app, &self.actor, &channels).await?;
        Ok(wanted.iter().copied().zip(relations).collect())
    }
}
