//! Moving house: a store as a file, and a file as a store.
//!
//! An archive is NDJSON: one JSON object a line, each with one key that says what it is. The
//! first line is a `header`, the last a `footer`, and between them stand a store's entries in
//! the order of [`Entry::place`](greenroom_domain::shared::archive::Entry::place). The footer
//! holds the SHA-256 of the entries' lines, which is the same for every store that holds the
//! same, and that of all lines before it. Secrets are in it as the store has them: hashed, or
//! sealed under the master key, which is not in it. Pictures are not in it.

mod file;
mod import;
mod item;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

use std::collections::BTreeMap;
use std::sync::Arc;

use greenroom_domain::shared::archive::{self, Archive, EntryKind};
use greenroom_domain::shared::clock::Clock;
use serde::Serialize;
use tokio::io::{AsyncBufRead, AsyncWrite};

pub use file::NewFile;
pub(crate) use file::UNFINISHED;
pub use import::{ImportError, Purpose, import};
pub use reader::ReadError;

use crate::archive::item::Header;
use crate::archive::reader::Reader;
use crate::archive::writer::Writer;

/// The format that this version writes, and the only one that it reads.
const FORMAT: u32 = 1;

/// The longest line, in bytes: no entry that the application makes is near it.
const LONGEST: usize = 64 << 20;

/// How many entries of each kind there are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Counts(BTreeMap<&'static str, u64>);

/// What an archive, or a store, holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// How many entries of each kind.
    pub entries: Counts,
    /// The SHA-256 of them all, in hexadecimal: equal stores have equal ones.
    pub content: String,
}

/// Is told now and then how far it is.
pub type Progress<'a> = &'a mut (dyn FnMut(&Counts) + Send);

/// An export came to no end.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The archive cannot be written.
    #[error("cannot write the archive")]
    Write(#[source] std::io::Error),
    /// The store cannot be exported.
    #[error(transparent)]
    Store(archive::ExportError),
    /// What a server gave is no whole archive.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Exports a store.
pub(crate) struct Exporter {
    pub(crate) archive: Arc<dyn Archive>,
    pub(crate) clock: Arc<dyn Clock>,
    /// What kind of store it is.
    pub(crate) store: &'static str,
    /// The fingerprint of the key that its secrets are sealed under.
    pub(crate) master_key: String,
}

impl Exporter {
    /// Writes the whole store.
    pub(crate) async fn export(
        &self,
        to: impl AsyncWrite + Send + Unpin,
        progress: Progress<'_>,
    ) -> Result<Summary, ExportError> {
        let header = Header {
            format: FORMAT,
            made_at: self.clock.now().to_rfc3339(),
            made_by: concat!("greenroom ", env!("CARGO_PKG_VERSION")).to_owned(),
            store: self.store.to_owned(),
            master_key: self.master_key.clone(),
        };
        let writer = Writer::begin(to, header, progress).await;
        let mut writer = writer.map_err(ExportError::Write)?;
        let exported = self.archive.export(&mut writer).await;
        exported.map_err(ExportError::Store)?;
        writer.finish().await.map_err(ExportError::Write)
    }
}

/// Passes an archive on, line by line, as far as it is whole.
pub async fn copy(
    from: impl AsyncBufRead + Send + Unpin,
    to: impl AsyncWrite + Send + Unpin,
    progress: Progress<'_>,
) -> Result<Summary, ExportError> {
    let mut reader = Reader::open(from).await?;
    let mut out = writer::Lines::new(to);
    out.write(reader.line()).await.map_err(ExportError::Write)?;
    loop {
        let entry = reader.advance().await?;
        out.write(reader.line()).await.map_err(ExportError::Write)?;
        match entry {
            Some(_) if reader.counts().is_round() => progress(reader.counts()),
            Some(_) => {}
            None => break,
        }
    }
    out.finish().await.map_err(ExportError::Write)?;
    Ok(reader.summary())
}

/// What a store holds, to be compared with what an archive says.
async fn summary_of(archive: &dyn Archive) -> Result<Summary, archive::ExportError> {
    let mut ignored = |_: &Counts| {};
    let mut writer = Writer::silent(&mut ignored);
    archive.export(&mut writer).await?;
    Ok(writer.summary())
}

impl Counts {
    /// How many in all.
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// The kinds that there are, and how many of each.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.0.iter().map(|(name, count)| (*name, *count))
    }

    fn add(&mut self, kind: EntryKind) {
        *self.0.entry(name(kind)).or_default() += 1;
    }

    /// Often enough to be told.
    fn is_round(&self) -> bool {
        self.total().is_multiple_of(1000)
    }
}

/// What entries of a kind are called.
fn name(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Epoch => "epoch",
        EntryKind::User => "users",
        EntryKind::Session => "sessions",
        EntryKind::Channel => "channels",
        EntryKind::StreamKey => "stream_keys",
        EntryKind::Stream => "streams",
        EntryKind::Counts => "counts",
        EntryKind::Recording => "recordings",
        EntryKind::Room => "rooms",
        EntryKind::Restriction => "restrictions",
        EntryKind::Appointment => "appointments",
        EntryKind::Follow => "follows",
        EntryKind::Followers => "followers",
        EntryKind::Block => "blocks",
        EntryKind::Audited => "audited",
        EntryKind::Reply => "replies",
        EntryKind::Claim => "claims",
        EntryKind::Line => "lines",
        EntryKind::FeedBase => "feed_base",
        EntryKind::FeedRecord => "feed_records",
        EntryKind::Cursor => "cursors",
    }
}
