//! Who follows whom, and who has blocked whom.

use std::collections::HashMap;

use async_trait::async_trait;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::{ChannelId, UserId};
use greenroom_domain::shared::page::{Page, PageRequest, UnknownCursor};
use greenroom_domain::shared::store::{StoreError, Stored, Version};
use greenroom_domain::social::{Block, Blocks, Follow, Follows, Notify};
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::PgStore;
use crate::error::{Impossible, corrupt};
use crate::number::{bigint, count, limit};
use crate::read::{self, Place, Row};

/// The follows' rows that fit.
macro_rules! follows {
    ($where:tt $(, $argument:expr)*) => {
        sqlx::query_as!(
            FollowRow,
            "SELECT follower, channel, version, notify, at FROM follows " + $where
            $(, $argument)*
        )
    };
}

/// The blocks' rows that fit.
macro_rules! blocks {
    ($where:tt $(, $argument:expr)*) => {
        sqlx::query_as!(
            BlockRow,
            "SELECT blocker, blocked, at FROM blocks " + $where
            $(, $argument)*
        )
    };
}

#[async_trait]
impl Follows for PgStore {
    async fn get(
        &self,
        follower: UserId,
        channel: ChannelId,
    ) -> Result<Option<Stored<Follow>>, StoreError> {
        read::one(
            self.read(|| {
                follows!(
                    "WHERE follower = $1 AND channel = $2",
                    follower.uuid(),
                    channel.uuid()
                )
                .fetch_optional(&self.pool)
            })
            .await?,
        )
    }

    async fn among(
        &self,
        follower: UserId,
        channels: &[ChannelId],
    ) -> Result<Vec<Follow>, StoreError> {
        let wanted: Vec<Uuid> = channels.iter().copied().map(ChannelId::uuid).collect();
        let rows = self
            .read(|| {
                follows!(
                    "WHERE follower = $1 AND channel = ANY($2)",
                    follower.uuid(),
                    &wanted
                )
                .fetch_all(&self.pool)
            })
            .await?;
        Ok(read::in_order(channels, read::all(rows)?, |it| it.channel))
    }

    async fn of_user(
        &self,
        follower: UserId,
        page: &PageRequest,
    ) -> Result<Result<Page<Follow>, UnknownCursor>, StoreError> {
        let name = format!("following-{}", follower.uuid().simple());
        let find = |(back, id): Place, most: i64| {
            follows!(
                "WHERE follower = $1 AND (~at, channel) > ($2, $3) \
                 ORDER BY ~at, channel LIMIT $4",
                follower.uuid(),
                back,
                id,
                most
            )
            .fetch_all(&self.pool)
        };
        let place = |it: &Follow| (!it.at.micros(), it.channel.uuid());
        self.listed(&name, page, FIRST, find, place).await
    }

    async fn following(&self, follower: UserId) -> Result<u64, StoreError> {
        let follows = self
            .read(|| {
                sqlx::query_scalar!(
                    r#"SELECT count(*) AS "count!" FROM follows WHERE follower = $1"#,
                    follower.uuid()
                )
                .fetch_one(&self.pool)
            })
            .await?;
        Ok(count(follows))
    }

    async fn of_channel(
        &self,
        channel: ChannelId,
        page: &PageRequest,
    ) -> Result<Result<Page<Follow>, UnknownCursor>, StoreError> {
        let name = format!("followers-{}", channel.uuid().simple());
        let find = |(back, id): Place, most: i64| {
            follows!(
                "WHERE channel = $1 AND (~at, follower) > ($2, $3) \
                 ORDER BY ~at, follower LIMIT $4",
                channel.uuid(),
                back,
                id,
                most
            )
            .fetch_all(&self.pool)
        };
        let place = |it: &Follow| (!it.at.micros(), it.follower.uuid());
        self.listed(&name, page, FIRST, find, place).await
    }

    async fn followers(&self, channels: &[ChannelId]) -> Result<Vec<u64>, StoreError> {
        let wanted: Vec<Uuid> = channels.iter().copied().map(ChannelId::uuid).collect();
        let rows = self
            .read(|| {
                sqlx::query_as!(
                    FollowersRow,
                    "SELECT channel, followers FROM follower_counts WHERE channel = ANY($1)",
                    &wanted
                )
                .fetch_all(&self.pool)
            })
            .await?;
        let counted: HashMap<_, _> = rows.into_iter().map(FollowersRow::parse).collect();
        let of = |id| counted.get(id).copied().unwrap_or_default();
        Ok(channels.iter().map(of).collect())
    }
}

#[async_trait]
impl Blocks for PgStore {
    async fn get(&self, blocker: UserId, subject: UserId) -> Result<Option<Block>, StoreError> {
        let row = self
            .read(|| {
                blocks!(
                    "WHERE blocker = $1 AND blocked = $2",
                    blocker.uuid(),
                    subject.uuid()
                )
                .fetch_optional(&self.pool)
            })
            .await?;
        Ok(row.map(BlockRow::parse))
    }

    async fn among(&self, blockers: &[UserId], subject: UserId) -> Result<Vec<Block>, StoreError> {
        let wanted: Vec<Uuid> = blockers.iter().copied().map(UserId::uuid).collect();
        let rows = self
            .read(|| {
                blocks!(
                    "WHERE blocker = ANY($1) AND blocked = $2",
                    &wanted,
                    subject.uuid()
                )
                .fetch_all(&self.pool)
            })
            .await?;
        let found = rows.into_iter().map(BlockRow::parse).collect();
        Ok(read::in_order(blockers, found, |it| it.blocker))
    }

    async fn of_user(
        &self,
        blocker: UserId,
        after: Option<UserId>,
        most: usize,
    ) -> Result<Vec<Block>, StoreError> {
        // Nobody's id is nil.
        let after = after.map_or(Uuid::nil(), UserId::uuid);
        let rows = self
            .read(|| {
                blocks!(
                    "WHERE blocker = $1 AND blocked > $2 ORDER BY blocked LIMIT $3",
                    blocker.uuid(),
                    after,
                    limit(most)
                )
                .fetch_all(&self.pool)
            })
            .await?;
        Ok(rows.into_iter().map(BlockRow::parse).collect())
    }
}

/// Before every follow: listings count time backwards, and nobody's id is nil.
const FIRST: Place = (i64::MIN, Uuid::nil());

/// Some follows in the order of followers and channels, behind one.
pub(crate) async fn follows_behind(
    connection: &mut PgConnection,
    (follower, channel): (Uuid, Uuid),
    most: i64,
) -> sqlx::Result<Vec<FollowRow>> {
    follows!(
        "WHERE (follower, channel) > ($1, $2) ORDER BY follower, channel LIMIT $3",
        follower,
        channel,
        most
    )
    .fetch_all(connection)
    .await
}

/// Some counts of followers in the order of the channels' ids, behind one.
pub(crate) async fn followers_behind(
    connection: &mut PgConnection,
    after: Uuid,
    most: i64,
) -> sqlx::Result<Vec<FollowersRow>> {
    sqlx::query_as!(
        FollowersRow,
        "SELECT channel, followers FROM follower_counts \
         WHERE channel > $1 ORDER BY channel LIMIT $2",
        after,
        most
    )
    .fetch_all(connection)
    .await
}

/// Some blocks in the order of who blocks whom, behind one.
pub(crate) async fn blocks_behind(
    connection: &mut PgConnection,
    (blocker, subject): (Uuid, Uuid),
    most: i64,
) -> sqlx::Result<Vec<BlockRow>> {
    blocks!(
        "WHERE (blocker, blocked) > ($1, $2) ORDER BY blocker, blocked LIMIT $3",
        blocker,
        subject,
        most
    )
    .fetch_all(connection)
    .await
}

#[derive(Serialize)]
pub(crate) struct FollowRow {
    follower: Uuid,
    channel: Uuid,
    version: i64,
    notify: String,
    at: i64,
}

impl FollowRow {
    pub(crate) fn of(follow: &Follow, version: Version) -> Self {
        Self {
            follower: follow.follower.uuid(),
            channel: follow.channel.uuid(),
            version: bigint(version.0),
            notify: notify_name(follow.notify).to_owned(),
            at: follow.at.micros(),
        }
    }
}

impl Row for FollowRow {
    type Aggregate = Follow;

    fn version(&self) -> i64 {
        self.version
    }

    fn parse(self) -> Result<Follow, StoreError> {
        Ok(Follow {
            follower: UserId::from_uuid(self.follower),
            channel: ChannelId::from_uuid(self.channel),
            notify: match self.notify.as_str() {
                "live" => Notify::Live,
                "nothing" => Notify::Nothing,
                _ => return Err(corrupt("follow", Impossible)),
            },
            at: Timestamp::from_micros(self.at),
        })
    }
}

pub(crate) fn notify_name(notify: Notify) -> &'static str {
    match notify {
        Notify::Live => "live",
        Notify::Nothing => "nothing",
    }
}

#[derive(Serialize)]
pub(crate) struct FollowersRow {
    channel: Uuid,
    followers: i64,
}

impl FollowersRow {
    pub(crate) fn of(channel: ChannelId, followers: u64) -> Self {
        Self {
            channel: channel.uuid(),
            followers: bigint(followers),
        }
    }

    pub(crate) fn parse(self) -> (ChannelId, u64) {
        (ChannelId::from_uuid(self.channel), count(self.followers))
    }
}

#[derive(Serialize)]
pub(crate) struct BlockRow {
    blocker: Uuid,
    blocked: Uuid,
    at: i64,
}

impl BlockRow {
    pub(crate) fn of(block: &Block) -> Self {
        Self {
            blocker: block.blocker.uuid(),
            blocked: block.blocked.uuid(),
            at: block.at.micros(),
        }
    }

    pub(crate) fn parse(self) -> Block {
        Block {
            blocker: UserId::from_uuid(self.blocker),
            blocked: UserId::from_uuid(self.blocked),
            at: Timestamp::from_micros(self.at),
        }
    }
}
