//! The one thread that writes.
//!
//! It takes what has queued while it wrote the batch before, checks each commit against the
//! store and the ones before it in the batch, makes all that were found good durable in one
//! write, and only then answers: refusals too, for what they saw may be pending itself.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use greenroom_domain::chat::Seq;
use greenroom_domain::shared::archive::ImportError;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::commit::{CommitError, Committed};
use greenroom_domain::shared::feed::FeedPosition;
use greenroom_domain::shared::store::StoreError;
use sled::Batch;
use tokio::sync::oneshot;

use crate::archive::staging::Staging;
use crate::commit::Prepared;
use crate::database::Absent;
use crate::draft::{Draft, Pending};
use crate::open::{self, Folder};
use crate::queue::Taken;
use crate::rooms::Rooms;
use crate::{Shared, archive, feed, gone, once};

/// So many commits become one durable write at most.
const MAX_BATCH: usize = 512;

/// Whoever was in the batch before is likely to come again at once: they are waited for, but
/// not longer than this, which is about what a write costs.
const GATHER: Duration = Duration::from_micros(250);

/// After a failed write the database is opened again at once; how long after a failed
/// attempt the next one is made.
const REOPEN_EVERY: Duration = Duration::from_millis(500);

/// What the committer is asked for.
pub(crate) enum Request {
    Commit {
        prepared: Box<Prepared>,
        answer: oneshot::Sender<Result<Committed, CommitError>>,
    },
    /// Forgets some of the feed; answers whether there is more to forget.
    Prune {
        through: FeedPosition,
        before: Timestamp,
        answer: oneshot::Sender<Result<bool, StoreError>>,
    },
    /// Puts a whole store in the place of this one, which has to be empty.
    Adopt {
        staging: Staging,
        answer: oneshot::Sender<Result<(), ImportError>>,
    },
}

pub(crate) struct Committer {
    shared: Arc<Shared>,
    rooms: Rooms,
    feed_head: FeedPosition,
    reopen_at: Instant,
    /// Given back when the thread ends, after the database is closed.
    folder: Folder,
}

/// An answer that waits until the batch is durable.
enum Outcome {
    Commit(
        oneshot::Sender<Result<Committed, CommitError>>,
        Result<Committed, CommitError>,
    ),
    Prune(
        oneshot::Sender<Result<bool, StoreError>>,
        Result<bool, StoreError>,
    ),
}

/// It is not known what of a batch was kept.
#[derive(Debug, thiserror::Error)]
#[error("writing failed, and the store is being opened again")]
struct WriteFailed;

impl Committer {
    pub(crate) fn new(shared: Arc<Shared>, folder: Folder) -> Self {
        let feed_head = *shared.head.borrow();
        Self {
            shared,
            rooms: Rooms::default(),
            feed_head,
            reopen_at: Instant::now(),
            folder,
        }
    }

    pub(crate) fn spawn(self) -> io::Result<JoinHandle<()>> {
        let thread = thread::Builder::new().name("store-committer".to_owned());
        thread.spawn(move || self.run())
    }

    fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        let _nobody_waits_for_ever = Hangup(&shared);
        let mut expected = 0;
        loop {
            let now = Instant::now();
            let patience =
                (!shared.database.is_open()).then(|| self.reopen_at.saturating_duration_since(now));
            match shared.queue.take(MAX_BATCH, patience, expected, GATHER) {
                Taken::Closed => break,
                Taken::Nothing => self.reopen_if_due(),
                Taken::Some(requests) => {
                    expected = requests.len();
                    self.reopen_if_due();
                    self.batch(requests);
                }
            }
        }
        shared.database.shut();
        drop(self.folder);
    }

    fn batch(&mut self, requests: Vec<Request>) {
        if !self.shared.database.is_open() {
            let full = self.is_full();
            return requests.into_iter().for_each(|r| r.refuse(full));
        }
        let mut pending = Pending::default();
        let mut outcomes = Vec::with_capacity(requests.len());
        let mut adopted = Vec::new();
        // Asked before anything is checked: then a full disk costs next to nothing.
        let full = self.is_full();
        for request in requests {
            outcomes.push(match request {
                Request::Adopt { staging, answer } => {
                    adopted.push((staging, answer));
                    continue;
                }
                // Forgetting goes on: it is what makes space.
                Request::Commit { answer, .. } if full => {
                    Outcome::Commit(answer, Err(CommitError::Full))
                }
                Request::Commit { prepared, answer } => {
                    let draft = Draft::new(&self.shared, &mut self.rooms, &mut pending);
                    Outcome::Commit(answer, draft.check(*prepared))
                }
                Request::Prune {
                    through,
                    before,
                    answer,
                } => {
                    let through = through.min(self.feed_head);
                    let pruned =
                        feed::prune_some(&self.shared.database, through, before, &mut pending);
                    Outcome::Prune(answer, pruned)
                }
            });
        }
        if let Err(error) = once::forget_some(&self.shared.database, &mut pending) {
            tracing::warn!(%error, "old replies cannot be forgotten");
        }
        match self.keep(pending) {
            Ok(()) => outcomes.into_iter().for_each(Outcome::tell),
            Err(WriteFailed) => {
                self.forget();
                outcomes.into_iter().for_each(Outcome::failed);
            }
        }
        for (staging, answer) in adopted {
            drop(answer.send(self.adopt(staging)));
        }
    }

    /// Goes on with another store.
    fn adopt(&mut self, staging: Staging) -> Result<(), ImportError> {
        let shared = Arc::clone(&self.shared);
        if !shared.database.read(archive::is_empty)? {
            return Err(ImportError::NotEmpty);
        }
        shared.database.shut();
        self.forget();
        self.reopen_at = Instant::now();
        let taken = staging.take_place();
        self.reopen_if_due();
        taken.map_err(|error| StoreError::Unavailable(Box::new(error)))?;
        if shared.database.is_open() {
            Ok(())
        } else {
            Err(gone(Absent::NotOpen).into())
        }
    }

    /// Makes a batch durable.
    fn keep(&mut self, pending: Pending) -> Result<(), WriteFailed> {
        if pending.writes.is_empty() && pending.events.is_empty() {
            return Ok(());
        }
        let shared = &self.shared;
        let position = FeedPosition(self.feed_head.0 + 1);
        let record = feed::encode(position, &pending).map_err(|error| {
            tracing::error!(%error, "a feed record cannot be written");
            WriteFailed
        })?;
        let is_told = !record.is_empty();
        let keys = pending
            .writes
            .keys()
            .chain(record.iter().map(|(key, _)| key));
        let exports_wait = shared.exports.put_aside(&shared.database, &keys);
        let mut batch = Batch::default();
        for (key, value) in pending.writes {
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        for (key, part) in record {
            batch.insert(key, part);
        }
        let heads = pending.lines.iter();
        let before = heads.map(|(room, range)| (*room, Seq(range.first.0 - 1)));
        shared.settling.begin(before.collect());
        if let Err(error) = shared.database.write(batch) {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "writing failed; the store is opened again"
            );
            shared.database.shut();
            shared.settling.end();
            self.reopen_at = Instant::now();
            return Err(WriteFailed);
        }
        drop(exports_wait);
        shared.settling.end();
        if is_told {
            self.feed_head = position;
            shared.head.send_replace(position);
        }
        shared.warm.forget(&self.rooms.next_batch());
        Ok(())
    }

    /// Nothing that is known by heart may rest on what was not kept.
    fn forget(&mut self) {
        self.rooms.clear();
        self.shared.warm.clear();
    }

    fn is_full(&self) -> bool {
        let options = &self.shared.options;
        match (options.free_space)(self.shared.database.folder()) {
            Ok(free) => free < options.kept_back,
            Err(error) => {
                tracing::warn!(%error, "cannot tell how much space is left");
                false
            }
        }
    }

    fn reopen_if_due(&mut self) {
        if self.shared.database.is_open() || Instant::now() < self.reopen_at {
            return;
        }
        self.reopen_at = Instant::now() + REOPEN_EVERY;
        if let Err(error) = self.shared.database.reopen() {
            tracing::error!(?error, "the store cannot be opened again yet");
            return;
        }
        if let Err(error) = self.take_up() {
            tracing::error!(%error, "the store cannot be read");
            self.shared.database.shut();
        } else {
            tracing::info!("the store is open again");
        }
    }

    /// Learns what is known by heart of the store as a whole.
    fn take_up(&mut self) -> Result<(), StoreError> {
        let shared = &self.shared;
        let epoch = open::epoch(&shared.database)?;
        self.feed_head = open::feed_head(&shared.database)?;
        shared.epoch.store(epoch, Ordering::Release);
        shared.head.send_replace(self.feed_head);
        Ok(())
    }
}

impl WriteFailed {
    fn told() -> StoreError {
        StoreError::Unavailable(Box::new(Self))
    }
}

impl Request {
    fn refuse(self, full: bool) {
        // Whoever does not wait any more does not need the answer; so everywhere below.
        match self {
            Self::Commit { answer, .. } if full => drop(answer.send(Err(CommitError::Full))),
            Self::Commit { answer, .. } => drop(answer.send(Err(WriteFailed::told().into()))),
            Self::Prune { answer, .. } => drop(answer.send(Err(WriteFailed::told()))),
            Self::Adopt { answer, .. } => drop(answer.send(Err(WriteFailed::told().into()))),
        }
    }
}

impl Outcome {
    fn tell(self) {
        match self {
            Self::Commit(answer, outcome) => drop(answer.send(outcome)),
            Self::Prune(answer, outcome) => drop(answer.send(outcome)),
        }
    }

    fn failed(self) {
        match self {
            Self::Commit(answer, _) => drop(answer.send(Err(WriteFailed::told().into()))),
            Self::Prune(answer, _) => drop(answer.send(Err(WriteFailed::told()))),
        }
    }
}

/// However the thread ends, nobody waits for it any more.
struct Hangup<'a>(&'a Shared);

impl Drop for Hangup<'_> {
    fn drop(&mut self) {
        self.0.queue.close();
        while let Taken::Some(left) = self.0.queue.take(MAX_BATCH, None, 0, Duration::ZERO) {
            for request in left {
                match request {
                    Request::Commit { answer, .. } => {
                        drop(answer.send(Err(gone(Absent::Ended).into())));
                    }
                    Request::Prune { answer, .. } => drop(answer.send(Err(gone(Absent::Ended)))),
                    Request::Adopt { answer, .. } => {
                        drop(answer.send(Err(gone(Absent::Ended).into())));
                    }
                }
            }
        }
    }
}
