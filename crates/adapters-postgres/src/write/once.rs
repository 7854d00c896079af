//! What requests have made.

use std::time::Duration;

use sqlx::PgConnection;
use sqlx::types::Json;

use crate::draft::Writes;
use crate::error::Failure;
use crate::number::limit;
use crate::once::ReplyRow;

/// So long a reply is kept at least, by the times of those that came after it.
const REPLIES_FOR: Duration = Duration::from_secs(24 * 3600);

/// So many old replies are forgotten for each new one: more go than come.
const FORGOTTEN_FOR_EACH: usize = 2;

/// Keeps the new ones, and forgets some that are old. Those that another node is forgetting
/// already are left to it.
pub(super) async fn replies(
    connection: &mut PgConnection,
    writes: &Writes<'_>,
) -> Result<(), Failure> {
    let Some(newest) = writes.replies.values().map(|it| it.at).max() else {
        return Ok(());
    };
    let rows = writes.replies.values().map(|reply| ReplyRow::of(reply));
    let rows: Vec<_> = rows.collect();
    let forgotten = limit(FORGOTTEN_FOR_EACH * rows.len());
    sqlx::query!(
        "WITH forgotten AS ( \
             DELETE FROM replies WHERE ctid = ANY (ARRAY( \
                 SELECT ctid FROM replies WHERE at < $2 ORDER BY at LIMIT $3 \
                 FOR UPDATE SKIP LOCKED \
             )) \
         ) \
         INSERT INTO replies SELECT * FROM jsonb_populate_recordset(NULL::replies, $1)",
        Json(rows) as _,
        (newest - REPLIES_FOR).micros(),
        forgotten
    )
    .execute(connection)
    .await?;
    Ok(())
}
