//! Rooms, their logs, and who is held in them.

pub(crate) mod audit;
pub(crate) mod line;
mod staff;

use std::time::Duration;

use async_trait::async_trait;
use greenroom_domain::account::DisplayName;
use greenroom_domain::chat::{
    Appointment, ChatDelay, ChatRate, ChatSettings, FollowAge, Line, Moderation, ModerationReason,
    Pin, Place, Restriction, RestrictionKind, Room, RoomLog, Seq, SlowMode,
};
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::{ChannelId, UserId};
use greenroom_domain::shared::store::{StoreError, Stored};
use serde::{Deserialize, Serialize};
use sled::{IVec, Tree};
use uuid::Uuid;

use crate::codec::{BoxError, Kept, Unreadable, corrupt};
use crate::database::refused;
use crate::keyspace::{self, Key};
use crate::{SledStore, read};

/// A line is given only once its batch is durable: a client that has seen a number and comes
/// back with it after a loss of power must find the same line under it.
#[async_trait]
impl RoomLog for SledStore {
    async fn head(&self, room: ChannelId) -> Result<Place, StoreError> {
        let epoch = self.epoch();
        self.read(|tree| {
            let seq = last_line(tree, room)?.min(self.settled(room));
            Ok(Place { epoch, seq })
        })
    }

    async fn after(
        &self,
        room: ChannelId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<Line>, StoreError> {
        let (epoch, shared) = (self.epoch(), self.shared());
        self.scan(move |tree| {
            let from = keyspace::line(room, Seq(after.0.saturating_add(1)));
            let end = read::end_of(&keyspace::lines(room));
            let mut lines = lines(tree.range(from..end).take(limit), epoch)?;
            let settled = shared.settling.settled(room);
            lines.retain(|line| line.place.seq <= settled);
            Ok(lines)
        })
        .await
    }

    async fn before(
        &self,
        room: ChannelId,
        before: Option<Seq>,
        limit: usize,
    ) -> Result<Vec<Line>, StoreError> {
        let (epoch, shared) = (self.epoch(), self.shared());
        self.scan(move |tree| {
            // What is not durable yet is looked up before and after the scan: the first look
            // keeps the page full, the second hides what came in between.
            let newest = shared.settling.settled(room);
            let end = match before {
                Some(before) => before.min(newest.next()),
                None => newest.next(),
            };
            let range = keyspace::line(room, Seq::ZERO)..keyspace::line(room, end);
            let mut lines = lines(tree.range(range).rev().take(limit), epoch)?;
            lines.reverse();
            let settled = shared.settling.settled(room);
            lines.retain(|line| line.place.seq <= settled);
            Ok(lines)
        })
        .await
    }

    async fn line(&self, room: ChannelId, seq: Seq) -> Result<Option<Line>, StoreError> {
        let place = Place {
            epoch: self.epoch(),
            seq,
        };
        self.read(|tree| {
            let found = tree.get(keyspace::line(room, seq)).map_err(refused)?;
            let line = found.map(|bytes| line::decode(place, &bytes)).transpose()?;
            Ok(line.filter(|_| seq <= self.settled(room)))
        })
    }
}

#[async_trait]
impl Moderation for SledStore {
    async fn room(&self, channel: ChannelId) -> Result<Option<Stored<Room>>, StoreError> {
        self.read(|tree| read::stored(tree, &keyspace::room(channel)))
    }

    async fn restriction(
        &self,
        room: ChannelId,
        subject: Identity,
    ) -> Result<Option<Restriction>, StoreError> {
        self.read(|tree| read::plain(tree, &keyspace::restriction(room, subject)))
    }

    async fn restrictions_of(
        &self,
        subject: Identity,
        rooms: &[ChannelId],
    ) -> Result<Vec<Restriction>, StoreError> {
        let key = |room: &ChannelId| keyspace::restriction(*room, subject);
        let keys = rooms.iter().map(key).collect();
        self.scan(|tree| read::many_plain(tree, keys)).await
    }

    async fn restrictions(
        &self,
        room: ChannelId,
        after: Option<Identity>,
        limit: usize,
    ) -> Result<Vec<Restriction>, StoreError> {
        let after = after.map(|subject| keyspace::restriction(room, subject));
        self.scan(move |tree| read::plain_behind(tree, keyspace::restrictions(room), after, limit))
            .await
    }

    async fn appointment(
        &self,
        channel: ChannelId,
        user: UserId,
    ) -> Result<Option<Appointment>, StoreError> {
        self.read(|tree| read::plain(tree, &keyspace::appointment(channel, user)))
    }

    async fn appointments_of(
        &self,
        user: UserId,
        channels: &[ChannelId],
    ) -> Result<Vec<Appointment>, StoreError> {
        let key = |channel: &ChannelId| keyspace::appointment(*channel, user);
        let keys = channels.iter().map(key).collect();
        self.scan(|tree| read::many_plain(tree, keys)).await
    }

    async fn appointments(&self, channel: ChannelId) -> Result<Vec<Appointment>, StoreError> {
        let all = keyspace::appointments(channel);
        self.scan(move |tree| read::plain_behind(tree, all, None, usize::MAX))
            .await
    }
}

/// The number of a room's last line, durable or not.
pub(crate) fn last_line(tree: &Tree, room: ChannelId) -> Result<Seq, StoreError> {
    match tree.scan_prefix(keyspace::lines(room)).next_back() {
        None => Ok(Seq::ZERO),
        Some(found) => seq_of(&found.map_err(refused)?.0),
    }
}

/// The number in a line's key.
pub(crate) fn seq_of(key: &[u8]) -> Result<Seq, StoreError> {
    let number = keyspace::last_number(key).ok_or_else(|| corrupt(line::LINE, Unreadable::Key))?;
    Ok(Seq(number))
}

fn lines(
    found: impl Iterator<Item = sled::Result<(IVec, IVec)>>,
    epoch: u32,
) -> Result<Vec<Line>, StoreError> {
    found
        .map(|found| {
            let (key, bytes) = found.map_err(refused)?;
            let seq = seq_of(&key)?;
            line::decode(Place { epoch, seq }, &bytes)
        })
        .collect()
}

#[derive(Serialize, Deserialize)]
pub(crate) struct RoomRecord {
    channel: Uuid,
    enabled: bool,
    guests: bool,
    slow_mode: Option<u16>,
    max_length: u16,
    rate: ChatRate,
    #[serde(default)]
    delay: Option<u16>,
    #[serde(default)]
    followers_only: Option<u32>,
    #[serde(default)]
    emotes_only: bool,
    #[serde(default)]
    pins: Vec<PinRecord>,
}

#[derive(Serialize, Deserialize)]
struct PinRecord {
    target: u64,
    by: Option<(u8, Uuid)>,
    at: i64,
}

impl Kept for Room {
    const WHAT: &'static str = "room";
    type Record = RoomRecord;

    fn key(&self) -> Key {
        keyspace::room(self.channel)
    }

    fn record(&self) -> RoomRecord {
        RoomRecord {
            channel: self.channel.uuid(),
            enabled: self.settings.enabled,
            guests: self.settings.guests,
            slow_mode: self.settings.slow_mode.map(SlowMode::seconds),
            max_length: self.settings.max_length,
            rate: self.settings.rate,
            delay: self.settings.delay.map(ChatDelay::seconds),
            followers_only: self.settings.followers_only.map(FollowAge::seconds),
            emotes_only: self.settings.emotes_only,
            pins: self.pins.iter().map(pin_record).collect(),
        }
    }

    fn parse(record: RoomRecord) -> Result<Self, BoxError> {
        let settings = ChatSettings {
            enabled: record.enabled,
            guests: record.guests,
            slow_mode: record.slow_mode.map(SlowMode::new).transpose()?,
            max_length: record.max_length,
            rate: record.rate,
            delay: record.delay.map(ChatDelay::new).transpose()?,
            followers_only: record
                .followers_only
                .map(|seconds| FollowAge::new(Duration::from_secs(seconds.into())))
                .transpose()?,
            emotes_only: record.emotes_only,
        };
        Ok(Self {
            channel: ChannelId::from_uuid(record.channel),
            settings: settings.checked()?,
            pins: record
                .pins
                .iter()
                .map(parse_pin)
                .collect::<Result<_, _>>()?,
        })
    }
}

fn pin_record(pin: &Pin) -> PinRecord {
    PinRecord {
        target: pin.target.0,
        by: pin.by.map(keyspace::identity_record),
        at: pin.at.micros(),
    }
}

fn parse_pin(record: &PinRecord) -> Result<Pin, Unreadable> {
    let by = record.by.map(|(kind, id)| {
        let who = keyspace::parse_identity(kind, id);
        who.ok_or(Unreadable::Impossible)
    });
    Ok(Pin {
        target: Seq(record.target),
        by: by.transpose()?,
        at: Timestamp::from_micros(record.at),
    })
}

#[derive(Serialize, Deserialize)]
pub(crate) struct RestrictionRecord {
    room: Uuid,
    subject: (u8, Uuid),
    /// When a timeout ends; a ban never does.
    until: Option<i64>,
    reason: Option<String>,
    name: Option<String>,
    at: i64,
}

impl Kept for Restriction {
    const WHAT: &'static str = "restriction";
    type Record = RestrictionRecord;

    fn key(&self) -> Key {
        keyspace::restriction(self.room, self.subject)
    }

    fn record(&self) -> RestrictionRecord {
        RestrictionRecord {
            room: self.room.uuid(),
            subject: keyspace::identity_record(self.subject),
            until: match self.kind {
                RestrictionKind::Timeout { until } => Some(until.micros()),
                RestrictionKind::Ban => None,
            },
            reason: self.reason.as_ref().map(|r| r.as_str().to_owned()),
            name: self.name.as_ref().map(|n| n.as_str().to_owned()),
            at: self.at.micros(),
        }
    }

    fn parse(record: RestrictionRecord) -> Result<Self, BoxError> {
        let subject = keyspace::parse_identity(record.subject.0, record.subject.1);
        Ok(Self {
            room: ChannelId::from_uuid(record.room),
            subject: subject.ok_or(Unreadable::Impossible)?,
            kind: match record.until {
                Some(until) => RestrictionKind::Timeout {
                    until: Timestamp::from_micros(until),
                },
                None => RestrictionKind::Ban,
            },
            reason: record
                .reason
                .as_deref()
                .map(ModerationReason::parse)
                .transpose()?,
            name: record.name.as_deref().map(DisplayName::parse).transpose()?,
            at: Timestamp::from_micros(record.at),
        })
    }
}
