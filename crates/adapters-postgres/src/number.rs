//! The domain counts from zero up, PostgreSQL's `bigint` to both sides.

/// As it is stored. No store counts beyond the last `bigint`: it stands for all there.
pub(crate) fn bigint(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// As it was counted. Columns of counts are checked not to be negative.
pub(crate) fn count(bigint: i64) -> u64 {
    u64::try_from(bigint).unwrap_or(0)
}

/// How many rows at most.
pub(crate) fn limit(items: usize) -> i64 {
    i64::try_from(items).unwrap_or(i64::MAX)
}
