//! Between people, and what a request has made.

use greenroom_domain::account::DisplayName;
use greenroom_domain::chat::{Appointment, ChannelRole};
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::commit::{Changes, CounterChange, StateChange};
use greenroom_domain::shared::once::{Once, Reply, RequestKey};
use greenroom_domain::shared::store::Version;
use greenroom_domain::social::{Block, Follow, Notify};

use super::{NOON, channel_id, mac, named, new, user_id};

/// Somebody follows a channel since [`NOON`], and wants to be told when it goes live.
pub fn follow(follower: &str, handle: &str) -> Follow {
    Follow {
        follower: user_id(follower),
        channel: channel_id(handle),
        notify: Notify::Live,
        at: NOON,
    }
}

/// Somebody begins to follow a channel, and is counted.
pub fn follows(follow: Follow) -> Changes {
    Changes::new()
        .state(StateChange::Follow(new(follow)))
        .counter(CounterChange::FollowerCame(follow.channel))
}

/// Somebody who was seen at this version to follow a channel does so no more.
pub fn unfollows(follow: Follow, seen: Version) -> Changes {
    let Follow {
        follower, channel, ..
    } = follow;
    Changes::new()
        .state(StateChange::Unfollowed(follower, channel, seen))
        .counter(CounterChange::FollowerWent(channel))
}

/// Somebody has blocked somebody.
pub fn block(blocker: &str, subject: &str) -> Block {
    Block {
        blocker: user_id(blocker),
        blocked: user_id(subject),
        at: NOON,
    }
}

/// Somebody is something in a channel.
pub fn appointment(handle: &str, name: &str, role: ChannelRole) -> Appointment {
    Appointment {
        channel: channel_id(handle),
        user: user_id(name),
        role,
        name: DisplayName::parse(name).expect("a display name that fits"),
        at: NOON,
    }
}

/// What a request has made that was called this, and asked for what it is called.
pub fn reply(by: Identity, key: &str) -> Reply {
    let once = Once {
        key: RequestKey::parse(key).expect("a request's key that fits"),
        request: mac(key).0,
    };
    once.reply(by, named("made", key), NOON)
}
