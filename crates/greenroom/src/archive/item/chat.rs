//! Rooms, their lines, who is something in them, and who is held.

use std::time::Duration;

use greenroom_domain::account::DisplayName;
use greenroom_domain::chat::{
    Appointment, ChannelRole, ChatDelay, ChatRate, ChatSettings, ClientMessageId, FollowAge, Line,
    ModerationReason, Pin, Restriction, RestrictionKind, Room, SlowMode,
};
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::archive::BoxError;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::event::Event;
use greenroom_domain::shared::id::{ChannelId, UserId};
use greenroom_domain::shared::store::Stored;
use serde::{Deserialize, Serialize};

use super::stored;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::archive) struct RoomEntry {
    version: u64,
    channel: ChannelId,
    enabled: bool,
    guests: bool,
    slow_mode_seconds: Option<u16>,
    max_length: u16,
    rate: ChatRate,
    // What follows is not in the oldest archives.
    #[serde(default)]
    delay_seconds: Option<u16>,
    #[serde(default)]
    follow_age_seconds: Option<u32>,
    #[serde(default)]
    emotes_only: bool,
    #[serde(default)]
    pins: Vec<Pin>,
}

impl From<Stored<Room>> for RoomEntry {
    fn from(room: Stored<Room>) -> Self {
        let settings = room.value.settings;
        Self {
            version: room.version.0,
            channel: room.value.channel,
            enabled: settings.enabled,
            guests: settings.guests,
            slow_mode_seconds: settings.slow_mode.map(SlowMode::seconds),
            max_length: settings.max_length,
            rate: settings.rate,
            delay_seconds: settings.delay.map(ChatDelay::seconds),
            follow_age_seconds: settings.followers_only.map(FollowAge::seconds),
            emotes_only: settings.emotes_only,
            pins: room.value.pins,
        }
    }
}

impl RoomEntry {
    pub(super) fn parse(self) -> Result<Stored<Room>, BoxError> {
        let settings = ChatSettings {
            enabled: self.enabled,
            guests: self.guests,
            slow_mode: self.slow_mode_seconds.map(SlowMode::new).transpose()?,
            max_length: self.max_length,
            rate: self.rate,
            delay: self.delay_seconds.map(ChatDelay::new).transpose()?,
            followers_only: self
                .follow_age_seconds
                .map(|seconds| FollowAge::new(Duration::from_secs(seconds.into())))
                .transpose()?,
            emotes_only: self.emotes_only,
        };
        let room = Room {
            channel: self.channel,
            settings: settings.checked()?,
            pins: self.pins,
        };
        stored(room, self.version)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::archive) struct RestrictionEntry {
    room: ChannelId,
    subject: Identity,
    kind: RestrictionKind,
    reason: Option<ModerationReason>,
    name: Option<DisplayName>,
    at: Timestamp,
}

impl From<Restriction> for RestrictionEntry {
    fn from(restriction: Restriction) -> Self {
        let Restriction {
            room,
            subject,
            kind,
            reason,
            name,
            at,
        } = restriction;
        Self {
            room,
            subject,
            kind,
            reason,
            name,
            at,
        }
    }
}

impl RestrictionEntry {
    pub(super) fn parse(self) -> Restriction {
        let Self {
            room,
            subject,
            kind,
            reason,
            name,
            at,
        } = self;
        Restriction {
            room,
            subject,
            kind,
            reason,
            name,
            at,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::archive) struct LineEntry {
    pub(super) room: ChannelId,
    pub(super) line: Line,
}

impl LineEntry {
    pub(super) fn parse(self) -> Result<(ChannelId, Line), BoxError> {
        if let Some((_, client_id)) = self.line.body.repeat_key() {
            ClientMessageId::parse(client_id.as_str())?;
        }
        Ok((self.room, self.line))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::archive) struct AppointmentEntry {
    channel: ChannelId,
    user: UserId,
    role: ChannelRole,
    name: DisplayName,
    at: Timestamp,
}

impl From<Appointment> for AppointmentEntry {
    fn from(appointment: Appointment) -> Self {
        let Appointment {
            channel,
            user,
            role,
            name,
            at,
        } = appointment;
        Self {
            channel,
            user,
            role,
            name,
            at,
        }
    }
}

impl From<AppointmentEntry> for Appointment {
    fn from(entry: AppointmentEntry) -> Self {
        let AppointmentEntry {
            channel,
            user,
            role,
            name,
            at,
        } = entry;
        Self {
            channel,
            user,
            role,
            name,
            at,
        }
    }
}

/// What a channel's audit log holds.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::archive) struct AuditedEntry {
    pub(super) channel: ChannelId,
    pub(super) event: Event,
}

#[cfg(test)]
mod tests {
    use greenroom_domain::shared::store::Version;
    use greenroom_testkit::builders::{channel_id, room};

    use super::*;

    #[test]
    fn a_room_of_an_old_archive_has_none_of_the_newer_rules() {
        let channel = channel_id("ada");
        let line = format!(
            r#"{{"version":3,"channel":"{channel}","enabled":true,"guests":true,
            "slow_mode_seconds":null,"max_length":500,"rate":"standard"}}"#
        );
        let entry: RoomEntry = serde_json::from_str(&line).unwrap();
        let expected = Stored {
            value: room("ada"),
            version: Version(3),
        };
        assert_eq!(entry.parse().unwrap(), expected);
    }
}
