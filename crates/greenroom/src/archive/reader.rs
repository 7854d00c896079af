//! Lines in, entries out; nothing is believed.

use std::io;

use async_trait::async_trait;
use greenroom_domain::shared::archive::{BoxError, Entry, EntryOrder, EntrySource, OrderError};
use serde::Deserialize;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _};

use crate::archive::import::Purpose;
use crate::archive::item::{Footer, Header, Item};
use crate::archive::writer::Sums;
use crate::archive::{Counts, FORMAT, LONGEST, Progress, Summary};

/// So many entries are given at once…
const AT_ONCE: usize = 256;

/// …or as many as are so long together, in bytes.
const BYTES_AT_ONCE: usize = 1 << 20;

/// An archive that cannot be read, or is not whole. Nothing of it is kept.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is something else.
    #[error("this is no archive of Greenroom")]
    NotAnArchive,
    /// Another version wrote it.
    #[error(
        "the archive has format {found}, and this version reads format {FORMAT}; use the version of Greenroom that wrote it"
    )]
    Format {
        /// What it has.
        found: u32,
    },
    /// It ends too early.
    #[error("the archive breaks off after line {line}")]
    Torn {
        /// The last whole line.
        line: u64,
    },
    /// There is more behind its end.
    #[error("the archive goes on behind its end")]
    GoesOn,
    /// A line is longer than any can be.
    #[error("line {line} of the archive is too long")]
    TooLong {
        /// Which.
        line: u64,
    },
    /// A line makes no sense.
    #[error("line {line} of the archive cannot be read")]
    Malformed {
        /// Which.
        line: u64,
        /// What is wrong with it.
        #[source]
        source: BoxError,
    },
    /// A line does not belong where it is.
    #[error("line {line} of the archive is not in its place")]
    Disordered {
        /// Which.
        line: u64,
        /// What is wrong with it.
        #[source]
        source: OrderError,
    },
    /// It was changed since it was written.
    #[error("the archive was damaged: its checksum is another")]
    Checksum,
    /// Who was to write it said why not.
    #[error("{0}")]
    Refused(String),
    /// It could not be read.
    #[error("cannot read the archive")]
    Io(#[from] io::Error),
}

/// Reads an archive.
pub(super) struct Reader<R> {
    input: R,
    header: Header,
    /// The last line that was read.
    line: Vec<u8>,
    number: u64,
    order: EntryOrder,
    sums: Sums,
    counts: Counts,
}

/// All that is read of a header before its format is known.
#[derive(Deserialize)]
struct AnyHeader {
    header: AnyFormat,
}

#[derive(Deserialize)]
struct AnyFormat {
    format: u32,
}

impl<R: AsyncBufRead + Send + Unpin> Reader<R> {
    /// Reads the header.
    pub(super) async fn open(mut input: R) -> Result<Self, ReadError> {
        let mut line = Vec::new();
        if let Err(error) = read_line(&mut input, &mut line, 1).await {
            return Err(match error {
                ReadError::Torn { .. } | ReadError::TooLong { .. } => ReadError::NotAnArchive,
                other => other,
            });
        }
        if let Ok(Item::Refused(why)) = serde_json::from_slice(&line) {
            return Err(ReadError::Refused(why));
        }
        let format = serde_json::from_slice(&line).map(|any: AnyHeader| any.header.format);
        match format {
            Ok(FORMAT) => {}
            Ok(found) => return Err(ReadError::Format { found }),
            Err(_) => return Err(ReadError::NotAnArchive),
        }
        let Ok(Item::Header(header)) = serde_json::from_slice(&line) else {
            return Err(ReadError::NotAnArchive);
        };
        let mut sums = Sums::default();
        sums.add(&line);
        Ok(Self {
            input,
            header,
            line,
            number: 1,
            order: EntryOrder::default(),
            sums,
            counts: Counts::default(),
        })
    }

    /// What it says of itself.
    pub(super) fn header(&self) -> &Header {
        &self.header
    }

    /// The line that was read last, with its line break.
    pub(super) fn line(&self) -> &[u8] {
        &self.line
    }

    pub(super) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// What has been read of it.
    pub(super) fn summary(&self) -> Summary {
        self.sums.summary(&self.counts)
    }

    /// The next entry; `None` once all were there and everything is as the footer says.
    pub(super) async fn advance(&mut self) -> Result<Option<Entry>, ReadError> {
        self.line.clear();
        read_line(&mut self.input, &mut self.line, self.number + 1).await?;
        self.number += 1;
        let number = self.number;
        let malformed = |source| ReadError::Malformed {
            line: number,
            source,
        };
        let disordered = |source| ReadError::Disordered {
            line: number,
            source,
        };
        let item = serde_json::from_slice(&self.line).map_err(|e| malformed(e.into()))?;
        match item {
            Item::Refused(why) => return Err(ReadError::Refused(why)),
            Item::Footer(footer) => {
                self.order.end().map_err(disordered)?;
                self.check_end(&footer).await?;
                return Ok(None);
            }
            _ => {}
        }
        let entry = item.into_entry().map_err(malformed)?;
        let entry = entry.ok_or_else(|| disordered(OrderError::Disordered))?;
        self.order.add(&entry).map_err(disordered)?;
        self.sums.add_entry(&self.line);
        self.counts.add(entry.kind());
        Ok(Some(entry))
    }

    async fn check_end(&mut self, footer: &Footer) -> Result<(), ReadError> {
        if *footer != Footer::of(&self.summary(), self.sums.whole()) {
            return Err(ReadError::Checksum);
        }
        if !self.input.fill_buf().await?.is_empty() {
            return Err(ReadError::GoesOn);
        }
        Ok(())
    }
}

/// Gives a store what an archive holds, and tells how far it is.
pub(super) struct Source<'a, R> {
    reader: Reader<R>,
    purpose: Purpose,
    progress: Progress<'a>,
    /// Of what was given.
    sums: Sums,
    has_ended: bool,
}

impl<'a, R: AsyncBufRead + Send + Unpin> Source<'a, R> {
    pub(super) fn new(reader: Reader<R>, purpose: Purpose, progress: Progress<'a>) -> Self {
        Self {
            reader,
            purpose,
            progress,
            sums: Sums::default(),
            has_ended: false,
        }
    }

    /// What the store should hold.
    pub(super) fn given(&self) -> Summary {
        self.sums.summary(self.reader.counts())
    }
}

#[async_trait]
impl<R: AsyncBufRead + Send + Unpin> EntrySource for Source<'_, R> {
    async fn next(&mut self) -> Result<Vec<Entry>, BoxError> {
        let mut entries = Vec::new();
        let mut bytes = 0;
        while !self.has_ended && entries.len() < AT_ONCE && bytes < BYTES_AT_ONCE {
            let Some(entry) = self.reader.advance().await? else {
                self.has_ended = true;
                break;
            };
            let entry = match self.purpose {
                Purpose::Move => entry,
                Purpose::Restore => of_next_epoch(entry),
            };
            let line = Item::from(entry.clone()).to_line()?;
            self.sums.add_entry(&line);
            bytes += line.len();
            entries.push(entry);
        }
        (self.progress)(self.reader.counts());
        Ok(entries)
    }
}

fn of_next_epoch(entry: Entry) -> Entry {
    match entry {
        Entry::Epoch(epoch) => Entry::Epoch(epoch.saturating_add(1)),
        Entry::Line(room, mut line) => {
            line.place.epoch = line.place.epoch.saturating_add(1);
            Entry::Line(room, line)
        }
        other => other,
    }
}

async fn read_line(
    input: &mut (impl AsyncBufRead + Send + Unpin),
    line: &mut Vec<u8>,
    number: u64,
) -> Result<(), ReadError> {
    // One more than there may be, so that too many are seen.
    let mut bounded = input.take(LONGEST as u64 + 1);
    bounded.read_until(b'\n', line).await?;
    match line.last() {
        Some(b'\n') => Ok(()),
        _ if line.len() > LONGEST => Err(ReadError::TooLong { line: number }),
        _ => Err(ReadError::Torn { line: number - 1 }),
    }
}
