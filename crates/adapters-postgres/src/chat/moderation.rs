//! Rooms' rules, who is held in them, and who is something in a channel.

use std::time::Duration;

use async_trait::async_trait;
use greenroom_domain::account::DisplayName;
use greenroom_domain::chat::{
    Appointment, ChannelRole, ChatDelay, ChatRate, ChatSettings, FollowAge, Moderation,
    ModerationReason, Pin, Restriction, RestrictionKind, Room, SlowMode,
};
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::{ChannelId, UserId};
use greenroom_domain::shared::store::{StoreError, Stored, Version};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use crate::PgStore;
use crate::chat::{identity, parse_identity};
use crate::error::{Impossible, corrupt};
use crate::number::{bigint, limit};
use crate::read::{self, Row};

const ROOM: &str = "room";
const RESTRICTION: &str = "restriction";
const APPOINTMENT: &str = "appointment";

/// The rooms' rows that fit.
macro_rules! rooms {
    ($where:tt $(, $argument:expr)*) => {
        sqlx::query_as!(
            RoomRow,
            r#"SELECT channel, version, settings AS "settings: Json<SettingsRecord>",
             pins AS "pins: Json<Vec<Pin>>" FROM rooms "# + $where
            $(, $argument)*
        )
    };
}

/// The restrictions' rows that fit.
macro_rules! restrictions {
    ($where:tt $(, $argument:expr)*) => {
        sqlx::query_as!(
            RestrictionRow,
            "SELECT room, subject_kind, subject, until, reason, name, at FROM restrictions "
                + $where
            $(, $argument)*
        )
    };
}

/// The appointments' rows that fit.
macro_rules! appointments {
    ($where:tt $(, $argument:expr)*) => {
        sqlx::query_as!(
            AppointmentRow,
            "SELECT channel, user_id, role, name, at FROM appointments " + $where
            $(, $argument)*
        )
    };
}

#[async_trait]
impl Moderation for PgStore {
    async fn room(&self, channel: ChannelId) -> Result<Option<Stored<Room>>, StoreError> {
        read::one(
            self.read(|| rooms!("WHERE channel = $1", channel.uuid()).fetch_optional(&self.pool))
                .await?,
        )
    }

    async fn restriction(
        &self,
        room: ChannelId,
        subject: Identity,
    ) -> Result<Option<Restriction>, StoreError> {
        let (kind, id) = identity(subject);
        let row = self
            .read(|| {
                restrictions!(
                    "WHERE room = $1 AND subject_kind = $2 AND subject = $3",
                    room.uuid(),
                    kind,
                    id
                )
                .fetch_optional(&self.pool)
            })
            .await?;
        row.map(RestrictionRow::parse).transpose()
    }

    async fn restrictions_of(
        &self,
        subject: Identity,
        rooms: &[ChannelId],
    ) -> Result<Vec<Restriction>, StoreError> {
        let (kind, id) = identity(subject);
        let wanted: Vec<Uuid> = rooms.iter().copied().map(ChannelId::uuid).collect();
        let rows = self
            .read(|| {
                restrictions!(
                    "WHERE room = ANY($1) AND subject_kind = $2 AND subject = $3",
                    &wanted,
                    kind,
                    id
                )
                .fetch_all(&self.pool)
            })
            .await?;
        let found: Vec<Restriction> = rows
            .into_iter()
            .map(RestrictionRow::parse)
            .collect::<Result<_, _>>()?;
        Ok(read::in_order(rooms, found, |it| it.room))
    }

    async fn restrictions(
        &self,
        room: ChannelId,
        after: Option<Identity>,
        most: usize,
    ) -> Result<Vec<Restriction>, StoreError> {
        // Before all kinds there are.
        let (kind, id) = after.map_or((-1, Uuid::nil()), identity);
        let rows = self
            .read(|| {
                restrictions!(
                    "WHERE room = $1 AND (subject_kind, subject) > ($2, $3) \
                     ORDER BY subject_kind, subject LIMIT $4",
                    room.uuid(),
                    kind,
                    id,
                    limit(most)
                )
                .fetch_all(&self.pool)
            })
            .await?;
        rows.into_iter().map(RestrictionRow::parse).collect()
    }

    async fn appointment(
        &self,
        channel: ChannelId,
        user: UserId,
    ) -> Result<Option<Appointment>, StoreError> {
        let row = self
            .read(|| {
                appointments!(
                    "WHERE channel = $1 AND user_id = $2",
                    channel.uuid(),
                    user.uuid()
                )
                .fetch_optional(&self.pool)
            })
            .await?;
        row.map(AppointmentRow::parse).transpose()
    }

    async fn appointments_of(
        &self,
        user: UserId,
        channels: &[ChannelId],
    ) -> Result<Vec<Appointment>, StoreError> {
        let wanted: Vec<Uuid> = channels.iter().copied().map(ChannelId::uuid).collect();
        let rows = self
            .read(|| {
                appointments!(
                    "WHERE channel = ANY($1) AND user_id = $2",
                    &wanted,
                    user.uuid()
                )
                .fetch_all(&self.pool)
            })
            .await?;
        let found: Vec<Appointment> = rows
            .into_iter()
            .map(AppointmentRow::parse)
            .collect::<Result<_, _>>()?;
        Ok(read::in_order(channels, found, |it| it.channel))
    }

    async fn appointments(&self, channel: ChannelId) -> Result<Vec<Appointment>, StoreError> {
        let rows = self
            .read(|| {
                appointments!("WHERE channel = $1 ORDER BY user_id", channel.uuid())
                    .fetch_all(&self.pool)
            })
            .await?;
        rows.into_iter().map(AppointmentRow::parse).collect()
    }
}

/// Some rooms' rules in the order of the channels' ids, behind one.
pub(crate) async fn rooms_behind(
    connection: &mut PgConnection,
    after: Uuid,
    most: i64,
) -> sqlx::Result<Vec<RoomRow>> {
    rooms!("WHERE channel > $1 ORDER BY channel LIMIT $2", after, most)
        .fetch_all(connection)
        .await
}

/// Some restrictions in the order of rooms and identities, behind one.
pub(crate) async fn restrictions_behind(
    connection: &mut PgConnection,
    (room, (kind, id)): (Uuid, (i16, Uuid)),
    most: i64,
) -> sqlx::Result<Vec<RestrictionRow>> {
    restrictions!(
        "WHERE (room, subject_kind, subject) > ($1, $2, $3) \
         ORDER BY room, subject_kind, subject LIMIT $4",
        room,
        kind,
        id,
        most
    )
    .fetch_all(connection)
    .await
}

/// Some appointments in the order of channels and users, behind one.
pub(crate) async fn appointments_behind(
    connection: &mut PgConnection,
    (channel, user): (Uuid, Uuid),
    most: i64,
) -> sqlx::Result<Vec<AppointmentRow>> {
    appointments!(
        "WHERE (channel, user_id) > ($1, $2) ORDER BY channel, user_id LIMIT $3",
        channel,
        user,
        most
    )
    .fetch_all(connection)
    .await
}

#[derive(Serialize)]
pub(crate) struct RoomRow {
    channel: Uuid,
    version: i64,
    settings: Json<SettingsRecord>,
    pins: Json<Vec<Pin>>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct SettingsRecord {
    enabled: bool,
    guests: bool,
    slow_mode: Option<u16>,
    max_length: u16,
    rate: ChatRate,
    // Rooms that were last written before there were these do not have them.
    #[serde(default)]
    delay: Option<u16>,
    #[serde(default)]
    followers_only: Option<u32>,
    #[serde(default)]
    emotes_only: bool,
}

impl RoomRow {
    pub(crate) fn of(room: &Room, version: Version) -> Self {
        let settings = &room.settings;
        Self {
            channel: room.channel.uuid(),
            version: bigint(version.0),
            settings: Json(SettingsRecord {
                enabled: settings.enabled,
                guests: settings.guests,
                slow_mode: settings.slow_mode.map(SlowMode::seconds),
                max_length: settings.max_length,
                rate: settings.rate,
                delay: settings.delay.map(ChatDelay::seconds),
                followers_only: settings.followers_only.map(FollowAge::seconds),
                emotes_only: settings.emotes_only,
            }),
            pins: Json(room.pins.clone()),
        }
    }
}

impl Row for RoomRow {
    type Aggregate = Room;

    fn version(&self) -> i64 {
        self.version
    }

    fn parse(self) -> Result<Room, StoreError> {
        let record = self.settings.0;
        let slow_mode = record.slow_mode.map(SlowMode::new).transpose();
        let delay = record.delay.map(ChatDelay::new).transpose();
        let follow_age = |seconds: u32| FollowAge::new(Duration::from_secs(u64::from(seconds)));
        let followers_only = record.followers_only.map(follow_age).transpose();
        let settings = ChatSettings {
            enabled: record.enabled,
            guests: record.guests,
            slow_mode: slow_mode.map_err(|e| corrupt(ROOM, e))?,
            max_length: record.max_length,
            rate: record.rate,
            delay: delay.map_err(|e| corrupt(ROOM, e))?,
            followers_only: followers_only.map_err(|e| corrupt(ROOM, e))?,
            emotes_only: record.emotes_only,
        };
        Ok(Room {
            channel: ChannelId::from_uuid(self.channel),
            settings: settings.checked().map_err(|e| corrupt(ROOM, e))?,
            pins: self.pins.0,
        })
    }
}

#[derive(Serialize)]
pub(crate) struct RestrictionRow {
    room: Uuid,
    subject_kind: i16,
    subject: Uuid,
    until: Option<i64>,
    reason: Option<String>,
    name: Option<String>,
    at: i64,
}

impl RestrictionRow {
    pub(crate) fn of(restriction: &Restriction) -> Self {
        let (subject_kind, subject) = identity(restriction.subject);
        Self {
            room: restriction.room.uuid(),
            subject_kind,
            subject,
            until: match restriction.kind {
                RestrictionKind::Timeout { until } => Some(until.micros()),
                RestrictionKind::Ban => None,
            },
            reason: restriction.reason.as_ref().map(|it| it.as_str().to_owned()),
            name: restriction.name.as_ref().map(|it| it.as_str().to_owned()),
            at: restriction.at.micros(),
        }
    }

    pub(crate) fn parse(self) -> Result<Restriction, StoreError> {
        let text = |e| corrupt(RESTRICTION, e);
        let reason = self.reason.as_deref().map(ModerationReason::parse);
        let name = self.name.as_deref().map(DisplayName::parse);
        Ok(Restriction {
            room: ChannelId::from_uuid(self.room),
            subject: parse_identity(RESTRICTION, self.subject_kind, self.subject)?,
            kind: match self.until {
                Some(until) => RestrictionKind::Timeout {
                    until: Timestamp::from_micros(until),
                },
                None => RestrictionKind::Ban,
            },
            reason: reason.transpose().map_err(text)?,
            name: name.transpose().map_err(text)?,
            at: Timestamp::from_micros(self.at),
        })
    }
}

#[derive(Serialize)]
pub(crate) struct AppointmentRow {
    channel: Uuid,
    user_id: Uuid,
    role: String,
    name: String,
    at: i64,
}

impl AppointmentRow {
    pub(crate) fn of(appointment: &Appointment) -> Self {
        Self {
            channel: appointment.channel.uuid(),
            user_id: appointment.user.uuid(),
            role: role_name(appointment.role).to_owned(),
            name: appointment.name.as_str().to_owned(),
            at: appointment.at.micros(),
        }
    }

    pub(crate) fn parse(self) -> Result<Appointment, StoreError> {
        Ok(Appointment {
            channel: ChannelId::from_uuid(self.channel),
            user: UserId::from_uuid(self.user_id),
            role: match self.role.as_str() {
                "moderator" => ChannelRole::Moderator,
                "vip" => ChannelRole::Vip,
                _ => return Err(corrupt(APPOINTMENT, Impossible)),
            },
            name: DisplayName::parse(&self.name).map_err(|e| corrupt(APPOINTMENT, e))?,
            at: Timestamp::from_micros(self.at),
        })
    }
}

fn role_name(role: ChannelRole) -> &'static str {
    match role {
        ChannelRole::Moderator => "moderator",
        ChannelRole::Vip => "vip",
    }
}
