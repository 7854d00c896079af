//! What reading a store can come to.

use std::error::Error;

/// An aggregate as it was read, and the version to write it back with.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored<T> {
    /// The aggregate.
    pub value: T,
    /// How often it has been written.
    pub version: Version,
}

/// How often an aggregate has been written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u64);

impl Version {
    /// It has never been written: a write that has seen this creates.
    pub const NEW: Self = Self(0);

    /// After one more write.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// A port could not answer. Nothing is known of what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached now; later it may.
    #[error("the store cannot be reached")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// What it holds makes no sense. Trying again will not help.
    #[error("the store holds a {what} that cannot be read")]
    Corrupt {
        /// Which kind of record.
        what: &'static str,
        /// What is wrong with it.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}
