//! Rooms, their logs, and who is held in them.

use async_trait::async_trait;
use greenroom_domain::account::DisplayName;
use greenroom_domain::chat::{
    ChatRate, ChatSettings, Line, LineBody, Moderation, ModerationReason, Place, Restriction,
    RestrictionKind, Room, RoomLog, Seq, SlowMode,
};
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::{ChannelId, GuestId, UserId};
use greenroom_domain::shared::store::{StoreError, Stored, Version};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use crate::PgStore;
use crate::error::{Impossible, corrupt};
use crate::number::{bigint, count, limit};
use crate::read::{self, Row};

const ROOM: &str = "room";
const RESTRICTION: &str = "restriction";

/// The lines' rows that fit.
macro_rules! lines {
    ($where:tt $(, $argument:expr)*) => {
        sqlx::query_as!(
            LineRow,
            r#"SELECT seq, at, body AS "body: Json<LineBody>" FROM lines "# + $where
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

#[async_trait]
impl RoomLog for PgStore {
    async fn head(&self, room: ChannelId) -> Result<Place, StoreError> {
        let seq = self
            .read(|| {
                sqlx::query_scalar!("SELECT seq FROM room_heads WHERE room = $1", room.uuid())
                    .fetch_optional(&self.pool)
            })
            .await?;
        Ok(Place {
            epoch: self.epoch(),
            seq: Seq(seq.map_or(0, count)),
        })
    }

    async fn after(
        &self,
        room: ChannelId,
        after: Seq,
        most: usize,
    ) -> Result<Vec<Line>, StoreError> {
        let rows = self
            .read(|| {
                lines!(
                    "WHERE room = $1 AND seq > $2 ORDER BY seq LIMIT $3",
                    room.uuid(),
                    bigint(after.0),
                    limit(most)
                )
                .fetch_all(&self.pool)
            })
            .await?;
        Ok(rows.into_iter().map(|row| row.line(self.epoch())).collect())
    }

    async fn before(
        &self,
        room: ChannelId,
        before: Option<Seq>,
        most: usize,
    ) -> Result<Vec<Line>, StoreError> {
        let rows = self
            .read(|| {
                lines!(
                    "WHERE room = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3",
                    room.uuid(),
                    before.map_or(i64::MAX, |seq| bigint(seq.0)),
                    limit(most)
                )
                .fetch_all(&self.pool)
            })
            .await?;
        let oldest_first = rows.into_iter().rev();
        Ok(oldest_first.map(|row| row.line(self.epoch())).collect())
    }

    async fn line(&self, room: ChannelId, seq: Seq) -> Result<Option<Line>, StoreError> {
        let row = self
            .read(|| {
                lines!("WHERE room = $1 AND seq = $2", room.uuid(), bigint(seq.0))
                    .fetch_optional(&self.pool)
            })
            .await?;
        Ok(row.map(|row| row.line(self.epoch())))
    }
}

#[async_trait]
impl Moderation for PgStore {
    async fn room(&self, channel: ChannelId) -> Result<Option<Stored<Room>>, StoreError> {
        read::one(
            self.read(|| {
                sqlx::query_as!(
                    RoomRow,
                    r#"SELECT channel, version, settings AS "settings: Json<SettingsRecord>"
                     FROM rooms WHERE channel = $1"#,
                    channel.uuid()
                )
                .fetch_optional(&self.pool)
            })
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
}

/// Some rooms' rules in the order of the channels' ids, behind one.
pub(crate) async fn rooms_behind(
    connection: &mut PgConnection,
    after: Uuid,
    most: i64,
) -> sqlx::Result<Vec<RoomRow>> {
    sqlx::query_as!(
        RoomRow,
        r#"SELECT channel, version, settings AS "settings: Json<SettingsRecord>"
         FROM rooms WHERE channel > $1 ORDER BY channel LIMIT $2"#,
        after,
        most
    )
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

/// Some lines in the order of rooms and numbers, behind one.
pub(crate) async fn lines_behind(
    connection: &mut PgConnection,
    (room, seq): (Uuid, i64),
    most: i64,
) -> sqlx::Result<Vec<(ChannelId, LineRow)>> {
    let rows = sqlx::query!(
        r#"SELECT room, seq, at, body AS "body: Json<LineBody>" FROM lines
         WHERE (room, seq) > ($1, $2) ORDER BY room, seq LIMIT $3"#,
        room,
        seq,
        most
    )
    .fetch_all(connection)
    .await?;
    let line = rows.into_iter().map(|row| {
        let line = LineRow {
            seq: row.seq,
            at: row.at,
            body: row.body,
        };
        (ChannelId::from_uuid(row.room), line)
    });
    Ok(line.collect())
}

/// An identity as two columns, which sort as identities do.
pub(crate) fn identity(identity: Identity) -> (i16, Uuid) {
    match identity {
        Identity::User(user) => (0, user.uuid()),
        Identity::Guest(guest) => (1, guest.uuid()),
    }
}

pub(crate) fn parse_identity(
    what: &'static str,
    kind: i16,
    id: Uuid,
) -> Result<Identity, StoreError> {
    match kind {
        0 => Ok(Identity::User(UserId::from_uuid(id))),
        1 => Ok(Identity::Guest(GuestId::from_uuid(id))),
        _ => Err(corrupt(what, Impossible)),
    }
}

pub(crate) struct LineRow {
    pub(crate) seq: i64,
    pub(crate) at: i64,
    pub(crate) body: Json<LineBody>,
}

impl LineRow {
    pub(crate) fn line(self, epoch: u32) -> Line {
        let seq = Seq(count(self.seq));
        Line {
            place: Place { epoch, seq },
            at: Timestamp::from_micros(self.at),
            body: self.body.0,
        }
    }
}

#[derive(Serialize)]
pub(crate) struct RoomRow {
    channel: Uuid,
    version: i64,
    settings: Json<SettingsRecord>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct SettingsRecord {
    enabled: bool,
    guests: bool,
    slow_mode: Option<u16>,
    max_length: u16,
    rate: ChatRate,
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
            }),
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
        let settings = ChatSettings {
            enabled: record.enabled,
            guests: record.guests,
            slow_mode: slow_mode.map_err(|e| corrupt(ROOM, e))?,
            max_length: record.max_length,
            rate: record.rate,
        };
        Ok(Room {
            channel: ChannelId::from_uuid(self.channel),
            settings: settings.checked().map_err(|e| corrupt(ROOM, e))?,
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
