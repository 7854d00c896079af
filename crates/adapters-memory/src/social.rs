//! Reading who follows whom, and who has blocked whom.

use std::cmp::Reverse;
use std::ops::Bound;

use async_trait::async_trait;
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::{ChannelId, UserId};
use greenroom_domain::shared::once::{Replies, Reply, RequestKey};
use greenroom_domain::shared::page::{Page, PageRequest, UnknownCursor};
use greenroom_domain::shared::store::{StoreError, Stored};
use greenroom_domain::social::{Block, Blocks, Follow, Follows};
use uuid::Uuid;

use crate::page::{Key, page};
use crate::store::InMemoryStore;

/// Newest first, of one moment by id.
type Newest = (Reverse<Timestamp>, Uuid);

#[async_trait]
impl Follows for InMemoryStore {
    async fn get(
        &self,
        follower: UserId,
        channel: ChannelId,
    ) -> Result<Option<Stored<Follow>>, StoreError> {
        Ok(self.state().follows.get(&(follower, channel)).cloned())
    }

    async fn among(
        &self,
        follower: UserId,
        channels: &[ChannelId],
    ) -> Result<Vec<Follow>, StoreError> {
        let state = self.state();
        let follows = channels
            .iter()
            .filter_map(|channel| state.follows.get(&(follower, *channel)));
        Ok(follows.map(|follow| follow.value).collect())
    }

    async fn of_user(
        &self,
        follower: UserId,
        request: &PageRequest,
    ) -> Result<Result<Page<Follow>, UnknownCursor>, StoreError> {
        let state = self.state();
        let follows = state.follows.values().map(|follow| follow.value);
        let theirs = follows.filter(|follow| follow.follower == follower);
        let items = theirs.map(|it| ((Reverse(it.at), it.channel.uuid()), it));
        Ok(page("following", request, items))
    }

    async fn following(&self, follower: UserId) -> Result<u64, StoreError> {
        let state = self.state();
        let theirs = state.follows.keys().filter(|(who, _)| *who == follower);
        Ok(theirs.count() as u64)
    }

    async fn of_channel(
        &self,
        channel: ChannelId,
        request: &PageRequest,
    ) -> Result<Result<Page<Follow>, UnknownCursor>, StoreError> {
        let state = self.state();
        let follows = state.follows.values().map(|follow| follow.value);
        let theirs = follows.filter(|follow| follow.channel == channel);
        let items = theirs.map(|it| ((Reverse(it.at), it.follower.uuid()), it));
        Ok(page("followers", request, items))
    }

    async fn followers(&self, channels: &[ChannelId]) -> Result<Vec<u64>, StoreError> {
        let state = self.state();
        let count = |channel| state.followers.get(channel).copied().unwrap_or(0);
        Ok(channels.iter().map(count).collect())
    }
}

#[async_trait]
impl Blocks for InMemoryStore {
    async fn get(&self, blocker: UserId, subject: UserId) -> Result<Option<Block>, StoreError> {
        Ok(self.state().blocks.get(&(blocker, subject)).copied())
    }

    async fn among(&self, blockers: &[UserId], subject: UserId) -> Result<Vec<Block>, StoreError> {
        let state = self.state();
        let found = |blocker: &UserId| state.blocks.get(&(*blocker, subject)).copied();
        Ok(blockers.iter().filter_map(found).collect())
    }

    async fn of_user(
        &self,
        blocker: UserId,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Vec<Block>, StoreError> {
        let state = self.state();
        let from = match after {
            Some(after) => Bound::Excluded((blocker, after)),
            None => Bound::Unbounded,
        };
        let rest = state.blocks.range((from, Bound::Unbounded));
        let theirs = rest.map(|(_, it)| *it).filter(|it| it.blocker == blocker);
        Ok(theirs.take(limit).collect())
    }
}

#[async_trait]
impl Replies for InMemoryStore {
    async fn get(&self, by: Identity, key: &RequestKey) -> Result<Option<Reply>, StoreError> {
        Ok(self.state().replies.get(&(by, key.clone())).cloned())
    }
}

impl Key for Newest {
    fn to_text(&self) -> String {
        format!("{}.{}", self.0.0.micros(), self.1)
    }

    fn parse(text: &str) -> Option<Self> {
        let (at, id) = text.split_once('.')?;
        let at = Timestamp::from_micros(at.parse().ok()?);
        Some((Reverse(at), id.parse().ok()?))
    }
}
