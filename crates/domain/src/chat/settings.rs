//! What an owner chooses for their room.

use std::time::Duration;

use crate::chat::{ChatError, Rule, Switch};
use crate::shared::rate::Quota;

/// What an owner chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ChatSettings {
    /// Whether anybody but the owner and administrators may post.
    pub enabled: bool,
    /// Whether guests may post.
    pub guests: bool,
    /// How long everybody waits between two messages.
    pub slow_mode: Option<SlowMode>,
    /// After how many graphemes a message is cut.
    pub max_length: u16,
    /// How fast anybody may post.
    pub rate: ChatRate,
    /// How much later viewers see what is said: the room's staff can delete it until then.
    pub delay: Option<ChatDelay>,
    /// For how long one has to have followed the channel to post.
    pub followers_only: Option<FollowAge>,
    /// Whether messages have to be emotes and nothing else. What was written before there was
    /// such a rule does not say.
    #[cfg_attr(feature = "serde", serde(default))]
    pub emotes_only: bool,
}

impl ChatSettings {
    /// The longest message that an owner may allow, in graphemes.
    pub const LONGEST: u16 = 1000;

    /// Refuses a length out of 1 to [`ChatSettings::LONGEST`].
    pub fn checked(self) -> Result<Self, ChatError> {
        if (1..=Self::LONGEST).contains(&self.max_length) {
            Ok(self)
        } else {
            Err(ChatError::LengthOutOfRange { max: Self::LONGEST })
        }
    }
}

impl ChatSettings {
    /// The same but for one rule.
    #[must_use]
    pub fn with(self, rule: Rule) -> Self {
        match rule {
            Rule::Slow(slow_mode) => Self { slow_mode, ..self },
            Rule::Followers(followers_only) => Self {
                followers_only,
                ..self
            },
            Rule::EmotesOnly(switch) => Self {
                emotes_only: switch == Switch::On,
                ..self
            },
            Rule::Delay(delay) => Self { delay, ..self },
        }
    }
}

impl Default for ChatSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            guests: true,
            slow_mode: None,
            max_length: 500,
            rate: ChatRate::Standard,
            delay: None,
            followers_only: None,
            emotes_only: false,
        }
    }
}

/// How fast anybody may post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum ChatRate {
    /// 10 messages in 3 seconds.
    Standard,
    /// 10 messages in a minute.
    Strict,
}

impl ChatRate {
    /// As a token bucket.
    pub const fn quota(self) -> Quota {
        match self {
            Self::Standard => Quota {
                burst: 10,
                per: Duration::from_secs(3),
            },
            Self::Strict => Quota {
                burst: 10,
                per: Duration::from_secs(60),
            },
        }
    }
}

/// How long messages may be, and how fast they may come.
///
/// A room's own stand in its settings. Who comes by another platform's interface posts by those
/// of that platform's document; everything else is as the room's owner chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PostTerms {
    /// After how many graphemes a message is cut.
    pub max_length: u16,
    /// How fast anybody may post.
    pub rate: ChatRate,
}

/// How long everybody waits between two messages: 1 to 600 seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(transparent)
)]
pub struct SlowMode(u16);

impl SlowMode {
    /// Refuses what is not 1 to 600 seconds.
    pub fn new(seconds: u16) -> Result<Self, ChatError> {
        if (1..=600).contains(&seconds) {
            Ok(Self(seconds))
        } else {
            Err(ChatError::SlowModeOutOfRange { max: 600 })
        }
    }

    /// In seconds.
    pub const fn seconds(self) -> u16 {
        self.0
    }

    /// As a bucket of one token.
    pub fn quota(self) -> Quota {
        Quota {
            burst: 1,
            per: Duration::from_secs(u64::from(self.0)),
        }
    }
}

/// How much later viewers see what is said: 1 to 60 seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(transparent)
)]
pub struct ChatDelay(u16);

impl ChatDelay {
    /// Refuses what is not 1 to 60 seconds.
    pub fn new(seconds: u16) -> Result<Self, ChatError> {
        if (1..=60).contains(&seconds) {
            Ok(Self(seconds))
        } else {
            Err(ChatError::DelayOutOfRange { max: 60 })
        }
    }

    /// In seconds.
    pub const fn seconds(self) -> u16 {
        self.0
    }

    /// As a length of time.
    pub fn length(self) -> Duration {
        Duration::from_secs(u64::from(self.0))
    }
}

/// For how long one has to have followed: up to 90 days, kept in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(transparent)
)]
pub struct FollowAge(u32);

impl FollowAge {
    /// It is enough to follow.
    pub const ANY: Self = Self(0);
    /// The longest, in seconds.
    pub const LONGEST: u32 = 90 * 86_400;

    /// Refuses more than [`FollowAge::LONGEST`].
    pub fn new(age: Duration) -> Result<Self, ChatError> {
        match u32::try_from(age.as_secs()) {
            Ok(seconds) if seconds <= Self::LONGEST => Ok(Self(seconds)),
            _ => Err(ChatError::FollowAgeOutOfRange { max_days: 90 }),
        }
    }

    /// In seconds.
    pub const fn seconds(self) -> u32 {
        self.0
    }

    /// As a length of time.
    pub fn length(self) -> Duration {
        Duration::from_secs(u64::from(self.0))
    }
}
