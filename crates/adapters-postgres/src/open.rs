//! Opening: the schema, and what has to be known before the first question.

use greenroom_domain::shared::feed::FeedPosition;
use greenroom_domain::shared::store::StoreError;
use sqlx::migrate::{MigrateError as Migration, Migrator};
use sqlx::postgres::PgPoolOptions;
use sqlx::{ConnectOptions, PgPool};

use crate::error::{Failure, Impossible, TimedOut, corrupt, unavailable};
use crate::number::count;
use crate::options::{ACQUIRE_WITHIN, ANSWER_WITHIN, PgOptions};
use crate::read::Links;

/// The steps to today's schema.
static MIGRATIONS: Migrator = sqlx::migrate!();

/// The store was not opened; nothing is changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database was never migrated, or not to this version.
    #[error("the database's schema is older than this version; run `greenroom migrate`")]
    Older,
    /// A newer version migrated it.
    #[error("the database's schema is newer than this version; run the newer Greenroom")]
    Newer,
    /// Other nodes run on it that this one does not fit.
    #[error(
        "another node runs on this database; nodes that share one need `[redis]` configured \
         on each of them"
    )]
    AnotherNode,
    /// It cannot be reached, or holds what makes no sense.
    #[error("the database cannot be opened")]
    Store(#[source] StoreError),
}

/// The schema is not up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// A newer version migrated it.
    #[error("the database's schema is newer than this version; run the newer Greenroom")]
    Newer,
    /// It cannot be reached, or a step failed.
    #[error("the database's schema cannot be brought up to date")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<sqlx::Error> for OpenError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(Failure::from(error).into())
    }
}

pub(crate) async fn migrate(options: &PgOptions) -> Result<(), MigrateError> {
    let failed = |error| MigrateError::Failed(Box::new(error));
    let mut connection = options.patient().connect().await.map_err(failed)?;
    match MIGRATIONS.run(&mut connection).await {
        Ok(()) => Ok(()),
        Err(Migration::VersionMissing(_) | Migration::VersionTooNew(..)) => {
            Err(MigrateError::Newer)
        }
        Err(other) => Err(MigrateError::Failed(Box::new(other))),
    }
}

/// What reads go through.
pub(crate) fn pool(options: &PgOptions, links: &Links) -> PgPool {
    let links = links.clone();
    PgPoolOptions::new()
        .max_connections(options.max_connections)
        .acquire_timeout(ACQUIRE_WITHIN)
        .test_before_acquire(false)
        .before_acquire(move |_, meta| {
            let is_trusted = links.are_trusted_at(meta.age);
            Box::pin(async move { Ok(is_trusted) })
        })
        .connect_lazy_with(options.bounded())
}

/// What stands in the database when it is opened.
pub(crate) struct Opened {
    pub(crate) epoch: u32,
    pub(crate) head: FeedPosition,
}

pub(crate) async fn check(pool: &PgPool) -> Result<Opened, OpenError> {
    match tokio::time::timeout(ANSWER_WITHIN, look(pool)).await {
        Ok(opened) => opened,
        Err(_) => Err(OpenError::Store(unavailable(TimedOut))),
    }
}

async fn look(pool: &PgPool) -> Result<Opened, OpenError> {
    let expected = MIGRATIONS.iter().map(|step| step.version).max();
    match schema(pool).await?.cmp(&expected) {
        std::cmp::Ordering::Less => return Err(OpenError::Older),
        std::cmp::Ordering::Greater => return Err(OpenError::Newer),
        std::cmp::Ordering::Equal => {}
    }
    let meta = sqlx::query!("SELECT epoch, position FROM meta, feed_head")
        .fetch_one(pool)
        .await?;
    let epoch =
        u32::try_from(meta.epoch).map_err(|_| OpenError::Store(corrupt("epoch", Impossible)))?;
    Ok(Opened {
        epoch,
        head: FeedPosition(count(meta.position)),
    })
}

/// The newest step that was done. Asked unchecked: its table is the migrator's own, and need
/// not be there.
async fn schema(pool: &PgPool) -> sqlx::Result<Option<i64>> {
    let is_there = "SELECT to_regclass('_sqlx_migrations') IS NOT NULL";
    if !sqlx::query_scalar(is_there).fetch_one(pool).await? {
        return Ok(None);
    }
    sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations WHERE success")
        .fetch_one(pool)
        .await
}
