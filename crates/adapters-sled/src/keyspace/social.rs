//! Keys of who follows whom, and who has blocked whom.

use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::{ChannelId, UserId};
use uuid::Uuid;

use super::{Key, Space, id, key, time, to_id, with};

pub(crate) fn follows(follower: UserId) -> Key {
    key(Space::Follow, &[&id(follower.uuid())])
}

pub(crate) fn follow(follower: UserId, channel: ChannelId) -> Key {
    to_id(follows(follower), channel.uuid())
}

pub(crate) fn follows_of_user(follower: UserId) -> Key {
    key(Space::FollowByUser, &[&id(follower.uuid())])
}

pub(crate) fn follows_of_channel(channel: ChannelId) -> Key {
    key(Space::FollowByChannel, &[&id(channel.uuid())])
}

pub(crate) fn followers(channel: ChannelId) -> Key {
    key(Space::Followers, &[&id(channel.uuid())])
}

pub(crate) fn blocks(blocker: UserId) -> Key {
    key(Space::Block, &[&id(blocker.uuid())])
}

pub(crate) fn block(blocker: UserId, subject: UserId) -> Key {
    to_id(blocks(blocker), subject.uuid())
}

/// An index key in the order of a time, the newest first.
pub(crate) fn to_id_newest_first(prefix: Key, at: Timestamp, target: Uuid) -> Key {
    with(prefix, &[&time(at).map(|byte| !byte), &id(target)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_first_and_of_one_moment_by_id() {
        let key = |at, id| {
            let at = Timestamp::from_micros(at);
            to_id_newest_first(Key::new(), at, Uuid::from_u128(id))
        };
        let keys = [
            key(i64::MAX, 9),
            key(1, 1),
            key(1, 2),
            key(0, 0),
            key(-1, 0),
        ];
        assert!(keys.is_sorted(), "{keys:?}");
    }
}
