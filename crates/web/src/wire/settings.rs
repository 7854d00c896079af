use std::time::Duration;

use greenroom_domain::chat::{ChatDelay, ChatError, ChatRate, ChatSettings, FollowAge, SlowMode};
use serde::{Deserialize, Serialize};

/// A room's rules.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "rest", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "rest", schema(as = ChatSettings))]
pub struct ChatSettingsJson {
    /// Whether anybody but the owner and administrators may post.
    pub enabled: bool,
    /// Whether guests may post.
    pub guests: bool,
    /// How long everybody waits between two messages, 1 to 600 seconds; `null` for no wait.
    #[cfg_attr(feature = "rest", schema(minimum = 1, maximum = 600))]
    pub slow_mode_seconds: Option<u16>,
    /// After how many characters a message is cut, 1 to 1,000.
    #[cfg_attr(feature = "rest", schema(minimum = 1, maximum = 1000))]
    pub max_length: u16,
    /// How fast anybody may post.
    pub rate: ChatRateJson,
    /// How much later viewers see what is said, 1 to 60 seconds; `null` for at once.
    #[serde(default)]
    #[cfg_attr(feature = "rest", schema(minimum = 1, maximum = 60))]
    pub delay_seconds: Option<u16>,
    /// For how long one has to have followed the channel to post, up to 7,776,000 seconds;
    /// `null` for not at all.
    #[serde(default)]
    #[cfg_attr(feature = "rest", schema(maximum = 7_776_000))]
    pub followers_only_seconds: Option<u32>,
    /// Whether messages have to be emotes and nothing else.
    #[serde(default)]
    pub emotes_only: bool,
}

/// How fast anybody may post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "rest", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "rest", schema(as = ChatRate))]
pub enum ChatRateJson {
    /// 10 messages in 3 seconds.
    Standard,
    /// 10 messages in a minute.
    Strict,
}

impl From<ChatSettings> for ChatSettingsJson {
    fn from(settings: ChatSettings) -> Self {
        Self {
            enabled: settings.enabled,
            guests: settings.guests,
            slow_mode_seconds: settings.slow_mode.map(SlowMode::seconds),
            max_length: settings.max_length,
            rate: match settings.rate {
                ChatRate::Standard => ChatRateJson::Standard,
                ChatRate::Strict => ChatRateJson::Strict,
            },
            delay_seconds: settings.delay.map(ChatDelay::seconds),
            followers_only_seconds: settings.followers_only.map(FollowAge::seconds),
            emotes_only: settings.emotes_only,
        }
    }
}

impl TryFrom<ChatSettingsJson> for ChatSettings {
    type Error = ChatError;

    fn try_from(json: ChatSettingsJson) -> Result<Self, ChatError> {
        Self {
            enabled: json.enabled,
            guests: json.guests,
            slow_mode: json.slow_mode_seconds.map(SlowMode::new).transpose()?,
            max_length: json.max_length,
            rate: match json.rate {
                ChatRateJson::Standard => ChatRate::Standard,
                ChatRateJson::Strict => ChatRate::Strict,
            },
            delay: json.delay_seconds.map(ChatDelay::new).transpose()?,
            followers_only: json
                .followers_only_seconds
                .map(|seconds| FollowAge::new(Duration::from_secs(seconds.into())))
                .transpose()?,
            emotes_only: json.emotes_only,
        }
        .checked()
    }
}
