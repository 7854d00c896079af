//! Entries as rows: one statement for each kind, however many.

use greenroom_domain::chat::{Line, LineBody};
use greenroom_domain::shared::archive::Entry;
use greenroom_domain::shared::event::Event;
use greenroom_domain::shared::id::ChannelId;
use serde::Serialize;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use crate::account::{SessionRow, UserRow};
use crate::channel::{ChannelRow, StreamKeyRow};
use crate::chat::identity;
use crate::chat::moderation::{AppointmentRow, RestrictionRow, RoomRow};
use crate::claim::{ClaimKey, holder};
use crate::error::Failure;
use crate::hex;
use crate::number::bigint;
use crate::once::ReplyRow;
use crate::recording::RecordingRow;
use crate::social::{BlockRow, FollowRow, FollowersRow};
use crate::stream::{CountsRow, StreamRow};

/// Rows as JSON: their types are the table's own.
macro_rules! put {
    ($connection:expr, $rows:expr, $statement:tt) => {
        let rows = &$rows;
        if !rows.is_empty() {
            sqlx::query!($statement, Json(rows) as _)
                .execute(&mut *$connection)
                .await?;
        }
    };
}

/// Some entries.
#[derive(Default)]
pub(crate) struct Rows {
    users: Vec<UserRow>,
    sessions: Vec<SessionRow>,
    channels: Vec<ChannelRow>,
    stream_keys: Vec<StreamKeyRow>,
    streams: Vec<StreamRow>,
    counts: Vec<CountsRow>,
    recordings: Vec<RecordingRow>,
    rooms: Vec<RoomRow>,
    restrictions: Vec<RestrictionRow>,
    appointments: Vec<AppointmentRow>,
    follows: Vec<FollowRow>,
    followers: Vec<FollowersRow>,
    blocks: Vec<BlockRow>,
    audited: Vec<AuditedRow>,
    replies: Vec<ReplyRow>,
    claims: Vec<ClaimRow>,
    lines: Vec<NewLineRow>,
    records: Vec<RecordRow>,
    cursors: Vec<CursorRow>,
}

#[derive(Serialize)]
struct AuditedRow {
    channel: Uuid,
    at: i64,
    id: Uuid,
    event: Event,
}

#[derive(Serialize)]
struct ClaimRow {
    kind: &'static str,
    #[serde(serialize_with = "hex::bytes")]
    key: Vec<u8>,
    holder_kind: &'static str,
    holder: Uuid,
}

#[derive(Serialize)]
struct NewLineRow {
    room: Uuid,
    seq: i64,
    at: i64,
    author_kind: Option<i16>,
    author: Option<Uuid>,
    client_id: Option<String>,
    body: LineBody,
}

impl NewLineRow {
    fn of(room: ChannelId, line: Line) -> Self {
        let repeat = line.body.repeat_key();
        let (author_kind, author) = repeat.map(|(author, _)| identity(author)).unzip();
        Self {
            room: room.uuid(),
            seq: bigint(line.place.seq.0),
            at: line.at.micros(),
            author_kind,
            author,
            client_id: repeat.map(|(_, id)| id.as_str().to_owned()),
            body: line.body,
        }
    }
}

#[derive(Serialize)]
struct RecordRow {
    position: i64,
    at: i64,
    lines: Vec<(Uuid, u64, u64)>,
    events: Vec<Event>,
}

#[derive(Serialize)]
struct CursorRow {
    consumer: String,
    position: i64,
}

impl Rows {
    pub(crate) fn add(&mut self, entry: Entry) {
        match entry {
            // These stand in rows that are there.
            Entry::Epoch(_) | Entry::FeedBase(_) => {}
            Entry::User(it) => self.users.push(UserRow::of(&it.value, it.version)),
            Entry::Session(it) => self.sessions.push(SessionRow::of(&it)),
            Entry::Channel(it) => self.channels.push(ChannelRow::of(&it.value, it.version)),
            Entry::StreamKey(it) => self
                .stream_keys
                .push(StreamKeyRow::of(&it.value, it.version)),
            Entry::Stream(it) => self.streams.push(StreamRow::of(&it.value, it.version)),
            Entry::Counts(stream, counts) => self.counts.push(CountsRow::of(stream, counts)),
            Entry::Recording(it) => self
                .recordings
                .push(RecordingRow::of(&it.value, it.version)),
            Entry::Room(it) => self.rooms.push(RoomRow::of(&it.value, it.version)),
            Entry::Restriction(it) => self.restrictions.push(RestrictionRow::of(&it)),
            Entry::Appointment(it) => self.appointments.push(AppointmentRow::of(&it)),
            Entry::Follow(it) => self.follows.push(FollowRow::of(&it.value, it.version)),
            Entry::Followers(channel, count) => {
                self.followers.push(FollowersRow::of(channel, count));
            }
            Entry::Block(it) => self.blocks.push(BlockRow::of(&it)),
            Entry::Audited(channel, event) => self.audited.push(AuditedRow {
                channel: channel.uuid(),
                at: event.at.micros(),
                id: event.id.uuid(),
                event,
            }),
            Entry::Reply(it) => self.replies.push(ReplyRow::of(&it)),
            Entry::Claim(claim, taker) => {
                let ClaimKey { kind, key } = ClaimKey::of(&claim);
                let (holder_kind, holder) = holder(taker);
                self.claims.push(ClaimRow {
                    kind,
                    key,
                    holder_kind,
                    holder,
                });
            }
            Entry::Line(room, line) => self.lines.push(NewLineRow::of(room, line)),
            Entry::FeedRecord(at, record) => {
                let ranges = record.lines.iter();
                self.records.push(RecordRow {
                    position: bigint(record.position.0),
                    at: at.micros(),
                    lines: ranges
                        .map(|it| (it.room.uuid(), it.first.0, it.last.0))
                        .collect(),
                    events: record.events,
                });
            }
            Entry::Cursor(consumer, at) => self.cursors.push(CursorRow {
                consumer,
                position: bigint(at.0),
            }),
        }
    }

    pub(crate) async fn put(&self, connection: &mut PgConnection) -> Result<(), Failure> {
        self.put_aggregates(connection).await?;
        self.put_people(connection).await?;
        self.put_rooms(connection).await?;
        self.put_feed(connection).await
    }

    async fn put_aggregates(&self, connection: &mut PgConnection) -> Result<(), Failure> {
        put!(
            connection,
            self.users,
            "INSERT INTO users SELECT * FROM jsonb_populate_recordset(NULL::users, $1)"
        );
        put!(
            connection,
            self.sessions,
            "INSERT INTO sessions SELECT * FROM jsonb_populate_recordset(NULL::sessions, $1)"
        );
        put!(
            connection,
            self.channels,
            "INSERT INTO channels SELECT * FROM jsonb_populate_recordset(NULL::channels, $1)"
        );
        put!(
            connection,
            self.stream_keys,
            "INSERT INTO stream_keys \
             SELECT * FROM jsonb_populate_recordset(NULL::stream_keys, $1)"
        );
        put!(
            connection,
            self.streams,
            "INSERT INTO streams SELECT * FROM jsonb_populate_recordset(NULL::streams, $1)"
        );
        put!(
            connection,
            self.counts,
            "INSERT INTO stream_counts \
             SELECT * FROM jsonb_populate_recordset(NULL::stream_counts, $1)"
        );
        put!(
            connection,
            self.recordings,
            "INSERT INTO recordings SELECT * FROM jsonb_populate_recordset(NULL::recordings, $1)"
        );
        Ok(())
    }

    async fn put_people(&self, connection: &mut PgConnection) -> Result<(), Failure> {
        put!(
            connection,
            self.follows,
            "INSERT INTO follows \
             SELECT * FROM jsonb_populate_recordset(NULL::follows, $1)"
        );
        put!(
            connection,
            self.followers,
            "INSERT INTO follower_counts \
             SELECT * FROM jsonb_populate_recordset(NULL::follower_counts, $1)"
        );
        put!(
            connection,
            self.blocks,
            "INSERT INTO blocks \
             SELECT * FROM jsonb_populate_recordset(NULL::blocks, $1)"
        );
        put!(
            connection,
            self.replies,
            "INSERT INTO replies \
             SELECT * FROM jsonb_populate_recordset(NULL::replies, $1)"
        );
        put!(
            connection,
            self.claims,
            "INSERT INTO claims SELECT * FROM jsonb_populate_recordset(NULL::claims, $1)"
        );
        Ok(())
    }

    async fn put_rooms(&self, connection: &mut PgConnection) -> Result<(), Failure> {
        put!(
            connection,
            self.rooms,
            "INSERT INTO rooms SELECT * FROM jsonb_populate_recordset(NULL::rooms, $1)"
        );
        put!(
            connection,
            self.restrictions,
            "INSERT INTO restrictions \
             SELECT * FROM jsonb_populate_recordset(NULL::restrictions, $1)"
        );
        put!(
            connection,
            self.appointments,
            "INSERT INTO appointments \
             SELECT * FROM jsonb_populate_recordset(NULL::appointments, $1)"
        );
        put!(
            connection,
            self.audited,
            "INSERT INTO audited \
             SELECT * FROM jsonb_populate_recordset(NULL::audited, $1)"
        );
        // Another store may have taken a client message id again after a long time; the first
        // is the one that a repeat is known by.
        put!(
            connection,
            self.lines,
            "WITH line AS ( \
                 SELECT * FROM jsonb_populate_recordset(NULL::lines, $1) \
             ), head AS ( \
                 INSERT INTO room_heads (room, seq) \
                 SELECT room, max(seq) FROM line GROUP BY room \
                 ON CONFLICT (room) DO UPDATE SET seq = excluded.seq \
             ), first AS ( \
                 SELECT min(seq) AS seq, room, author, author_kind, client_id FROM line \
                 WHERE client_id IS NOT NULL AND NOT EXISTS (SELECT FROM lines \
                     WHERE lines.room = line.room AND lines.author = line.author \
                     AND lines.author_kind = line.author_kind \
                     AND lines.client_id = line.client_id) \
                 GROUP BY room, author, author_kind, client_id \
             ) \
             INSERT INTO lines (room, seq, at, author_kind, author, client_id, body) \
             SELECT line.room, line.seq, line.at, first.author_kind, first.author, \
             first.client_id, line.body \
             FROM line LEFT JOIN first ON first.room = line.room AND first.seq = line.seq"
        );
        Ok(())
    }

    async fn put_feed(&self, connection: &mut PgConnection) -> Result<(), Failure> {
        put!(
            connection,
            self.records,
            "INSERT INTO feed SELECT * FROM jsonb_populate_recordset(NULL::feed, $1)"
        );
        put!(
            connection,
            self.cursors,
            "INSERT INTO cursors SELECT * FROM jsonb_populate_recordset(NULL::cursors, $1)"
        );
        Ok(())
    }
}
