//! What following and blocking need of the outside.

use async_trait::async_trait;

use crate::shared::id::{ChannelId, UserId};
use crate::shared::page::{Page, PageRequest, UnknownCursor};
use crate::shared::store::{StoreError, Stored};
use crate::social::{Block, Follow};

/// Reads who follows whom.
///
/// Promises: sees every commit that was acknowledged before the call; the listings are stable
/// while follows are written.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Follows: Send + Sync {
    /// Whether and since when somebody follows a channel.
    async fn get(
        &self,
        follower: UserId,
        channel: ChannelId,
    ) -> Result<Option<Stored<Follow>>, StoreError>;

    /// Those of the channels that somebody follows, in the order asked for.
    async fn among(
        &self,
        follower: UserId,
        channels: &[ChannelId],
    ) -> Result<Vec<Follow>, StoreError>;

    /// What somebody follows: the newest first, of one moment by channel.
    async fn of_user(
        &self,
        follower: UserId,
        page: &PageRequest,
    ) -> Result<Result<Page<Follow>, UnknownCursor>, StoreError>;

    /// How many channels somebody follows.
    async fn following(&self, follower: UserId) -> Result<u64, StoreError>;

    /// Who follows a channel: the newest first, of one moment by follower.
    async fn of_channel(
        &self,
        channel: ChannelId,
        page: &PageRequest,
    ) -> Result<Result<Page<Follow>, UnknownCursor>, StoreError>;

    /// How many follow each channel, in the order asked for: as many as there are, as the
    /// commits' [counters](crate::shared::commit::CounterChange) have it.
    async fn followers(&self, channels: &[ChannelId]) -> Result<Vec<u64>, StoreError>;
}

/// Reads who has blocked whom.
///
/// Promises: sees every commit that was acknowledged before the call.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Blocks: Send + Sync {
    /// Whether and since when somebody has blocked somebody.
    async fn get(&self, blocker: UserId, subject: UserId) -> Result<Option<Block>, StoreError>;

    /// Those of several people who have blocked somebody, in the order asked for.
    async fn among(&self, blockers: &[UserId], subject: UserId) -> Result<Vec<Block>, StoreError>;

    /// Whom somebody has blocked, in the order of their ids, behind `after`.
    async fn of_user(
        &self,
        blocker: UserId,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Vec<Block>, StoreError>;
}
