//! Lists who follows whom, and who has blocked whom.

use std::collections::HashMap;

use greenroom_domain::account::User;
use greenroom_domain::channel::{Channel, Handle};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::id::{ChannelId, UserId};
use greenroom_domain::shared::page::{Page, PageRequest};
use greenroom_domain::social::{Block, Follow};

use crate::commit::signed_in;
use crate::{App, Refusal};

/// A follower of a channel.
#[derive(Debug, Clone)]
pub struct Follower {
    /// Who.
    pub user: User,
    /// Since when.
    pub follow: Follow,
}

/// A channel that somebody follows.
#[derive(Debug, Clone)]
pub struct Followed {
    /// The channel.
    pub channel: Channel,
    /// Whose it is.
    pub owner: User,
    /// Since when.
    pub follow: Follow,
}

/// Somebody who is blocked.
#[derive(Debug, Clone)]
pub struct Blocked {
    /// Who.
    pub user: User,
    /// Since when.
    pub block: Block,
}

/// Who follows a channel, the newest first: for everybody.
pub async fn followers(
    app: &App,
    handle: &Handle,
    page: &PageRequest,
) -> Result<Page<Follower>, Refusal> {
    let channel = app.channel_by_handle(handle).await?.value.id;
    let page = app.ports.follows.of_channel(channel, page).await??;
    let ids: Vec<UserId> = page.items.iter().map(|it| it.follower).collect();
    let mut users = users(app, &ids).await?;
    Ok(found(page, |follow| {
        let user = users.remove(&follow.follower)?;
        Some(Follower { user, follow })
    }))
}

/// What one follows oneself, the newest first.
pub async fn following(
    app: &App,
    actor: &Actor,
    page: &PageRequest,
) -> Result<Page<Followed>, Refusal> {
    let follower = signed_in(actor)?;
    let page = app.ports.follows.of_user(follower, page).await??;
    let ids: Vec<ChannelId> = page.items.iter().map(|it| it.channel).collect();
    let channels = app.ports.channels.get_many(&ids).await?;
    let owners: Vec<UserId> = channels.iter().map(|it| it.owner).collect();
    let users = users(app, &owners).await?;
    let mut channels: HashMap<ChannelId, Channel> =
        channels.into_iter().map(|it| (it.id, it)).collect();
    Ok(found(page, |follow| {
        let channel = channels.remove(&follow.channel)?;
        let owner = users.get(&channel.owner)?.clone();
        Some(Followed {
            channel,
            owner,
            follow,
        })
    }))
}

/// Whom one has blocked oneself, in the order of their ids, behind `after`.
pub async fn blocked(
    app: &App,
    actor: &Actor,
    after: Option<UserId>,
    limit: usize,
) -> Result<Vec<Blocked>, Refusal> {
    let blocker = signed_in(actor)?;
    let blocks = app.ports.blocks.of_user(blocker, after, limit).await?;
    let ids: Vec<UserId> = blocks.iter().map(|it| it.blocked).collect();
    let mut users = users(app, &ids).await?;
    let with_user = |block: Block| {
        let user = users.remove(&block.blocked)?;
        Some(Blocked { user, block })
    };
    Ok(blocks.into_iter().filter_map(with_user).collect())
}

async fn users(app: &App, ids: &[UserId]) -> Result<HashMap<UserId, User>, Refusal> {
    let users = app.ports.users.get_many(ids).await?;
    Ok(users.into_iter().map(|user| (user.id, user)).collect())
}

fn found<T>(page: Page<Follow>, with: impl FnMut(Follow) -> Option<T>) -> Page<T> {
    Page {
        items: page.items.into_iter().filter_map(with).collect(),
        next: page.next,
    }
}
