//! The room's rules, as pure decisions.

use std::time::Duration;

use crate::access::{Action, Standing};
use crate::account::DisplayName;
use crate::chat::{
    ChatDelay, ChatError, ChatEvent, ChatSettings, FollowAge, MessageText, Pin, PostRefused,
    PostTerms,
};
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
    /// What it keeps in view, oldest first: five at most.
    pub pins: Vec<Pin>,
}

/// Somebody who wants to say something, as the room's rules look at them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Speaker {
    /// What they are to the channel.
    pub standing: Standing,
    /// What holds them.
    pub restriction: Option<RestrictionKind>,
    /// Since when they have followed the channel.
    pub follows_since: Option<Timestamp>,
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
            pins: Vec::new(),
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

    /// Whether somebody may post now; how often is counted apart (see [`Room::quotas`]), and
    /// what is looked at by [`Room::admit_text`].
    pub fn admit(&self, speaker: &Speaker, now: Timestamp) -> Result<(), PostRefused> {
        let standing = speaker.standing;
        if matches!(standing, Standing::Owner | Standing::Admin) {
            return Ok(());
        }
        match speaker.restriction {
            Some(RestrictionKind::Ban) => return Err(PostRefused::Banned),
            Some(RestrictionKind::Timeout { until }) if now < until => {
                return Err(PostRefused::TimedOut { until });
            }
            Some(RestrictionKind::Timeout { .. }) | None => {}
        }
        if !standing.may(Action::Chat) {
            return Err(PostRefused::Banned);
        }
        if standing.is_staff() {
            return Ok(());
        }
        if !self.settings.enabled {
            return Err(PostRefused::Disabled);
        }
        if standing == Standing::Guest && !self.settings.guests {
            return Err(PostRefused::GuestsMayNot);
        }
        self.admit_follower(speaker, now)
    }

    fn admit_follower(&self, speaker: &Speaker, now: Timestamp) -> Result<(), PostRefused> {
        let Some(age) = self.follow_age_for(speaker.standing) else {
            return Ok(());
        };
        match speaker.follows_since.map(|since| since + age.length()) {
            Some(from) if from <= now => Ok(()),
            Some(from) => Err(PostRefused::FollowsTooShortly { from }),
            None => Err(PostRefused::FollowersOnly),
        }
    }

    /// For how long one who stands so has to have followed the channel, if at all.
    pub fn follow_age_for(&self, standing: Standing) -> Option<FollowAge> {
        let asked = self.settings.followers_only;
        asked.filter(|_| !standing.is_privileged())
    }

    /// Whether one who stands so may say this.
    pub fn admit_text(&self, standing: Standing, text: &MessageText) -> Result<(), PostRefused> {
        if self.settings.emotes_only && !standing.is_privileged() && !text.is_emotes_only() {
            return Err(PostRefused::EmotesOnly);
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
            .filter(|_| !standing.is_privileged());
        std::iter::once(("chat", terms.rate.quota()))
            .chain(slow.map(|slow| ("chat-slow", slow.quota())))
    }

    /// How much later one who stands so sees what is said.
    pub fn delay_for(&self, standing: Standing) -> Option<ChatDelay> {
        self.settings.delay.filter(|_| !standing.is_staff())
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

    /// Refuses to restrict whom one who stands so may not: nobody the owner and
    /// administrators, and moderators not each other.
    pub fn require_restrictable(subject: Standing, by: Standing) -> Result<(), ChatError> {
        match subject {
            Standing::Owner | Standing::Admin => Err(ChatError::CannotRestrictStaff),
            Standing::Moderator if by == Standing::Moderator => Err(ChatError::CannotRestrictStaff),
            _ => Ok(()),
        }
    }
}
