//! The room's rules, as pure decisions.

use std::time::Duration;

use crate::access::{Action, Standing};
use crate::account::DisplayName;
use crate::chat::{ChatError, ChatEvent, PostRefused};
use crate::shared::actor::Identity;
use crate::shared::clock::Timestamp;
use crate::shared::decision::Decision;
use crate::shared::id::ChannelId;
use crate::shared::rate::Quota;
use crate::shared::text::{TextError, free_text, text_fields};

/// The rules of a channel's room. Its stored version is the room's policy version: whoever
/// changes a [`Restriction`] writes the room again, so that nobody posts by old rules.
#[derive(Debug, Clone, PartialEq)]
pub struct Room {
    /// Whose it is.
    pub channel: ChannelId,
    /// What its owner chose.
    pub settings: ChatSettings,
}

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

impl Default for ChatSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            guests: true,
            slow_mode: None,
            max_length: 500,
            rate: ChatRate::Standard,
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

/// Somebody may not chat in a room.
#[derive(Debug, Clone, PartialEq)]
pub struct Restriction {
    /// Whose room.
    pub room: ChannelId,
    /// Who.
    pub subject: Identity,
    /// For how long.
    pub kind: RestrictionKind,
    /// Why, for staff.
    pub reason: Option<ModerationReason>,
    /// What they were called.
    pub name: Option<DisplayName>,
    /// Since when.
    pub at: Timestamp,
}

/// For how long somebody may not chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum RestrictionKind {
    /// Until then (muted). They may go on watching.
    Timeout {
        /// They may chat again from then on.
        until: Timestamp,
    },
    /// For good; and they may not watch either.
    Ban,
}

impl RestrictionKind {
    /// The longest timeout.
    pub const LONGEST_TIMEOUT: Duration = Duration::from_secs(14 * 24 * 3600);

    /// A timeout of 1 second to [`RestrictionKind::LONGEST_TIMEOUT`].
    pub fn timeout(length: Duration, now: Timestamp) -> Result<Self, ChatError> {
        if length < Duration::from_secs(1) || length > Self::LONGEST_TIMEOUT {
            return Err(ChatError::TimeoutOutOfRange {
                max: Self::LONGEST_TIMEOUT,
            });
        }
        Ok(Self::Timeout {
            until: now + length,
        })
    }

    /// Whether it still holds.
    pub fn holds(self, now: Timestamp) -> bool {
        match self {
            Self::Timeout { until } => now < until,
            Self::Ban => true,
        }
    }

    /// Whether it is a ban.
    pub fn is_ban(self) -> bool {
        matches!(self, Self::Ban)
    }
}

/// What is to be lifted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lift {
    /// A timeout, and never a ban.
    Timeout,
    /// Whatever holds them.
    Whatever,
}

text_fields! {
    /// Why somebody was moderated: 1 to 300 characters, for staff.
    ModerationReason = |text| match free_text(text, 300)? {
        reason if reason.is_empty() => Err(TextError::Empty),
        reason => Ok(reason),
    };
}

impl Room {
    /// The room of a new channel.
    pub fn open(channel: ChannelId) -> Self {
        Self {
            channel,
            settings: ChatSettings::default(),
        }
    }

    /// Other rules from now on.
    pub fn configure(self, settings: ChatSettings) -> Result<Decision<Self>, ChatError> {
        let settings = settings.checked()?;
        if settings == self.settings {
            return Ok(Decision::unchanged(self));
        }
        let event = ChatEvent::SettingsChanged {
            channel: self.channel,
            settings,
        };
        Ok(Decision::changed(Self { settings, ..self }, event))
    }

    /// Whether somebody may post now; how often is counted apart (see [`Room::quotas`]).
    pub fn admit(
        &self,
        standing: Standing,
        restriction: Option<RestrictionKind>,
        now: Timestamp,
    ) -> Result<(), PostRefused> {
        if matches!(standing, Standing::Owner | Standing::Admin) {
            return Ok(());
        }
        match restriction {
            Some(RestrictionKind::Ban) => return Err(PostRefused::Banned),
            Some(RestrictionKind::Timeout { until }) if now < until => {
                return Err(PostRefused::TimedOut { until });
            }
            Some(RestrictionKind::Timeout { .. }) | None => {}
        }
        if !standing.may(Action::Chat) {
            return Err(PostRefused::Banned);
        }
        if !self.settings.enabled {
            return Err(PostRefused::Disabled);
        }
        if standing == Standing::Guest && !self.settings.guests {
            return Err(PostRefused::GuestsMayNot);
        }
        Ok(())
    }

    /// How long messages may be, and how fast they may come, where nothing else is agreed.
    pub fn terms(&self) -> PostTerms {
        PostTerms {
            max_length: self.settings.max_length,
            rate: self.settings.rate,
        }
    }

    /// How often one who stands so may post: every quota has to have a token left.
    pub fn quotas(
        &self,
        standing: Standing,
        terms: PostTerms,
    ) -> impl Iterator<Item = (&'static str, Quota)> {
        let slow = self
            .settings
            .slow_mode
            .filter(|_| !matches!(standing, Standing::Owner | Standing::Admin));
        std::iter::once(("chat", terms.rate.quota()))
            .chain(slow.map(|slow| ("chat-slow", slow.quota())))
    }
}

impl Restriction {
    /// Refuses what would weaken a ban: it is lifted first.
    pub fn require_replaceable(&self, by: RestrictionKind) -> Result<(), ChatError> {
        if self.kind.is_ban() && !by.is_ban() {
            Err(ChatError::IsBanned)
        } else {
            Ok(())
        }
    }

    /// Refuses to lift a ban for who meant to end a timeout.
    pub fn require_liftable(&self, lift: Lift) -> Result<(), ChatError> {
        match lift {
            Lift::Timeout if self.kind.is_ban() => Err(ChatError::IsBanned),
            Lift::Timeout | Lift::Whatever => Ok(()),
        }
    }

    /// Refuses to restrict whom nobody may.
    pub fn require_restrictable(subject: Standing) -> Result<(), ChatError> {
        match subject {
            Standing::Owner | Standing::Admin => Err(ChatError::CannotRestrictStaff),
            Standing::Viewer | Standing::Guest | Standing::Banned => Ok(()),
        }
    }
}
