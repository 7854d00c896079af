//! Moving house: one transaction that sees one moment, and one that keeps all or nothing.

mod put;

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use greenroom_domain::shared::archive::{
    Archive, Entry, EntryKind, EntrySink, EntrySource, ExportError, ImportError,
};
use greenroom_domain::shared::feed::FeedPosition;
use sqlx::{ConnectOptions, Connection, PgConnection, Postgres, Transaction};
use uuid::Uuid;

use crate::account::SessionRow;
use crate::archive::put::Rows;
use crate::chat::audit;
use crate::chat::moderation::{self, AppointmentRow, RestrictionRow};
use crate::claim::{ClaimKey, parse_holder};
use crate::committer::NODES_LOCK;
use crate::error::{Failure, corrupt, unavailable};
use crate::number::{bigint, count};
use crate::once::ReplyRow;
use crate::{PgStore, account, channel, chat, feed, listen, once, read, recording, social, stream};

/// So many entries are read at once.
const AT_ONCE: i64 = 256;

/// The kinds of claims in the order of their entries.
const CLAIMS: [&str; 8] = [
    "username",
    "subject",
    "first_administrator",
    "handle",
    "channel_of",
    "key_hash",
    "live_stream",
    "recording_of",
];

/// Whether anything is in any table. Not checked by the compiler: it is a statement that
/// reads tables from their beginning, as no other may, and stops at the first row.
const IS_INHABITED: &str = "SELECT EXISTS (SELECT FROM users) OR EXISTS (SELECT FROM sessions) \
     OR EXISTS (SELECT FROM channels) OR EXISTS (SELECT FROM stream_keys) \
     OR EXISTS (SELECT FROM streams) OR EXISTS (SELECT FROM stream_counts) \
     OR EXISTS (SELECT FROM recordings) \
     OR EXISTS (SELECT FROM rooms) OR EXISTS (SELECT FROM restrictions) \
     OR EXISTS (SELECT FROM appointments) OR EXISTS (SELECT FROM follows) \
     OR EXISTS (SELECT FROM follower_counts) OR EXISTS (SELECT FROM blocks) \
     OR EXISTS (SELECT FROM audited) OR EXISTS (SELECT FROM replies) \
     OR EXISTS (SELECT FROM lines) OR EXISTS (SELECT FROM claims) \
     OR EXISTS (SELECT FROM feed) OR EXISTS (SELECT FROM cursors) \
     OR EXISTS (SELECT FROM meta, feed_head WHERE feed_base > 0 OR position > 0)";

/// Nodes that run on a database would not notice that it is another.
#[derive(Debug, thiserror::Error)]
#[error("a node runs on this database; stop all of them")]
struct Running;

#[async_trait]
impl Archive for PgStore {
    async fn export(&self, to: &mut dyn EntrySink) -> Result<(), ExportError> {
        let failed = |failure: Failure| ExportError::Store(failure.into());
        let connected = self.options.patient().connect().await;
        let mut connection = connected.map_err(|e| failed(e.into()))?;
        let snapshot = Snapshot::begin(&mut connection).await;
        let mut snapshot = snapshot.map_err(failed)?;
        for kind in EntryKind::ALL {
            let mut last = None;
            loop {
                let entries = snapshot.page(kind, last.as_ref()).await;
                let entries = entries.map_err(failed)?;
                let Some(newest) = entries.last() else { break };
                last = Some(newest.clone());
                to.take(entries).await.map_err(ExportError::Sink)?;
            }
        }
        Ok(())
    }

    async fn import(&self, from: &mut dyn EntrySource) -> Result<(), ImportError> {
        let failed = |failure: Failure| ImportError::Store(failure.into());
        let connected = self.options.patient().connect().await;
        let mut connection = connected.map_err(|e| failed(e.into()))?;
        // Undone when it is dropped before its end.
        let transaction = connection.begin().await;
        let mut transaction = transaction.map_err(|e| failed(e.into()))?;
        let is_alone = sqlx::query_scalar!(
            r#"SELECT pg_try_advisory_xact_lock($1) AS "is_alone!""#,
            NODES_LOCK
        );
        let is_alone = is_alone.fetch_one(&mut *transaction).await;
        if !is_alone.map_err(|e| failed(e.into()))? {
            return Err(ImportError::Store(unavailable(Running)));
        }
        let is_inhabited = sqlx::query_scalar(IS_INHABITED)
            .fetch_one(&mut *transaction)
            .await;
        if is_inhabited.map_err(|e| failed(e.into()))? {
            return Err(ImportError::NotEmpty);
        }
        let mut whole = Whole::new();
        loop {
            let entries = from.next().await.map_err(ImportError::Source)?;
            if entries.is_empty() {
                break;
            }
            let mut rows = Rows::default();
            for entry in entries {
                whole.see(&entry);
                rows.add(entry);
            }
            rows.put(&mut transaction).await.map_err(failed)?;
        }
        whole.put(&mut transaction).await.map_err(failed)?;
        let committed = transaction.commit().await;
        committed.map_err(|e| failed(e.into()))?;
        self.epoch.store(whole.epoch, Ordering::Release);
        listen::raise(&self.head, whole.head);
        Ok(())
    }
}

/// What stands in a database once.
#[derive(Debug)]
struct Whole {
    epoch: u32,
    base: FeedPosition,
    head: FeedPosition,
}

impl Whole {
    fn new() -> Self {
        Self {
            epoch: 0,
            base: FeedPosition::START,
            head: FeedPosition::START,
        }
    }

    fn see(&mut self, entry: &Entry) {
        match entry {
            Entry::Epoch(epoch) => self.epoch = *epoch,
            Entry::FeedBase(base) => (self.base, self.head) = (*base, *base),
            Entry::FeedRecord(_, record) => self.head = record.position,
            _ => {}
        }
    }

    async fn put(&self, connection: &mut PgConnection) -> Result<(), Failure> {
        let epoch = i32::try_from(self.epoch).map_err(|e| corrupt("epoch", e))?;
        sqlx::query!(
            "WITH described AS (UPDATE meta SET epoch = $1, feed_base = $2) \
             UPDATE feed_head SET position = $3",
            epoch,
            bigint(self.base.0),
            bigint(self.head.0)
        )
        .execute(connection)
        .await?;
        Ok(())
    }
}

/// The database as it was at one moment.
struct Snapshot<'c> {
    transaction: Transaction<'c, Postgres>,
    epoch: u32,
    feed_base: FeedPosition,
}

impl<'c> Snapshot<'c> {
    async fn begin(connection: &'c mut PgConnection) -> Result<Self, Failure> {
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        let mut transaction = connection.begin_with(begin).await?;
        // The first statement fixes the moment.
        let meta = sqlx::query!("SELECT epoch, feed_base FROM meta");
        let meta = meta.fetch_one(&mut *transaction).await?;
        Ok(Self {
            transaction,
            epoch: u32::try_from(meta.epoch).map_err(|e| corrupt("epoch", e))?,
            feed_base: FeedPosition(count(meta.feed_base)),
        })
    }

    /// Some entries of a kind, behind the last one that was given; none when there are no
    /// more.
    async fn page(&mut self, kind: EntryKind, last: Option<&Entry>) -> Result<Vec<Entry>, Failure> {
        let (connection, epoch) = (&mut *self.transaction, self.epoch);
        Ok(match kind {
            EntryKind::Epoch | EntryKind::FeedBase if last.is_some() => Vec::new(),
            EntryKind::Epoch => vec![Entry::Epoch(epoch)],
            EntryKind::FeedBase => vec![Entry::FeedBase(self.feed_base)],
            EntryKind::User => {
                let rows = account::users_behind(connection, id_of(last), AT_ONCE).await?;
                entries(read::all_stored(rows)?, Entry::User)
            }
            EntryKind::Session => {
                let after = match last {
                    Some(Entry::Session(it)) => &it.id.0.0[..],
                    _ => &[],
                };
                let rows = account::sessions_behind(connection, after, AT_ONCE).await?;
                let sessions = rows.into_iter().map(SessionRow::parse);
                entries(sessions.collect::<Result<_, _>>()?, Entry::Session)
            }
            EntryKind::Channel => {
                let rows = channel::channels_behind(connection, id_of(last), AT_ONCE).await?;
                entries(read::all_stored(rows)?, Entry::Channel)
            }
            EntryKind::StreamKey => {
                let rows = channel::stream_keys_behind(connection, id_of(last), AT_ONCE).await?;
                entries(read::all_stored(rows)?, Entry::StreamKey)
            }
            EntryKind::Stream => {
                let rows = stream::streams_behind(connection, id_of(last), AT_ONCE).await?;
                entries(read::all_stored(rows)?, Entry::Stream)
            }
            EntryKind::Counts => {
                let rows = stream::counts_behind(connection, id_of(last), AT_ONCE).await?;
                entries(rows, |row| {
                    let (stream, counts) = row.parse();
                    Entry::Counts(stream, counts)
                })
            }
            EntryKind::Recording => {
                let rows = recording::recordings_behind(connection, id_of(last), AT_ONCE).await?;
                entries(read::all_stored(rows)?, Entry::Recording)
            }
            EntryKind::Room => {
                let rows = moderation::rooms_behind(connection, id_of(last), AT_ONCE).await?;
                entries(read::all_stored(rows)?, Entry::Room)
            }
            EntryKind::Restriction => restrictions(connection, last).await?,
            EntryKind::Appointment => {
                let rows =
                    moderation::appointments_behind(connection, ids_of(last), AT_ONCE).await?;
                let appointments = rows.into_iter().map(AppointmentRow::parse);
                entries(appointments.collect::<Result<_, _>>()?, Entry::Appointment)
            }
            EntryKind::Follow => {
                let rows = social::follows_behind(connection, ids_of(last), AT_ONCE).await?;
                entries(read::all_stored(rows)?, Entry::Follow)
            }
            EntryKind::Followers => {
                let rows = social::followers_behind(connection, id_of(last), AT_ONCE).await?;
                entries(rows, |row| {
                    let (channel, count) = row.parse();
                    Entry::Followers(channel, count)
                })
            }
            EntryKind::Block => {
                let rows = social::blocks_behind(connection, ids_of(last), AT_ONCE).await?;
                entries(rows, |row| Entry::Block(row.parse()))
            }
            EntryKind::Audited => audited(connection, last).await?,
            EntryKind::Reply => replies(connection, last).await?,
            EntryKind::Claim => claims(connection, last).await?,
            EntryKind::Line => {
                let after = match last {
                    Some(Entry::Line(room, line)) => (room.uuid(), bigint(line.place.seq.0)),
                    _ => (Uuid::nil(), 0),
                };
                let rows = chat::lines_behind(connection, after, AT_ONCE).await?;
                entries(rows, |(room, row)| Entry::Line(room, row.line(epoch)))
            }
            EntryKind::FeedRecord => {
                let after = match last {
                    Some(Entry::FeedRecord(_, it)) => bigint(it.position.0),
                    _ => 0,
                };
                let rows = feed::records_behind(connection, after, AT_ONCE).await?;
                entries(rows, |(at, record)| Entry::FeedRecord(at, record))
            }
            EntryKind::Cursor => {
                let after = match last {
                    Some(Entry::Cursor(consumer, _)) => consumer,
                    _ => "",
                };
                let rows = feed::cursors_behind(connection, after, AT_ONCE).await?;
                entries(rows, |(consumer, at)| Entry::Cursor(consumer, at))
            }
        })
    }
}

fn entries<T>(rows: Vec<T>, entry: impl Fn(T) -> Entry) -> Vec<Entry> {
    rows.into_iter().map(entry).collect()
}

/// The id of an entry that has one; before all where there is none: nobody's id is nil.
fn id_of(last: Option<&Entry>) -> Uuid {
    match last {
        Some(Entry::User(it)) => it.value.id.uuid(),
        Some(Entry::Channel(it)) => it.value.id.uuid(),
        Some(Entry::StreamKey(it)) => it.value.id.uuid(),
        Some(Entry::Stream(it)) => it.value.id.uuid(),
        Some(Entry::Counts(id, _)) => id.uuid(),
        Some(Entry::Recording(it)) => it.value.id.uuid(),
        Some(Entry::Room(it)) => it.value.channel.uuid(),
        Some(Entry::Followers(id, _)) => id.uuid(),
        _ => Uuid::nil(),
    }
}

/// The two ids of an entry that has two.
fn ids_of(last: Option<&Entry>) -> (Uuid, Uuid) {
    match last {
        Some(Entry::Appointment(it)) => (it.channel.uuid(), it.user.uuid()),
        Some(Entry::Follow(it)) => (it.value.follower.uuid(), it.value.channel.uuid()),
        Some(Entry::Block(it)) => (it.blocker.uuid(), it.blocked.uuid()),
        _ => (Uuid::nil(), Uuid::nil()),
    }
}

/// Before all kinds of identities there are.
const NOBODY: (i16, Uuid) = (-1, Uuid::nil());

async fn restrictions(
    connection: &mut PgConnection,
    last: Option<&Entry>,
) -> Result<Vec<Entry>, Failure> {
    let after = match last {
        Some(Entry::Restriction(it)) => (it.room.uuid(), chat::identity(it.subject)),
        _ => (Uuid::nil(), NOBODY),
    };
    let rows = moderation::restrictions_behind(connection, after, AT_ONCE).await?;
    let restriction = |row: RestrictionRow| Ok(Entry::Restriction(row.parse()?));
    rows.into_iter().map(restriction).collect()
}

async fn audited(
    connection: &mut PgConnection,
    last: Option<&Entry>,
) -> Result<Vec<Entry>, Failure> {
    let after = match last {
        Some(Entry::Audited(channel, it)) => (channel.uuid(), it.at.micros(), it.id.uuid()),
        _ => (Uuid::nil(), i64::MIN, Uuid::nil()),
    };
    let rows = audit::audited_behind(connection, after, AT_ONCE).await?;
    Ok(entries(rows, |(channel, event)| {
        Entry::Audited(channel, event)
    }))
}

async fn replies(
    connection: &mut PgConnection,
    last: Option<&Entry>,
) -> Result<Vec<Entry>, Failure> {
    let after = match last {
        Some(Entry::Reply(it)) => (chat::identity(it.by), it.key.as_str()),
        _ => (NOBODY, ""),
    };
    let rows = once::replies_behind(connection, after, AT_ONCE).await?;
    let reply = |row: ReplyRow| Ok(Entry::Reply(row.parse()?));
    rows.into_iter().map(reply).collect()
}

/// Some claims, kind by kind, behind the last one.
async fn claims(
    connection: &mut PgConnection,
    last: Option<&Entry>,
) -> Result<Vec<Entry>, Failure> {
    let (mut kinds, mut from) = (&CLAIMS[..], Vec::new());
    if let Some(Entry::Claim(claim, _)) = last {
        let ClaimKey { kind, key } = ClaimKey::of(claim);
        let index = CLAIMS.iter().position(|it| *it == kind);
        kinds = &CLAIMS[index.unwrap_or(0)..];
        // The first key that can stand behind it.
        from = [&key[..], &[0]].concat();
    }
    for kind in kinds {
        let rows = sqlx::query!(
            "SELECT key, holder_kind, holder FROM claims \
             WHERE kind = $1 AND key >= $2 ORDER BY key LIMIT $3",
            *kind,
            &from,
            AT_ONCE
        )
        .fetch_all(&mut *connection)
        .await?;
        if !rows.is_empty() {
            let claim = rows.into_iter().map(|row| {
                let holder = parse_holder(&row.holder_kind, row.holder)?;
                Ok(Entry::Claim(ClaimKey::parse(kind, &row.key)?, holder))
            });
            return claim.collect();
        }
        from.clear();
    }
    Ok(Vec::new())
}
