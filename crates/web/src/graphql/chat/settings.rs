//! A room's rules.

use std::time::Duration;

use async_graphql::{Context, Enum, InputObject, Object, SimpleObject};
use greenroom_app::Refusal;
use greenroom_app::chat::configure;
use greenroom_domain::chat::{self as domain, ChatDelay, ChatError, FollowAge, SlowMode};
use greenroom_domain::shared::store::Version;

use crate::graphql::page::READ;
use crate::graphql::{asking, handle};
use crate::problem::Problem;

/// A room's rules.
#[derive(SimpleObject, InputObject)]
#[graphql(input_name = "ChatSettingsInput")]
pub struct ChatSettings {
    /// Whether anybody but the owner and administrators may post.
    enabled: bool,
    /// Whether guests may post.
    guests: bool,
    /// How long everybody waits between two messages, 1 to 600 seconds; `null` for no wait.
    slow_mode_seconds: Option<u16>,
    /// After how many characters a message is cut, 1 to 1,000.
    max_length: u16,
    /// How fast anybody may post.
    rate: ChatRate,
    /// How much later viewers see what is said, 1 to 60 seconds; `null` for at once.
    delay_seconds: Option<u16>,
    /// For how long one has to have followed the channel to post, up to 7,776,000 seconds;
    /// `null` for not at all.
    followers_only_seconds: Option<u32>,
    /// Whether messages have to be emotes and nothing else.
    #[graphql(default)]
    emotes_only: bool,
}

/// How fast anybody may post.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::ChatRate")]
pub enum ChatRate {
    /// 10 messages in 3 seconds.
    Standard,
    /// 10 messages in a minute.
    Strict,
}

/// A room's rules, as they are stored.
#[derive(SimpleObject)]
pub(super) struct StoredChatSettings {
    /// The rules.
    settings: ChatSettings,
    /// Their version, for `configureChat`.
    version: u64,
}

impl From<domain::ChatSettings> for ChatSettings {
    fn from(settings: domain::ChatSettings) -> Self {
        Self {
            enabled: settings.enabled,
            guests: settings.guests,
            slow_mode_seconds: settings.slow_mode.map(SlowMode::seconds),
            max_length: settings.max_length,
            rate: settings.rate.into(),
            delay_seconds: settings.delay.map(ChatDelay::seconds),
            followers_only_seconds: settings.followers_only.map(FollowAge::seconds),
            emotes_only: settings.emotes_only,
        }
    }
}

impl TryFrom<ChatSettings> for domain::ChatSettings {
    type Error = ChatError;

    fn try_from(given: ChatSettings) -> Result<Self, ChatError> {
        Self {
            enabled: given.enabled,
            guests: given.guests,
            slow_mode: given.slow_mode_seconds.map(SlowMode::new).transpose()?,
            max_length: given.max_length,
            rate: given.rate.into(),
            delay: given.delay_seconds.map(ChatDelay::new).transpose()?,
            followers_only: given
                .followers_only_seconds
                .map(|seconds| FollowAge::new(Duration::from_secs(seconds.into())))
                .transpose()?,
            emotes_only: given.emotes_only,
        }
        .checked()
    }
}

impl From<greenroom_domain::shared::store::Stored<domain::Room>> for StoredChatSettings {
    fn from(room: greenroom_domain::shared::store::Stored<domain::Room>) -> Self {
        Self {
            settings: room.value.settings.into(),
            version: room.version.0,
        }
    }
}

#[derive(Default)]
pub(super) struct SettingsMutation;

#[Object]
impl SettingsMutation {
    /// Gives a room other rules, for whoever runs the channel.
    #[graphql(complexity = "READ + child_complexity")]
    async fn configure_chat(
        &self,
        ctx: &Context<'_>,
        handle: String,
        settings: ChatSettings,
        #[graphql(desc = "The `version` that was seen: refused when it has changed since.")]
        if_version: Option<u64>,
    ) -> Result<StoredChatSettings, Problem> {
        let asking = asking(ctx)?;
        let settings = domain::ChatSettings::try_from(settings).map_err(Refusal::from)?;
        let handle = self::handle(&handle)?;
        let seen = if_version.map(Version);
        let room = configure::execute(&asking.app, &asking.actor, &handle, settings, seen).await?;
        Ok(room.into())
    }
}
