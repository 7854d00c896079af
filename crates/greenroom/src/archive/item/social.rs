//! Who follows whom, and who has blocked whom.

use greenroom_domain::shared::archive::BoxError;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::{ChannelId, UserId};
use greenroom_domain::shared::store::Stored;
use greenroom_domain::social::{Block, Follow, Notify};
use serde::{Deserialize, Serialize};

use super::stored;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::archive) struct FollowEntry {
    version: u64,
    follower: UserId,
    channel: ChannelId,
    notify: Notify,
    at: Timestamp,
}

impl From<Stored<Follow>> for FollowEntry {
    fn from(follow: Stored<Follow>) -> Self {
        let Follow {
            follower,
            channel,
            notify,
            at,
        } = follow.value;
        Self {
            version: follow.version.0,
            follower,
            channel,
            notify,
            at,
        }
    }
}

impl FollowEntry {
    pub(super) fn parse(self) -> Result<Stored<Follow>, BoxError> {
        let follow = Follow {
            follower: self.follower,
            channel: self.channel,
            notify: self.notify,
            at: self.at,
        };
        stored(follow, self.version)
    }
}

/// How many follow a channel.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::archive) struct FollowersEntry {
    pub(super) channel: ChannelId,
    pub(super) count: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::archive) struct BlockEntry {
    blocker: UserId,
    blocked: UserId,
    at: Timestamp,
}

impl From<Block> for BlockEntry {
    fn from(block: Block) -> Self {
        Self {
            blocker: block.blocker,
            blocked: block.blocked,
            at: block.at,
        }
    }
}

impl From<BlockEntry> for Block {
    fn from(entry: BlockEntry) -> Self {
        Self {
            blocker: entry.blocker,
            blocked: entry.blocked,
            at: entry.at,
        }
    }
}
