//! Following a channel.

use crate::channel::Channel;
use crate::shared::clock::Timestamp;
use crate::shared::decision::Decision;
use crate::shared::id::{ChannelId, UserId};
use crate::social::{SocialError, SocialEvent};

/// Somebody follows a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Follow {
    /// Who.
    pub follower: UserId,
    /// Which channel.
    pub channel: ChannelId,
    /// What they want to be told.
    pub notify: Notify,
    /// Since when, without a break.
    pub at: Timestamp,
}

/// What a follower wants to be told of the channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum Notify {
    /// That it goes live.
    #[default]
    Live,
    /// Nothing.
    Nothing,
}

impl Follow {
    /// How many channels one may follow.
    pub const MOST: u64 = 2_000;

    /// Somebody who follows so many channels follows one more.
    pub fn begin(
        follower: UserId,
        channel: &Channel,
        following: u64,
        notify: Notify,
        at: Timestamp,
    ) -> Result<Decision<Self>, SocialError> {
        if channel.owner == follower {
            return Err(SocialError::OwnChannel);
        }
        if following >= Self::MOST {
            return Err(SocialError::FollowsTooMany { max: Self::MOST });
        }
        let follow = Self {
            follower,
            channel: channel.id,
            notify,
            at,
        };
        let event = SocialEvent::Followed {
            follower,
            channel: channel.id,
        };
        Ok(Decision::changed(follow, event))
    }

    /// They want to be told something else.
    pub fn notify(self, notify: Notify) -> Decision<Self> {
        if notify == self.notify {
            return Decision::unchanged(self);
        }
        let event = SocialEvent::NotifyChanged {
            follower: self.follower,
            channel: self.channel,
            notify,
        };
        Decision::changed(Self { notify, ..self }, event)
    }

    /// It is over.
    pub fn end(&self) -> SocialEvent {
        SocialEvent::Unfollowed {
            follower: self.follower,
            channel: self.channel,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::{ChannelTitle, Handle, NewChannel};
    use uuid::Uuid;

    fn user(n: u128) -> UserId {
        UserId::from_uuid(Uuid::from_u128(n))
    }

    fn channel() -> Channel {
        let new = NewChannel {
            id: ChannelId::from_uuid(Uuid::from_u128(9)),
            owner: user(1),
            handle: Handle::parse("ada").unwrap(),
            title: ChannelTitle::parse("Ada").unwrap(),
        };
        Channel::create(new, Timestamp::from_micros(0)).next
    }

    fn begin(follower: u128, following: u64) -> Result<Follow, SocialError> {
        let at = Timestamp::from_micros(5);
        let begun = Follow::begin(user(follower), &channel(), following, Notify::Live, at);
        begun.map(|decision| decision.next)
    }

    #[test]
    fn nobody_follows_their_own_channel_or_ever_so_many() {
        assert_eq!(begin(1, 0), Err(SocialError::OwnChannel));
        assert!(begin(2, Follow::MOST - 1).is_ok());
        assert_eq!(
            begin(2, Follow::MOST),
            Err(SocialError::FollowsTooMany { max: Follow::MOST })
        );
    }

    #[test]
    fn to_want_the_same_changes_nothing() {
        let follow = begin(2, 0).unwrap();
        assert!(follow.notify(Notify::Live).is_unchanged());
        assert_eq!(follow.notify(Notify::Nothing).next.at, follow.at);
    }
}
