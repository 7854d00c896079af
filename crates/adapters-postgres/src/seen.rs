//! What the database holds of all that a batch speaks of, locked against everybody else.

mod wanted;

use std::collections::{BTreeSet, HashMap};

use greenroom_domain::chat::{ClientMessageId, Line, LineBody, Seq};
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::commit::{Changes, Holder, StateChange};
use greenroom_domain::shared::feed::FeedPosition;
use greenroom_domain::shared::id::{ChannelId, RecordingId, StreamId, StreamKeyId, UserId};
use greenroom_domain::shared::once::{Reply, RequestKey};
use greenroom_domain::shared::store::Version;
use greenroom_domain::social::Follow;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use crate::chat::{LineRow, identity};
use crate::claim::{ClaimKey, parse_holder};
use crate::error::Failure;
use crate::number::count;
use crate::once::{self, ReplyRow};
use crate::seen::wanted::Wanted;

/// By what a repeated line is known.
pub(crate) type RepeatKey = (ChannelId, Identity, ClientMessageId);

/// By what a request that was answered is known.
pub(crate) type ReplyKey = (Identity, RequestKey);

/// What is there, and with a draft what will be.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) heads: HashMap<ChannelId, Seq>,
    pub(crate) versions: HashMap<Aggregate, Version>,
    pub(crate) repeats: HashMap<RepeatKey, Line>,
    pub(crate) claims: HashMap<ClaimKey, Holder>,
    pub(crate) cursors: HashMap<&'static str, FeedPosition>,
    pub(crate) replies: HashMap<ReplyKey, Reply>,
}

/// Something that has a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Aggregate {
    User(UserId),
    Channel(ChannelId),
    StreamKey(StreamKeyId),
    Stream(StreamId),
    Recording(RecordingId),
    Room(ChannelId),
    Follow(UserId, ChannelId),
}

impl Aggregate {
    /// What a change writes and the version that it has seen; not all have one.
    pub(crate) fn of(change: &StateChange) -> Option<(Self, Version)> {
        Some(match change {
            StateChange::User(write) => (Self::User(write.next.id), write.seen),
            StateChange::Channel(write) => (Self::Channel(write.next.id), write.seen),
            StateChange::StreamKey(write) => (Self::StreamKey(write.next.id), write.seen),
            StateChange::Stream(write) => (Self::Stream(write.next.id), write.seen),
            StateChange::Recording(write) => (Self::Recording(write.next.id), write.seen),
            StateChange::Room(write) => (Self::Room(write.next.channel), write.seen),
            StateChange::Follow(write) => {
                let Follow {
                    follower, channel, ..
                } = write.next;
                (Self::Follow(follower, channel), write.seen)
            }
            StateChange::Unfollowed(follower, channel, seen) => {
                (Self::Follow(*follower, *channel), *seen)
            }
            StateChange::Session(_)
            | StateChange::SessionEnded(_)
            | StateChange::Restriction(_)
            | StateChange::RestrictionLifted(..)
            | StateChange::Appointment(_)
            | StateChange::Dismissed(..)
            | StateChange::Block(_)
            | StateChange::Unblocked(..) => return None,
        })
    }
}

impl Seen {
    /// Locks in the order of the whole store: rooms, aggregates, claims, cursors; each by
    /// their keys.
    pub(crate) async fn lock(
        connection: &mut PgConnection,
        batch: &[&Changes],
        epoch: u32,
    ) -> Result<Self, Failure> {
        let wanted = Wanted::by(batch);
        let mut seen = Self::default();
        seen.lock_rooms(connection, &wanted.rooms).await?;
        // Only now: what was read of a room before its lock may be old.
        seen.read_policies(connection, &wanted.policies).await?;
        seen.read_repeats(connection, &wanted.repeats, epoch)
            .await?;
        seen.lock_aggregates(connection, &wanted.aggregates).await?;
        seen.lock_follows(connection, &wanted.aggregates).await?;
        seen.lock_claims(connection, &wanted.claims).await?;
        seen.lock_cursors(connection, &wanted.cursors).await?;
        // Last: who waited for another node's commit sees what that has answered.
        seen.read_replies(connection, &wanted.replies).await?;
        Ok(seen)
    }

    async fn lock_rooms(
        &mut self,
        connection: &mut PgConnection,
        rooms: &BTreeSet<ChannelId>,
    ) -> Result<(), Failure> {
        self.lock_heads(connection, rooms.iter().copied()).await?;
        let unknown: Vec<_> = rooms
            .iter()
            .filter(|room| !self.heads.contains_key(room))
            .map(|room| room.uuid())
            .collect();
        if unknown.is_empty() {
            return Ok(());
        }
        sqlx::query!(
            "INSERT INTO room_heads (room, seq) SELECT room, 0 FROM unnest($1::uuid[]) AS room \
             ON CONFLICT DO NOTHING",
            &unknown
        )
        .execute(&mut *connection)
        .await?;
        // Another node may have been first, and have written since.
        let unknown = unknown.into_iter().map(ChannelId::from_uuid);
        self.lock_heads(connection, unknown).await
    }

    async fn lock_heads(
        &mut self,
        connection: &mut PgConnection,
        rooms: impl Iterator<Item = ChannelId>,
    ) -> Result<(), Failure> {
        let rooms: Vec<Uuid> = rooms.map(ChannelId::uuid).collect();
        if rooms.is_empty() {
            return Ok(());
        }
        let rows = sqlx::query!(
            "SELECT room, seq FROM room_heads WHERE room = ANY($1) ORDER BY room FOR UPDATE",
            &rooms
        )
        .fetch_all(connection)
        .await?;
        let heads = rows
            .into_iter()
            .map(|row| (ChannelId::from_uuid(row.room), Seq(count(row.seq))));
        self.heads.extend(heads);
        Ok(())
    }

    async fn read_policies(
        &mut self,
        connection: &mut PgConnection,
        rooms: &BTreeSet<ChannelId>,
    ) -> Result<(), Failure> {
        let rooms: Vec<Uuid> = rooms.iter().copied().map(ChannelId::uuid).collect();
        if rooms.is_empty() {
            return Ok(());
        }
        let rows = sqlx::query!(
            "SELECT channel, version FROM rooms WHERE channel = ANY($1)",
            &rooms
        )
        .fetch_all(connection)
        .await?;
        self.versions.extend(rows.into_iter().map(|row| {
            let room = Aggregate::Room(ChannelId::from_uuid(row.channel));
            (room, Version(count(row.version)))
        }));
        Ok(())
    }

    async fn read_repeats(
        &mut self,
        connection: &mut PgConnection,
        keys: &BTreeSet<RepeatKey>,
        epoch: u32,
    ) -> Result<(), Failure> {
        if keys.is_empty() {
            return Ok(());
        }
        let keys: Vec<_> = keys.iter().collect();
        let rooms: Vec<Uuid> = keys.iter().map(|(room, ..)| room.uuid()).collect();
        let (kinds, authors): (Vec<i16>, Vec<Uuid>) =
            keys.iter().map(|(_, author, _)| identity(*author)).unzip();
        let ids: Vec<String> = keys.iter().map(|(.., id)| id.as_str().to_owned()).collect();
        let rows = sqlx::query!(
            r#"SELECT wanted.number AS "number!", line.seq, line.at,
             line.body AS "body: Json<LineBody>"
             FROM unnest($1::uuid[], $2::smallint[], $3::uuid[], $4::text[]) WITH ORDINALITY
                 AS wanted (room, author_kind, author, client_id, number)
             JOIN lines AS line ON line.room = wanted.room AND line.author = wanted.author
                 AND line.author_kind = wanted.author_kind
                 AND line.client_id = wanted.client_id"#,
            &rooms,
            &kinds,
            &authors,
            &ids
        )
        .fetch_all(connection)
        .await?;
        for row in rows {
            let index = usize::try_from(row.number - 1).unwrap_or(usize::MAX);
            let line = LineRow {
                seq: row.seq,
                at: row.at,
                body: row.body,
            };
            if let Some(&key) = keys.get(index) {
                self.repeats.insert(key.clone(), line.line(epoch));
            }
        }
        Ok(())
    }

    async fn lock_aggregates(
        &mut self,
        connection: &mut PgConnection,
        aggregates: &BTreeSet<Aggregate>,
    ) -> Result<(), Failure> {
        macro_rules! lock {
            ($kind:ident, $id:ty, $statement:tt) => {
                let ids = aggregates.iter().filter_map(|it| match it {
                    Aggregate::$kind(id) => Some(id.uuid()),
                    _ => None,
                });
                let ids: Vec<Uuid> = ids.collect();
                if !ids.is_empty() {
                    let rows = sqlx::query!($statement, &ids)
                        .fetch_all(&mut *connection)
                        .await?;
                    self.versions.extend(rows.into_iter().map(|row| {
                        let id = Aggregate::$kind(<$id>::from_uuid(row.id));
                        (id, Version(count(row.version)))
                    }));
                }
            };
        }
        lock!(
            User,
            UserId,
            "SELECT id, version FROM users WHERE id = ANY($1) ORDER BY id FOR UPDATE"
        );
        lock!(
            Channel,
            ChannelId,
            "SELECT id, version FROM channels WHERE id = ANY($1) ORDER BY id FOR UPDATE"
        );
        lock!(
            StreamKey,
            StreamKeyId,
            "SELECT id, version FROM stream_keys WHERE id = ANY($1) ORDER BY id FOR UPDATE"
        );
        lock!(
            Stream,
            StreamId,
            "SELECT id, version FROM streams WHERE id = ANY($1) ORDER BY id FOR UPDATE"
        );
        lock!(
            Recording,
            RecordingId,
            "SELECT id, version FROM recordings WHERE id = ANY($1) ORDER BY id FOR UPDATE"
        );
        Ok(())
    }

    async fn lock_follows(
        &mut self,
        connection: &mut PgConnection,
        aggregates: &BTreeSet<Aggregate>,
    ) -> Result<(), Failure> {
        let follows = aggregates.iter().filter_map(|it| match it {
            Aggregate::Follow(follower, channel) => Some((follower.uuid(), channel.uuid())),
            _ => None,
        });
        let (followers, channels): (Vec<Uuid>, Vec<Uuid>) = follows.unzip();
        if followers.is_empty() {
            return Ok(());
        }
        let rows = sqlx::query!(
            "SELECT it.follower, it.channel, it.version \
             FROM unnest($1::uuid[], $2::uuid[]) AS wanted (follower, channel) \
             JOIN follows AS it ON it.follower = wanted.follower \
                 AND it.channel = wanted.channel \
             ORDER BY it.follower, it.channel FOR UPDATE OF it",
            &followers,
            &channels
        )
        .fetch_all(connection)
        .await?;
        self.versions.extend(rows.into_iter().map(|row| {
            let follower = UserId::from_uuid(row.follower);
            let channel = ChannelId::from_uuid(row.channel);
            let version = Version(count(row.version));
            (Aggregate::Follow(follower, channel), version)
        }));
        Ok(())
    }

    async fn lock_claims(
        &mut self,
        connection: &mut PgConnection,
        claims: &BTreeSet<ClaimKey>,
    ) -> Result<(), Failure> {
        if claims.is_empty() {
            return Ok(());
        }
        let wanted: Vec<_> = claims.iter().collect();
        let kinds: Vec<String> = claims.iter().map(|it| it.kind.to_owned()).collect();
        let keys: Vec<Vec<u8>> = claims.iter().map(|it| it.key.clone()).collect();
        let rows = sqlx::query!(
            r#"SELECT wanted.number AS "number!", claim.holder_kind, claim.holder
             FROM unnest($1::text[], $2::bytea[]) WITH ORDINALITY AS wanted (kind, key, number)
             JOIN claims AS claim ON claim.kind = wanted.kind AND claim.key = wanted.key
             ORDER BY wanted.number FOR UPDATE OF claim"#,
            &kinds,
            &keys
        )
        .fetch_all(connection)
        .await?;
        for row in rows {
            let holder = parse_holder(&row.holder_kind, row.holder)?;
            let claim = usize::try_from(row.number - 1).ok();
            let claim = claim.and_then(|index| wanted.get(index));
            self.claims.extend(claim.map(|&it| (it.clone(), holder)));
        }
        Ok(())
    }

    async fn lock_cursors(
        &mut self,
        connection: &mut PgConnection,
        consumers: &BTreeSet<&'static str>,
    ) -> Result<(), Failure> {
        if consumers.is_empty() {
            return Ok(());
        }
        let names: Vec<String> = consumers.iter().map(|&it| it.to_owned()).collect();
        let rows = sqlx::query!(
            "SELECT consumer, position FROM cursors WHERE consumer = ANY($1) \
             ORDER BY consumer FOR UPDATE",
            &names
        )
        .fetch_all(connection)
        .await?;
        for row in rows {
            let position = FeedPosition(count(row.position));
            let consumer = consumers.get(row.consumer.as_str());
            self.cursors.extend(consumer.map(|&it| (it, position)));
        }
        Ok(())
    }

    async fn read_replies(
        &mut self,
        connection: &mut PgConnection,
        requests: &BTreeSet<ReplyKey>,
    ) -> Result<(), Failure> {
        if requests.is_empty() {
            return Ok(());
        }
        let rows = once::replies_to(connection, requests.iter()).await?;
        for reply in rows.into_iter().map(ReplyRow::parse) {
            let reply = reply?;
            self.replies.insert((reply.by, reply.key.clone()), reply);
        }
        Ok(())
    }
}
