//! What an error of PostgreSQL means here.

use greenroom_domain::shared::store::StoreError;

/// Why something did not come about.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Somebody came between: the same again may do.
    Overtaken(sqlx::Error),
    /// The server cannot be reached, or does not take this now.
    Away(sqlx::Error),
    /// There is no space left.
    Full(sqlx::Error),
    /// It makes no sense to the server, or its answer none to us.
    Senseless(sqlx::Error),
    /// What is there cannot be read.
    Corrupt(StoreError),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Corrupt(error)
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(database) => match database.code().as_deref() {
                // Serialization failure, deadlock, unique violation.
                Some("40001" | "40P01" | "23505") => Self::Overtaken(error),
                Some("53100") => Self::Full(error),
                Some(code) if is_passing(code) => Self::Away(error),
                _ => Self::Senseless(error),
            },
            sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::Decode(_)
            | sqlx::Error::Encode(_)
            | sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::ColumnIndexOutOfBounds { .. }
            | sqlx::Error::TypeNotFound { .. }
            | sqlx::Error::RowNotFound => Self::Senseless(error),
            _ => Self::Away(error),
        }
    }
}

/// Whether a `SQLSTATE` speaks of how the server is, not of what it was asked.
fn is_passing(code: &str) -> bool {
    let class = code.get(..2).unwrap_or_default();
    // Connection, authorization, resources, an operator's or a time limit's hand, the system.
    matches!(class, "08" | "28" | "53" | "57" | "58")
        // Read-only, an idle transaction's end, a lock not to be had, a server that recovers,
        // a database that is not there, and a plan older than a migration.
        || matches!(code, "25006" | "25P03" | "55P03" | "55000" | "3D000" | "0A000")
}

/// Whether the connection is worth nothing any more; others of its age then are suspect too.
pub(crate) fn is_lost(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(database) => database.code().is_some_and(|code| {
            code.starts_with("08") || code.starts_with("57P") || code == "0A000"
        }),
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::WorkerCrashed => true,
        _ => false,
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Overtaken(error) | Failure::Away(error) | Failure::Full(error) => {
                Self::Unavailable(Box::new(error))
            }
            Failure::Senseless(error) => corrupt("row", error),
            Failure::Corrupt(error) => error,
        }
    }
}

/// A row that makes no sense.
pub(crate) fn corrupt(
    what: &'static str,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> StoreError {
    StoreError::Corrupt {
        what,
        source: source.into(),
    }
}

/// What is wrong with a row that no parser refused.
#[derive(Debug, thiserror::Error)]
#[error("it holds a value that cannot be")]
pub(crate) struct Impossible;

/// The database did not answer in time.
#[derive(Debug, thiserror::Error)]
#[error("the database did not answer in time")]
pub(crate) struct TimedOut;

/// The store was closed.
#[derive(Debug, thiserror::Error)]
#[error("the store is closed")]
pub(crate) struct Closed;

pub(crate) fn unavailable(why: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Unavailable(Box::new(why))
}
