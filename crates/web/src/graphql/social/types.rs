use async_graphql::{Enum, SimpleObject};
use greenroom_app::channel::relation::Relation;
use greenroom_app::social::{follow, list};
use greenroom_domain::access::Standing;
use greenroom_domain::social::{self as domain, Follow};

use crate::graphql::account::User;
use crate::graphql::channel::Channel;
use crate::graphql::chat::{RestrictionType, restriction};
use crate::graphql::scalar::Time;

/// What a follower wants to be told of the channel.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::Notify")]
pub enum Notify {
    /// That it goes live.
    Live,
    /// Nothing.
    Nothing,
}

/// How somebody stands to a channel as a follower.
#[derive(SimpleObject)]
pub struct Following {
    /// Whether they follow it.
    #[graphql(name = "following")]
    is_so: bool,
    /// Since when, without a break.
    since: Option<Time>,
    /// What they want to be told.
    notify: Option<Notify>,
    /// How many follow it in all.
    followers: u64,
}

impl From<follow::Following> for Following {
    fn from(following: follow::Following) -> Self {
        let follow = following.follow;
        Self {
            is_so: follow.is_some(),
            since: follow.map(|it| it.at.into()),
            notify: follow.map(|it| it.notify.into()),
            followers: following.followers,
        }
    }
}

/// A follower of a channel.
#[derive(SimpleObject)]
pub struct Follower {
    /// Who.
    user: User,
    /// Since when.
    since: Time,
}

impl From<list::Follower> for Follower {
    fn from(follower: list::Follower) -> Self {
        Self {
            user: User(follower.user),
            since: follower.follow.at.into(),
        }
    }
}

/// A channel that one follows.
#[derive(SimpleObject)]
pub struct Followed {
    /// The channel.
    channel: Channel,
    /// Since when.
    since: Time,
    /// What one wants to be told of it.
    notify: Notify,
}

impl From<list::Followed> for Followed {
    fn from(followed: list::Followed) -> Self {
        Self {
            channel: followed.channel.into(),
            since: followed.follow.at.into(),
            notify: followed.follow.notify.into(),
        }
    }
}

/// Somebody whom one has blocked.
#[derive(SimpleObject)]
pub struct Blocked {
    /// Who.
    user: User,
    /// Since when.
    since: Time,
}

impl From<list::Blocked> for Blocked {
    fn from(blocked: list::Blocked) -> Self {
        Self {
            user: User(blocked.user),
            since: blocked.block.at.into(),
        }
    }
}

/// What whoever asks is to a channel.
#[derive(SimpleObject)]
pub struct ChannelViewer {
    /// What they are. Whom the owner has blocked is told what a banned one is.
    role: ViewerRole,
    /// How they follow it; `null` when they do not.
    follow: Option<ViewerFollow>,
    /// What keeps them from chatting.
    restriction: Option<ViewerRestriction>,
}

impl ChannelViewer {
    pub(in crate::graphql) fn of(relation: Relation, follow: Option<Follow>) -> Self {
        Self {
            role: relation.standing.into(),
            follow: follow.map(|follow| ViewerFollow {
                since: follow.at.into(),
                notify: follow.notify.into(),
            }),
            restriction: relation.restriction.map(|kind| {
                let (kind, until) = restriction(kind);
                ViewerRestriction { kind, until }
            }),
        }
    }
}

/// What somebody is to a channel.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "Standing")]
pub enum ViewerRole {
    /// They administer the platform.
    Admin,
    /// It is theirs.
    Owner,
    /// They keep order in its chat.
    Moderator,
    /// Its owner thinks much of them.
    Vip,
    /// They have an account, and nothing more to do with it.
    Viewer,
    /// They have no account.
    Guest,
    /// They may neither watch nor chat.
    Banned,
}

/// How somebody follows a channel.
#[derive(SimpleObject)]
pub struct ViewerFollow {
    /// Since when, without a break.
    since: Time,
    /// What they want to be told.
    notify: Notify,
}

/// What keeps somebody from chatting.
#[derive(SimpleObject)]
pub struct ViewerRestriction {
    /// Whether they may watch.
    kind: RestrictionType,
    /// Until when a timeout lasts.
    until: Option<Time>,
}
