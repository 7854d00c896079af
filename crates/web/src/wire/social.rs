use greenroom_app::channel::relation::Relation;
use greenroom_app::social::follow::Following;
use greenroom_app::social::list::{Blocked, Followed, Follower};
use greenroom_domain::access::Standing;
use greenroom_domain::account::User;
use greenroom_domain::chat::{Appointment, ChannelRole};
use greenroom_domain::social::Notify;
use serde::{Deserialize, Serialize};

use super::account::UserJson;
use super::chat::{RestrictionKindJson, role_text};
use super::stream::ChannelBriefJson;

/// What a follower wants to be told of the channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "rest", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "rest", schema(as = Notify))]
pub enum NotifyJson {
    /// That it goes live.
    Live,
    /// Nothing.
    Nothing,
}

impl From<Notify> for NotifyJson {
    fn from(notify: Notify) -> Self {
        match notify {
            Notify::Live => Self::Live,
            Notify::Nothing => Self::Nothing,
        }
    }
}

impl From<NotifyJson> for Notify {
    fn from(json: NotifyJson) -> Self {
        match json {
            NotifyJson::Live => Self::Live,
            NotifyJson::Nothing => Self::Nothing,
        }
    }
}

/// How somebody stands to a channel as a follower.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "rest", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "rest", schema(as = Following))]
pub struct FollowingJson {
    /// Whether they follow it.
    pub following: bool,
    /// Since when without a break, by RFC 3339.
    pub since: Option<String>,
    /// What they want to be told.
    pub notify: Option<NotifyJson>,
    /// How many follow it in all.
    pub followers: u64,
}

impl From<Following> for FollowingJson {
    fn from(following: Following) -> Self {
        let follow = following.follow;
        Self {
            following: follow.is_some(),
            since: follow.map(|it| it.at.to_rfc3339()),
            notify: follow.map(|it| it.notify.into()),
            followers: following.followers,
        }
    }
}

/// A follower of a channel.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "rest", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "rest", schema(as = Follower))]
pub struct FollowerJson {
    /// Who.
    pub user: UserJson,
    /// Since when, by RFC 3339.
    pub since: String,
}

impl From<&Follower> for FollowerJson {
    fn from(follower: &Follower) -> Self {
        Self {
            user: UserJson::from(&follower.user),
            since: follower.follow.at.to_rfc3339(),
        }
    }
}

/// A channel that one follows.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "rest", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "rest", schema(as = Followed))]
pub struct FollowedJson {
    /// The channel.
    pub channel: ChannelBriefJson,
    /// Since when, by RFC 3339.
    pub since: String,
    /// What one wants to be told of it.
    pub notify: NotifyJson,
}

impl From<&Followed> for FollowedJson {
    fn from(followed: &Followed) -> Self {
        Self {
            channel: ChannelBriefJson::of(&followed.channel, &followed.owner),
            since: followed.follow.at.to_rfc3339(),
            notify: followed.follow.notify.into(),
        }
    }
}

/// Somebody whom one has blocked.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "rest", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "rest", schema(as = Blocked))]
pub struct BlockedJson {
    /// Who.
    pub user: UserJson,
    /// Since when, by RFC 3339.
    pub since: String,
}

impl From<&Blocked> for BlockedJson {
    fn from(blocked: &Blocked) -> Self {
        Self {
            user: UserJson::from(&blocked.user),
            since: blocked.block.at.to_rfc3339(),
        }
    }
}

/// Somebody whom an owner has made something of in their channel.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "rest", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "rest", schema(as = Appointment))]
pub struct AppointmentJson {
    /// Who.
    pub user: UserJson,
    /// What they are.
    pub role: ChannelRoleJson,
    /// Since when, by RFC 3339.
    pub since: String,
}

impl AppointmentJson {
    /// With who it is.
    pub fn of(appointment: &Appointment, user: &User) -> Self {
        Self {
            user: UserJson::from(user),
            role: appointment.role.into(),
            since: appointment.at.to_rfc3339(),
        }
    }
}

/// What an owner makes of people in their channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "rest", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "rest", schema(as = ChannelRole))]
pub enum ChannelRoleJson {
    /// Keeps order in the chat.
    Moderator,
    /// Is somebody whom the rules of the chat do not slow down.
    Vip,
}

impl From<ChannelRole> for ChannelRoleJson {
    fn from(role: ChannelRole) -> Self {
        match role {
            ChannelRole::Moderator => Self::Moderator,
            ChannelRole::Vip => Self::Vip,
        }
    }
}

/// What somebody is to a channel.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "rest", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "rest", schema(as = ChannelViewer))]
pub struct ViewerJson {
    /// `owner`, `admin`, `moderator`, `vip`, `viewer`, `guest` or `banned`.
    pub role: &'static str,
    /// Whether they follow it.
    pub following: bool,
    /// What they want to be told as a follower.
    pub notify: Option<NotifyJson>,
    /// What keeps them from chatting.
    pub restriction: Option<RestrictionKindJson>,
}

impl ViewerJson {
    /// With what they are as a follower.
    pub fn of(relation: &Relation, following: Following) -> Self {
        Self {
            role: standing_text(relation.standing),
            following: following.follow.is_some(),
            notify: following.follow.map(|it| it.notify.into()),
            restriction: relation.restriction.map(Into::into),
        }
    }
}

/// What somebody is to a channel, by its name.
pub fn standing_text(standing: Standing) -> &'static str {
    match standing {
        Standing::Admin => "admin",
        Standing::Owner => "owner",
        Standing::Moderator => role_text(ChannelRole::Moderator),
        Standing::Vip => role_text(ChannelRole::Vip),
        Standing::Viewer => "viewer",
        Standing::Guest => "guest",
        Standing::Banned => "banned",
    }
}
