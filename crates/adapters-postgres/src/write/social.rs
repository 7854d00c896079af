//! Who follows whom, and who has blocked whom.

use greenroom_domain::shared::store::Version;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::draft::Writes;
use crate::error::Failure;
use crate::number::bigint;
use crate::social::notify_name;
use crate::write::all_written;

pub(super) async fn follows(
    connection: &mut PgConnection,
    writes: &Writes<'_>,
) -> Result<(), Failure> {
    // What comes and goes in one batch was never there.
    let changed = writes.follows.iter();
    let changed = changed.filter(|(_, it)| it.from != Version::NEW || it.to.is_some());
    let changed: Vec<_> = changed.collect();
    if changed.is_empty() {
        return Ok(());
    }
    let rows = changed.iter();
    let followers: Vec<Uuid> = rows.clone().map(|((who, _), _)| who.uuid()).collect();
    let channels: Vec<Uuid> = rows.clone().map(|((_, of), _)| of.uuid()).collect();
    let from: Vec<i64> = rows.clone().map(|(_, it)| bigint(it.from.0)).collect();
    let to: Vec<_> = rows.map(|(_, it)| it.to).collect();
    let versions: Vec<Option<i64>> = to.iter().map(|to| Some(bigint(to.as_ref()?.1.0))).collect();
    let notify: Vec<Option<&str>> = to
        .iter()
        .map(|to| Some(notify_name(to.as_ref()?.0.notify)))
        .collect();
    let ats: Vec<Option<i64>> = to
        .iter()
        .map(|to| Some(to.as_ref()?.0.at.micros()))
        .collect();
    let written = sqlx::query!(
        "MERGE INTO follows AS it \
         USING unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::text[], \
         $6::bigint[]) AS next (follower, channel, seen, version, notify, at) \
         ON it.follower = next.follower AND it.channel = next.channel \
         WHEN MATCHED AND it.version = next.seen AND next.version IS NULL THEN DELETE \
         WHEN MATCHED AND it.version = next.seen THEN \
             UPDATE SET (version, notify, at) = (next.version, next.notify, next.at) \
         WHEN NOT MATCHED AND next.seen = 0 THEN \
             INSERT (follower, channel, version, notify, at) \
             VALUES (next.follower, next.channel, next.version, next.notify, next.at)",
        &followers,
        &channels,
        &from,
        &versions as _,
        &notify as _,
        &ats as _
    )
    .execute(connection)
    .await?;
    all_written(changed.len(), &written)
}

pub(super) async fn followers(
    connection: &mut PgConnection,
    writes: &Writes<'_>,
) -> Result<(), Failure> {
    if writes.followers.is_empty() {
        return Ok(());
    }
    let channels: Vec<Uuid> = writes.followers.keys().map(|id| id.uuid()).collect();
    let by: Vec<i64> = writes.followers.values().map(|it| it.by).collect();
    let least: Vec<i64> = writes.followers.values().map(|it| it.least).collect();
    // As a number without a bound, so that the last `bigint` stands for all beyond it.
    sqlx::query!(
        "MERGE INTO follower_counts AS it \
         USING unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS moved (channel, by, least) \
         ON it.channel = moved.channel \
         WHEN MATCHED THEN UPDATE SET followers = \
             LEAST(GREATEST(it.followers::numeric + moved.by, moved.least), 9223372036854775807) \
         WHEN NOT MATCHED THEN INSERT (channel, followers) \
             VALUES (moved.channel, GREATEST(moved.by, moved.least))",
        &channels,
        &by,
        &least
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn blocks(
    connection: &mut PgConnection,
    writes: &Writes<'_>,
) -> Result<(), Failure> {
    if writes.blocks.is_empty() {
        return Ok(());
    }
    let pairs = writes.blocks.keys();
    let (blockers, blocked): (Vec<Uuid>, Vec<Uuid>) =
        pairs.map(|(by, whom)| (by.uuid(), whom.uuid())).unzip();
    let ats = writes.blocks.values();
    let ats: Vec<Option<i64>> = ats.map(|it| it.map(|it| it.at.micros())).collect();
    sqlx::query!(
        "MERGE INTO blocks AS it \
         USING unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS next (blocker, blocked, at) \
         ON it.blocker = next.blocker AND it.blocked = next.blocked \
         WHEN MATCHED AND next.at IS NULL THEN DELETE \
         WHEN MATCHED THEN UPDATE SET at = next.at \
         WHEN NOT MATCHED AND next.at IS NOT NULL THEN \
             INSERT (blocker, blocked, at) VALUES (next.blocker, next.blocked, next.at)",
        &blockers,
        &blocked,
        &ats as _
    )
    .execute(connection)
    .await?;
    Ok(())
}
