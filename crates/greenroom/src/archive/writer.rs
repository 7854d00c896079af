//! Entries in, lines out.

use std::io;
use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::digest::{Context, SHA256};
use greenroom_domain::shared::archive::{BoxError, Entry, EntrySink};
use tokio::io::{AsyncWrite, AsyncWriteExt as _, BufWriter, Sink};
use tokio::time::timeout;

use crate::archive::item::{Footer, Header, Hex, Item};
use crate::archive::{Counts, LONGEST, Progress, Summary};

/// How long it is waited for somebody to take what is written.
const PATIENCE: Duration = Duration::from_secs(300);

/// Writes an archive as its entries come.
pub(super) struct Writer<'p, W> {
    out: Lines<W>,
    sums: Sums,
    counts: Counts,
    progress: Progress<'p>,
}

/// The checksums of an archive.
pub(super) struct Sums {
    /// Of the entries.
    content: Context,
    /// Of all lines.
    whole: Context,
}

/// Lines to somewhere that may be slow.
pub(super) struct Lines<W>(BufWriter<W>);

impl<'p> Writer<'p, Sink> {
    /// Counts and sums only.
    pub(super) fn silent(progress: Progress<'p>) -> Self {
        Self::new(tokio::io::sink(), progress)
    }
}

impl<'p, W: AsyncWrite + Send + Unpin> Writer<'p, W> {
    /// Writes the header.
    pub(super) async fn begin(out: W, header: Header, progress: Progress<'p>) -> io::Result<Self> {
        let mut writer = Self::new(out, progress);
        let line = Item::Header(header).to_line()?;
        writer.sums.add(&line);
        writer.out.write(&line).await?;
        Ok(writer)
    }

    fn new(out: W, progress: Progress<'p>) -> Self {
        Self {
            out: Lines::new(out),
            sums: Sums::default(),
            counts: Counts::default(),
            progress,
        }
    }

    /// What it has written so far.
    pub(super) fn summary(&self) -> Summary {
        self.sums.summary(&self.counts)
    }

    /// Writes the footer.
    pub(super) async fn finish(mut self) -> io::Result<Summary> {
        let summary = self.summary();
        let footer = Footer::of(&summary, self.sums.whole());
        self.out.write(&Item::Footer(footer).to_line()?).await?;
        self.out.finish().await?;
        Ok(summary)
    }
}

#[async_trait]
impl<W: AsyncWrite + Send + Unpin> EntrySink for Writer<'_, W> {
    async fn take(&mut self, entries: Vec<Entry>) -> Result<(), BoxError> {
        for entry in entries {
            let kind = entry.kind();
            let line = Item::from(entry).to_line()?;
            if line.len() > LONGEST {
                return Err(io::Error::other(TooLong(line.len())).into());
            }
            self.sums.add_entry(&line);
            self.counts.add(kind);
            self.out.write(&line).await?;
        }
        (self.progress)(&self.counts);
        Ok(())
    }
}

#[derive(Debug, thiserror::Error)]
#[error("an entry has {0} bytes, more than an archive takes")]
struct TooLong(usize);

impl Default for Sums {
    fn default() -> Self {
        Self {
            content: Context::new(&SHA256),
            whole: Context::new(&SHA256),
        }
    }
}

impl Sums {
    pub(super) fn add(&mut self, line: &[u8]) {
        self.whole.update(line);
    }

    pub(super) fn add_entry(&mut self, line: &[u8]) {
        self.content.update(line);
        self.add(line);
    }

    pub(super) fn whole(&self) -> String {
        digits(&self.whole)
    }

    pub(super) fn summary(&self, counts: &Counts) -> Summary {
        Summary {
            entries: counts.clone(),
            content: digits(&self.content),
        }
    }
}

fn digits(sum: &Context) -> String {
    Hex::from(sum.clone().finish().as_ref()).to_string()
}

impl<W: AsyncWrite + Send + Unpin> Lines<W> {
    pub(super) fn new(out: W) -> Self {
        Self(BufWriter::with_capacity(64 * 1024, out))
    }

    pub(super) async fn write(&mut self, line: &[u8]) -> io::Result<()> {
        match timeout(PATIENCE, self.0.write_all(line)).await {
            Ok(written) => written,
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    pub(super) async fn finish(&mut self) -> io::Result<()> {
        match timeout(PATIENCE, self.0.flush()).await {
            Ok(flushed) => flushed,
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }
}
