//! Carries out what was found good: one statement for each kind of row, however many.

mod moderation;
mod once;
mod social;

use std::collections::HashMap;

use greenroom_domain::chat::LineBody;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::feed::FeedPosition;
use sqlx::PgConnection;
use sqlx::postgres::PgQueryResult;
use sqlx::types::Json;
use uuid::Uuid;

use crate::account::{SessionRow, UserRow};
use crate::channel::{ChannelRow, StreamKeyRow};
use crate::chat::identity;
use crate::chat::moderation::RoomRow;
use crate::claim::ClaimRows;
use crate::draft::{Aggregates, Writes};
use crate::error::Failure;
use crate::number::{bigint, count};
use crate::recording::RecordingRow;
use crate::stream::StreamRow;

/// By which a transaction is found again when its answer was lost: it leaves its number in
/// its writer's row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    pub(crate) writer: Uuid,
    pub(crate) batch: i64,
}

/// A row came into being since it was looked for: what is not there cannot be locked.
#[derive(Debug, thiserror::Error)]
#[error("a row came into being at the same time")]
struct Unseen;

/// Answers with the feed's new head, if it told of something.
pub(crate) async fn carry_out(
    connection: &mut PgConnection,
    writes: &Writes<'_>,
    mark: Mark,
) -> Result<Option<FeedPosition>, Failure> {
    aggregates(connection, writes).await?;
    sessions(connection, writes).await?;
    moderation::restrictions(connection, writes).await?;
    moderation::appointments(connection, writes).await?;
    social::follows(connection, writes).await?;
    social::blocks(connection, writes).await?;
    claims(connection, writes).await?;
    counts(connection, writes).await?;
    social::followers(connection, writes).await?;
    cursors(connection, writes).await?;
    lines(connection, writes).await?;
    redactions(connection, writes).await?;
    moderation::audited(connection, writes).await?;
    once::replies(connection, writes).await?;
    finish(connection, writes, mark).await
}

async fn aggregates(connection: &mut PgConnection, writes: &Writes<'_>) -> Result<(), Failure> {
    // Rows as JSON: their types are the table's own. The second argument is which version
    // each id has now, so that a row that another node made meanwhile is not written over.
    macro_rules! write {
        ($rewrites:expr, $row:ty, $id:expr, $statement:tt) => {
            let rewrites = &$rewrites;
            if !rewrites.is_empty() {
                let rows = rewrites.values().map(|it| <$row>::of(it.next, it.to));
                let rows: Vec<_> = rows.collect();
                let from = versions(rewrites, $id);
                let written = sqlx::query!($statement, Json(rows) as _, Json(from) as _)
                    .execute(&mut *connection)
                    .await?;
                all_written(rewrites.len(), &written)?;
            }
        };
    }
    write!(
        writes.users,
        UserRow,
        |id| id.uuid(),
        "INSERT INTO users SELECT * FROM jsonb_populate_recordset(NULL::users, $1) \
         ON CONFLICT (id) DO UPDATE SET (version, username, display_name, avatar, role, creator, \
         password_hash, issuer, subject, created_at) = (excluded.version, excluded.username, \
         excluded.display_name, excluded.avatar, excluded.role, excluded.creator, \
         excluded.password_hash, excluded.issuer, excluded.subject, excluded.created_at) \
         WHERE users.version = ($2::jsonb ->> users.id::text)::bigint"
    );
    write!(
        writes.channels,
        ChannelRow,
        |id| id.uuid(),
        "INSERT INTO channels SELECT * FROM jsonb_populate_recordset(NULL::channels, $1) \
         ON CONFLICT (id) DO UPDATE SET (version, owner, handle, title, description, category, \
         language, tags, cover, gate, created_at) = (excluded.version, excluded.owner, \
         excluded.handle, excluded.title, excluded.description, excluded.category, \
         excluded.language, excluded.tags, excluded.cover, excluded.gate, excluded.created_at) \
         WHERE channels.version = ($2::jsonb ->> channels.id::text)::bigint"
    );
    write!(
        writes.stream_keys,
        StreamKeyRow,
        |id| id.uuid(),
        "INSERT INTO stream_keys SELECT * FROM jsonb_populate_recordset(NULL::stream_keys, $1) \
         ON CONFLICT (id) DO UPDATE SET (version, channel, label, bound_to, hash, sealed, \
         active_since, revoked_at, created_at) = (excluded.version, excluded.channel, \
         excluded.label, excluded.bound_to, excluded.hash, excluded.sealed, \
         excluded.active_since, excluded.revoked_at, excluded.created_at) \
         WHERE stream_keys.version = ($2::jsonb ->> stream_keys.id::text)::bigint"
    );
    write!(
        writes.streams,
        StreamRow,
        |id| id.uuid(),
        "INSERT INTO streams SELECT * FROM jsonb_populate_recordset(NULL::streams, $1) \
         ON CONFLICT (id) DO UPDATE SET (version, channel, title, category, generation, phase, \
         deadline, state, created_at) = (excluded.version, excluded.channel, excluded.title, \
         excluded.category, excluded.generation, excluded.phase, excluded.deadline, \
         excluded.state, excluded.created_at) \
         WHERE streams.version = ($2::jsonb ->> streams.id::text)::bigint"
    );
    write!(
        writes.recordings,
        RecordingRow,
        |id| id.uuid(),
        "INSERT INTO recordings SELECT * FROM jsonb_populate_recordset(NULL::recordings, $1) \
         ON CONFLICT (id) DO UPDATE SET (version, channel, stream, is_open, state, created_at) \
         = (excluded.version, excluded.channel, excluded.stream, excluded.is_open, \
         excluded.state, excluded.created_at) \
         WHERE recordings.version = ($2::jsonb ->> recordings.id::text)::bigint"
    );
    write!(
        writes.rooms,
        RoomRow,
        |id| id.uuid(),
        "INSERT INTO rooms SELECT * FROM jsonb_populate_recordset(NULL::rooms, $1) \
         ON CONFLICT (channel) DO UPDATE SET (version, settings, pins) \
         = (excluded.version, excluded.settings, excluded.pins) \
         WHERE rooms.version = ($2::jsonb ->> rooms.channel::text)::bigint"
    );
    Ok(())
}

fn versions<K, T>(rewrites: &Aggregates<'_, K, T>, id: fn(&K) -> Uuid) -> HashMap<Uuid, i64> {
    let from = rewrites.iter();
    from.map(|(key, it)| (id(key), bigint(it.from.0))).collect()
}

fn all_written(expected: usize, done: &PgQueryResult) -> Result<(), Failure> {
    if usize::try_from(done.rows_affected()) == Ok(expected) {
        Ok(())
    } else {
        Err(Failure::Overtaken(sqlx::Error::Encode(Box::new(Unseen))))
    }
}

async fn sessions(connection: &mut PgConnection, writes: &Writes<'_>) -> Result<(), Failure> {
    let kept = writes.sessions.values().flatten();
    let kept: Vec<_> = kept.map(|session| SessionRow::of(session)).collect();
    if !kept.is_empty() {
        sqlx::query!(
            "INSERT INTO sessions SELECT * FROM jsonb_populate_recordset(NULL::sessions, $1) \
             ON CONFLICT (id) DO UPDATE SET (user_id, created_at, expires_at) \
             = (excluded.user_id, excluded.created_at, excluded.expires_at)",
            Json(kept) as _
        )
        .execute(&mut *connection)
        .await?;
    }
    let ended = writes.sessions.iter().filter(|(_, it)| it.is_none());
    let ended: Vec<Vec<u8>> = ended.map(|(id, _)| id.0.0.to_vec()).collect();
    if !ended.is_empty() {
        sqlx::query!("DELETE FROM sessions WHERE id = ANY($1)", &ended)
            .execute(connection)
            .await?;
    }
    Ok(())
}

/// What changed hands is removed first: a name may have been another's. Only what was locked
/// is: one that somebody took since stays, and stands in the way.
async fn claims(connection: &mut PgConnection, writes: &Writes<'_>) -> Result<(), Failure> {
    let changed = || writes.claims.iter().filter(|(_, it)| it.from != it.to);
    let left = changed().filter_map(|(claim, it)| Some((claim, it.from?)));
    let left = ClaimRows::of(left);
    if !left.kinds.is_empty() {
        let removed = sqlx::query!(
            "DELETE FROM claims USING \
             unnest($1::text[], $2::bytea[], $3::text[], $4::uuid[]) \
             AS left_by (kind, key, holder_kind, holder) \
             WHERE claims.kind = left_by.kind AND claims.key = left_by.key \
             AND claims.holder_kind = left_by.holder_kind AND claims.holder = left_by.holder",
            &left.kinds,
            &left.keys,
            &left.holder_kinds,
            &left.holders
        )
        .execute(&mut *connection)
        .await?;
        all_written(left.kinds.len(), &removed)?;
    }
    let taken = changed().filter_map(|(claim, it)| Some((claim, it.to?)));
    let taken = ClaimRows::of(taken);
    if !taken.kinds.is_empty() {
        sqlx::query!(
            "INSERT INTO claims (kind, key, holder_kind, holder) \
             SELECT * FROM unnest($1::text[], $2::bytea[], $3::text[], $4::uuid[])",
            &taken.kinds,
            &taken.keys,
            &taken.holder_kinds,
            &taken.holders
        )
        .execute(connection)
        .await?;
    }
    Ok(())
}

async fn counts(connection: &mut PgConnection, writes: &Writes<'_>) -> Result<(), Failure> {
    if writes.counts.is_empty() {
        return Ok(());
    }
    let streams: Vec<Uuid> = writes.counts.keys().map(|id| id.uuid()).collect();
    let column = |of: fn(&greenroom_domain::stream::StreamCounts) -> u64| -> Vec<i64> {
        writes.counts.values().map(|it| bigint(of(it))).collect()
    };
    // As numbers without a bound, so that the last `bigint` stands for all beyond it.
    sqlx::query!(
        "INSERT INTO stream_counts AS it (stream, views, peak, messages) \
         SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[]) \
         ON CONFLICT (stream) DO UPDATE SET \
         views = LEAST(it.views::numeric + excluded.views, 9223372036854775807), \
         peak = GREATEST(it.peak, excluded.peak), \
         messages = LEAST(it.messages::numeric + excluded.messages, 9223372036854775807)",
        &streams,
        &column(|it| it.views),
        &column(|it| it.peak),
        &column(|it| it.messages)
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn cursors(connection: &mut PgConnection, writes: &Writes<'_>) -> Result<(), Failure> {
    if writes.cursors.is_empty() {
        return Ok(());
    }
    let consumers: Vec<String> = writes.cursors.keys().map(|&it| it.to_owned()).collect();
    let to: Vec<i64> = writes.cursors.values().map(|it| bigint(it.to.0)).collect();
    let from = writes.cursors.iter();
    let from = from.map(|(&consumer, it)| (consumer, bigint(it.from.0)));
    let from: HashMap<_, _> = from.collect();
    let moved = sqlx::query!(
        "INSERT INTO cursors (consumer, position) \
         SELECT * FROM unnest($1::text[], $2::bigint[]) \
         ON CONFLICT (consumer) DO UPDATE SET position = excluded.position \
         WHERE cursors.position = ($3::jsonb ->> cursors.consumer)::bigint",
        &consumers,
        &to,
        Json(from) as _
    )
    .execute(connection)
    .await?;
    all_written(writes.cursors.len(), &moved)
}

async fn lines(connection: &mut PgConnection, writes: &Writes<'_>) -> Result<(), Failure> {
    if writes.lines.is_empty() {
        return Ok(());
    }
    let lines = &writes.lines;
    let rooms: Vec<Uuid> = lines.iter().map(|it| it.line.room.uuid()).collect();
    let seqs: Vec<i64> = lines.iter().map(|it| bigint(it.seq.0)).collect();
    let ats: Vec<i64> = lines.iter().map(|it| it.line.at.micros()).collect();
    let mut kinds: Vec<Option<i16>> = Vec::with_capacity(lines.len());
    let mut authors: Vec<Option<Uuid>> = Vec::with_capacity(lines.len());
    let mut client_ids: Vec<Option<&str>> = Vec::with_capacity(lines.len());
    for it in lines {
        let repeat = it.line.repeat_key().filter(|_| it.is_first);
        let (kind, author) = repeat.map(|(author, _)| identity(author)).unzip();
        kinds.push(kind);
        authors.push(author);
        client_ids.push(repeat.map(|(_, id)| id.as_str()));
    }
    let bodies: Vec<Json<&LineBody>> = lines.iter().map(|it| Json(&it.line.body)).collect();
    let written: Vec<Uuid> = writes.ranges.keys().map(|room| room.uuid()).collect();
    let heads: Vec<i64> = writes.ranges.values().map(|it| bigint(it.last.0)).collect();
    sqlx::query!(
        "WITH moved AS ( \
             UPDATE room_heads SET seq = head.seq \
             FROM unnest($8::uuid[], $9::bigint[]) AS head (room, seq) \
             WHERE room_heads.room = head.room \
         ) \
         INSERT INTO lines (room, seq, at, author_kind, author, client_id, body) \
         SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::smallint[], \
         $5::uuid[], $6::text[], $7::jsonb[])",
        &rooms,
        &seqs,
        &ats,
        &kinds as _,
        &authors as _,
        &client_ids as _,
        &bodies as _,
        &written,
        &heads
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn redactions(connection: &mut PgConnection, writes: &Writes<'_>) -> Result<(), Failure> {
    if writes.redactions.is_empty() {
        return Ok(());
    }
    let columns = writes.redactions.iter();
    let (rooms, seqs): (Vec<Uuid>, Vec<i64>) = columns
        .map(|(room, seq)| (room.uuid(), bigint(seq.0)))
        .unzip();
    sqlx::query!(
        r#"UPDATE lines SET body = jsonb_set(body, '{message,content}', '"deleted"')
         FROM unnest($1::uuid[], $2::bigint[]) AS redacted (room, seq)
         WHERE lines.room = redacted.room AND lines.seq = redacted.seq AND body ? 'message'"#,
        &rooms,
        &seqs
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Tells the feed, if there is anything to tell, and counts the transaction. The last
/// statement, for the feed's head is locked from here to the end of the commit.
async fn finish(
    connection: &mut PgConnection,
    writes: &Writes<'_>,
    mark: Mark,
) -> Result<Option<FeedPosition>, Failure> {
    let ranges = writes.ranges.values();
    let ranges: Vec<_> = ranges
        .map(|range| (range.room.uuid(), range.first.0, range.last.0))
        .collect();
    let head = sqlx::query_scalar!(
        r#"WITH counted AS (
             INSERT INTO writers (id, batch, at) VALUES ($1, $2, now())
             ON CONFLICT (id) DO UPDATE SET batch = excluded.batch, at = excluded.at
         ), head AS (
             UPDATE feed_head SET position = position + 1 WHERE $3::bigint IS NOT NULL
             RETURNING position
         ), record AS (
             INSERT INTO feed (position, at, lines, events) SELECT position, $3, $4, $5 FROM head
         )
         SELECT position FROM head, pg_notify('greenroom_feed', head.position::text)"#,
        mark.writer,
        mark.batch,
        writes.at.map(Timestamp::micros),
        Json(ranges) as _,
        Json(&writes.events) as _
    )
    .fetch_optional(connection)
    .await?;
    Ok(head.map(|position| FeedPosition(count(position))))
}
