//! Entries that are given and taken.

use async_trait::async_trait;
use greenroom_domain::shared::archive::{BoxError, Entry, EntrySink, EntrySource};

/// Entries in memory.
pub(super) struct Entries {
    pub(super) all: Vec<Entry>,
    given: usize,
    pub(super) end: End,
}

/// What comes behind the last entry.
pub(super) enum End {
    Whole,
    Broken,
    /// Tells that it was reached.
    Never(Option<tokio::sync::oneshot::Sender<()>>),
}

impl Entries {
    pub(super) fn of(entries: Vec<Entry>) -> Self {
        Self {
            all: entries,
            given: 0,
            end: End::Whole,
        }
    }
}

#[async_trait]
impl EntrySink for Entries {
    async fn take(&mut self, entries: Vec<Entry>) -> Result<(), BoxError> {
        assert!(
            (1..=1000).contains(&entries.len()),
            "{} entries at once",
            entries.len()
        );
        self.all.extend(entries);
        Ok(())
    }
}

#[async_trait]
impl EntrySource for Entries {
    async fn next(&mut self) -> Result<Vec<Entry>, BoxError> {
        let rest = &self.all[self.given..];
        let some = rest[..rest.len().min(100)].to_vec();
        self.given += some.len();
        if some.is_empty() {
            match &mut self.end {
                End::Whole => {}
                End::Broken => return Err("it breaks off".into()),
                End::Never(reached) => {
                    // Whoever waited for it may have gone.
                    reached.take().map(|reached| reached.send(()).ok());
                    std::future::pending::<()>().await;
                }
            }
        }
        Ok(some)
    }
}
