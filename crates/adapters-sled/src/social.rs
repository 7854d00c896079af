//! Who follows whom, and who has blocked whom.

use async_trait::async_trait;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::{ChannelId, UserId};
use greenroom_domain::shared::page::{Page, PageRequest, UnknownCursor};
use greenroom_domain::shared::store::{StoreError, Stored};
use greenroom_domain::social::{Block, Blocks, Follow, Follows, Notify};
use serde::{Deserialize, Serialize};
use sled::{IVec, Tree};
use uuid::Uuid;

use crate::codec::{self, BoxError, Kept, Unreadable, corrupt};
use crate::database::refused;
use crate::keyspace::{self, Key};
use crate::read::{Listing, Order};
use crate::{SledStore, read};

pub(crate) const FOLLOWERS: &str = "channel's followers";

#[async_trait]
impl Follows for SledStore {
    async fn get(
        &self,
        follower: UserId,
        channel: ChannelId,
    ) -> Result<Option<Stored<Follow>>, StoreError> {
        self.read(|tree| read::stored(tree, &keyspace::follow(follower, channel)))
    }

    async fn among(
        &self,
        follower: UserId,
        channels: &[ChannelId],
    ) -> Result<Vec<Follow>, StoreError> {
        let key = |channel: &ChannelId| keyspace::follow(follower, *channel);
        let keys = channels.iter().map(key).collect();
        self.scan(|tree| read::many(tree, keys)).await
    }

    async fn of_user(
        &self,
        follower: UserId,
        page: &PageRequest,
    ) -> Result<Result<Page<Follow>, UnknownCursor>, StoreError> {
        let listing = Listing {
            name: format!("following-{}", follower.uuid().simple()),
            prefix: keyspace::follows_of_user(follower),
            order: Order::Ascending,
        };
        let page = page.clone();
        self.scan(move |tree| {
            listing.page_of(tree, &page, |index, _| {
                let channel = ChannelId::from_uuid(last_id(index)?);
                listed(tree, index, follower, channel)
            })
        })
        .await
    }

    async fn following(&self, follower: UserId) -> Result<u64, StoreError> {
        self.scan(move |tree| {
            let keys = read::keys_under(tree, &keyspace::follows(follower))?;
            Ok(keys.len() as u64)
        })
        .await
    }

    async fn of_channel(
        &self,
        channel: ChannelId,
        page: &PageRequest,
    ) -> Result<Result<Page<Follow>, UnknownCursor>, StoreError> {
        let listing = Listing {
            name: format!("followers-{}", channel.uuid().simple()),
            prefix: keyspace::follows_of_channel(channel),
            order: Order::Ascending,
        };
        let page = page.clone();
        self.scan(move |tree| {
            listing.page_of(tree, &page, |index, _| {
                let follower = UserId::from_uuid(last_id(index)?);
                listed(tree, index, follower, channel)
            })
        })
        .await
    }

    async fn followers(&self, channels: &[ChannelId]) -> Result<Vec<u64>, StoreError> {
        let keys: Vec<Key> = channels.iter().copied().map(keyspace::followers).collect();
        self.scan(move |tree| {
            let count = |key| match tree.get(key).map_err(refused)? {
                Some(bytes) => decode_followers(&bytes),
                None => Ok(0),
            };
            keys.iter().map(count).collect()
        })
        .await
    }
}

#[async_trait]
impl Blocks for SledStore {
    async fn get(&self, blocker: UserId, subject: UserId) -> Result<Option<Block>, StoreError> {
        self.read(|tree| read::plain(tree, &keyspace::block(blocker, subject)))
    }

    async fn among(&self, blockers: &[UserId], subject: UserId) -> Result<Vec<Block>, StoreError> {
        let key = |blocker: &UserId| keyspace::block(*blocker, subject);
        let keys = blockers.iter().map(key).collect();
        self.scan(|tree| read::many_plain(tree, keys)).await
    }

    async fn of_user(
        &self,
        blocker: UserId,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Vec<Block>, StoreError> {
        let after = after.map(|subject| keyspace::block(blocker, subject));
        self.scan(move |tree| read::plain_behind(tree, keyspace::blocks(blocker), after, limit))
            .await
    }
}

/// The follow that an index key leads to, unless it is another by now: who has followed anew
/// stands elsewhere.
fn listed(
    tree: &Tree,
    index: &[u8],
    follower: UserId,
    channel: ChannelId,
) -> Result<Option<Follow>, StoreError> {
    let found = read::stored(tree, &keyspace::follow(follower, channel))?;
    let still = |follow: &Follow| follow.indexes().iter().any(|key| key == index);
    Ok(found.map(|found| found.value).filter(still))
}

fn last_id(index: &[u8]) -> Result<Uuid, StoreError> {
    keyspace::last_id(index).ok_or_else(|| corrupt("index", Unreadable::Key))
}

pub(crate) fn encode_followers(followers: u64) -> IVec {
    IVec::from(&followers.to_be_bytes())
}

pub(crate) fn decode_followers(bytes: &[u8]) -> Result<u64, StoreError> {
    codec::decode_u64(FOLLOWERS, bytes)
}

#[derive(Serialize, Deserialize)]
pub(crate) struct FollowRecord {
    follower: Uuid,
    channel: Uuid,
    notify: Notify,
    at: i64,
}

impl Kept for Follow {
    const WHAT: &'static str = "follow";
    type Record = FollowRecord;

    fn key(&self) -> Key {
        keyspace::follow(self.follower, self.channel)
    }

    fn indexes(&self) -> Vec<Key> {
        let by_user = keyspace::follows_of_user(self.follower);
        let by_channel = keyspace::follows_of_channel(self.channel);
        let newest_first = keyspace::to_id_newest_first;
        vec![
            newest_first(by_user, self.at, self.channel.uuid()),
            newest_first(by_channel, self.at, self.follower.uuid()),
        ]
    }

    fn record(&self) -> FollowRecord {
        FollowRecord {
            follower: self.follower.uuid(),
            channel: self.channel.uuid(),
            notify: self.notify,
            at: self.at.micros(),
        }
    }

    fn parse(record: FollowRecord) -> Result<Self, BoxError> {
        Ok(Self {
            follower: UserId::from_uuid(record.follower),
            channel: ChannelId::from_uuid(record.channel),
            notify: record.notify,
            at: Timestamp::from_micros(record.at),
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct BlockRecord {
    blocker: Uuid,
    blocked: Uuid,
    at: i64,
}

impl Kept for Block {
    const WHAT: &'static str = "block";
    type Record = BlockRecord;

    fn key(&self) -> Key {
        keyspace::block(self.blocker, self.blocked)
    }

    fn record(&self) -> BlockRecord {
        BlockRecord {
            blocker: self.blocker.uuid(),
            blocked: self.blocked.uuid(),
            at: self.at.micros(),
        }
    }

    fn parse(record: BlockRecord) -> Result<Self, BoxError> {
        Ok(Self {
            blocker: UserId::from_uuid(record.blocker),
            blocked: UserId::from_uuid(record.blocked),
            at: Timestamp::from_micros(record.at),
        })
    }
}
