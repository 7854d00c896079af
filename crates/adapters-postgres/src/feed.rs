//! The feed: one record for each transaction that told of something.

use async_trait::async_trait;
use greenroom_domain::chat::Seq;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::event::Event;
use greenroom_domain::shared::feed::{
    Consumer, Feed, FeedError, FeedPosition, FeedRecord, LineRange,
};
use greenroom_domain::shared::id::ChannelId;
use greenroom_domain::shared::store::StoreError;
use sqlx::PgConnection;
use sqlx::types::Json;
use tokio::time::timeout;
use uuid::Uuid;

use crate::PgStore;
use crate::error::{Failure, TimedOut, unavailable};
use crate::number::{bigint, count, limit};
use crate::options::ANSWER_WITHIN;

/// So many records are forgotten in one transaction.
const PRUNE_AT_ONCE: i64 = 1000;

/// The ranges of a record's lines: room, first and last.
pub(crate) type Ranges = Json<Vec<(Uuid, u64, u64)>>;

#[async_trait]
impl Feed for PgStore {
    async fn read(&self, after: FeedPosition, most: usize) -> Result<Vec<FeedRecord>, FeedError> {
        // The base and the records are of one moment: what is forgotten meanwhile does not
        // look as if it had never been.
        let rows = self
            .read(|| {
                sqlx::query!(
                    r#"SELECT feed_base, record.position AS "position?",
                     record.lines AS "lines?: Ranges", record.events AS "events?: Json<Vec<Event>>"
                     FROM meta LEFT JOIN (
                         SELECT position, lines, events FROM feed
                         WHERE position > $1 ORDER BY position LIMIT $2
                     ) AS record ON true
                     ORDER BY record.position"#,
                    bigint(after.0),
                    limit(most)
                )
                .fetch_all(&self.pool)
            })
            .await?;
        if rows.iter().any(|row| count(row.feed_base) > after.0) {
            return Err(FeedError::Gone);
        }
        // Without a record there is one row, of the base alone.
        let records = rows
            .into_iter()
            .filter_map(|row| Some(record(row.position?, row.lines?, row.events?)));
        Ok(records.collect())
    }

    async fn head(&self) -> Result<FeedPosition, StoreError> {
        let head = self
            .read(|| sqlx::query_scalar!("SELECT position FROM feed_head").fetch_one(&self.pool))
            .await?;
        Ok(FeedPosition(count(head)))
    }

    async fn cursor(&self, consumer: Consumer) -> Result<Option<FeedPosition>, StoreError> {
        let position = self
            .read(|| {
                sqlx::query_scalar!(
                    "SELECT position FROM cursors WHERE consumer = $1",
                    consumer.0
                )
                .fetch_optional(&self.pool)
            })
            .await?;
        Ok(position.map(count).map(FeedPosition))
    }

    async fn changed(&self, after: FeedPosition) {
        let mut head = self.head.subscribe();
        // The sender lives as long as the store, which is borrowed here.
        let _ = head.wait_for(|head| *head > after).await;
    }

    async fn prune(&self, through: FeedPosition, before: Timestamp) -> Result<(), StoreError> {
        loop {
            let step = timeout(ANSWER_WITHIN, self.prune_some(through, before));
            match step.await {
                Ok(Ok(false)) => return Ok(()),
                Ok(Ok(true)) => {}
                Ok(Err(error)) => return Err(Failure::from(error).into()),
                Err(_) => return Err(unavailable(TimedOut)),
            }
        }
    }
}

impl PgStore {
    /// Forgets the oldest records. True when there may be more.
    async fn prune_some(&self, through: FeedPosition, before: Timestamp) -> sqlx::Result<bool> {
        let mut transaction = self.pool.begin().await?;
        // Locked, so that two nodes take turns.
        let base = sqlx::query_scalar!("SELECT feed_base FROM meta FOR UPDATE")
            .fetch_one(&mut *transaction)
            .await?;
        let oldest = sqlx::query!(
            "SELECT position, at FROM feed WHERE position > $1 AND position <= $2 \
             ORDER BY position LIMIT $3",
            base,
            bigint(through.0),
            PRUNE_AT_ONCE
        )
        .fetch_all(&mut *transaction)
        .await?;
        let old = oldest.iter().take_while(|it| it.at < before.micros());
        let Some(last) = old.last() else {
            return Ok(false);
        };
        sqlx::query!(
            "DELETE FROM feed WHERE position > $1 AND position <= $2",
            base,
            last.position
        )
        .execute(&mut *transaction)
        .await?;
        sqlx::query!("UPDATE meta SET feed_base = $1", last.position)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(last.position - base == PRUNE_AT_ONCE)
    }
}

/// Some records with the newest moments that they speak of, behind a position.
pub(crate) async fn records_behind(
    connection: &mut PgConnection,
    after: i64,
    most: i64,
) -> sqlx::Result<Vec<(Timestamp, FeedRecord)>> {
    let rows = sqlx::query!(
        r#"SELECT position, at, lines AS "lines: Ranges", events AS "events: Json<Vec<Event>>"
         FROM feed WHERE position > $1 ORDER BY position LIMIT $2"#,
        after,
        most
    )
    .fetch_all(connection)
    .await?;
    let record = rows.into_iter().map(|row| {
        let at = Timestamp::from_micros(row.at);
        (at, record(row.position, row.lines, row.events))
    });
    Ok(record.collect())
}

/// Some cursors in the order of their consumers' names, behind one.
pub(crate) async fn cursors_behind(
    connection: &mut PgConnection,
    after: &str,
    most: i64,
) -> sqlx::Result<Vec<(String, FeedPosition)>> {
    let rows = sqlx::query!(
        "SELECT consumer, position FROM cursors WHERE consumer > $1 ORDER BY consumer LIMIT $2",
        after,
        most
    )
    .fetch_all(connection)
    .await?;
    let cursor = rows.into_iter().map(|row| {
        let position = FeedPosition(count(row.position));
        (row.consumer, position)
    });
    Ok(cursor.collect())
}

fn record(position: i64, Json(lines): Ranges, Json(events): Json<Vec<Event>>) -> FeedRecord {
    let lines = lines.into_iter().map(|(room, first, last)| LineRange {
        room: ChannelId::from_uuid(room),
        first: Seq(first),
        last: Seq(last),
    });
    FeedRecord {
        position: FeedPosition(count(position)),
        events,
        lines: lines.collect(),
    }
}
