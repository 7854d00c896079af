//! The open sled database, used the one way in which it is safe.
//!
//! On Linux `flush()` of sled 0.34 hands everything to the kernel but does not sync it, so a
//! write is `apply_batch`, `flush()`, and then `sync_data()` on a second handle of the same
//! file. After an error of the disk sled refuses every further write until it is opened again.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use greenroom_domain::shared::store::StoreError;
use parking_lot::RwLock;
use sled::{Batch, Db, Tree};

use crate::codec::corrupt;

/// How long to wait for sled's own threads to let go of its file.
const RELEASE: Duration = Duration::from_secs(10);

pub(crate) struct Database {
    folder: PathBuf,
    cache_bytes: u64,
    /// Empty while it is closed, or being opened again.
    open: RwLock<Option<Open>>,
}

struct Open {
    db: Db,
    /// The same file as sled's, to be synced.
    file: File,
}

/// Why the database cannot be opened.
#[derive(Debug)]
pub(crate) enum Refused {
    /// Its files are not those of a healthy database.
    Damaged(Box<dyn std::error::Error + Send + Sync>),
    /// It was made with settings that this build of sled cannot read.
    Unsupported(String),
    Io(io::Error),
}

/// There is no database to ask right now.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Absent {
    #[error("the store is closed, or is being opened again after an error of the disk")]
    NotOpen,
    #[error("the store's thread has ended")]
    Ended,
}

#[derive(Debug, thiserror::Error)]
#[error("sled stopped with a panic: {0}")]
struct Panicked(String);

/// What an error of sled means for a port.
pub(crate) fn refused(error: sled::Error) -> StoreError {
    match error {
        sled::Error::Corruption { .. } => corrupt("page", error),
        other => StoreError::Unavailable(Box::new(other)),
    }
}

impl Database {
    /// Opens the folder's database, or makes one. The caller holds the folder's lock.
    pub(crate) fn open(folder: PathBuf, cache_bytes: u64) -> Result<Self, Refused> {
        let database = Self {
            folder,
            cache_bytes,
            open: RwLock::new(None),
        };
        database.reopen()?;
        Ok(database)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn is_open(&self) -> bool {
        self.open.read().is_some()
    }

    /// Runs a short read. It must not read again inside of itself.
    pub(crate) fn read<T>(
        &self,
        read: impl FnOnce(&Tree) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        match &*self.open.read() {
            Some(open) => read(&open.db),
            None => Err(StoreError::Unavailable(Box::new(Absent::NotOpen))),
        }
    }

    /// All of the batch is durable, or it is not known what is: then the database has to be
    /// [shut](Database::shut) and [opened again](Database::reopen).
    pub(crate) fn write(&self, batch: Batch) -> Result<(), StoreError> {
        let open = self.open.read();
        let Some(Open { db, file }) = &*open else {
            return Err(StoreError::Unavailable(Box::new(Absent::NotOpen)));
        };
        guarded(|| {
            db.apply_batch(batch)?;
            db.flush()?;
            file.sync_data()?;
            Ok(())
        })
        .unwrap_or_else(|panicked| Err(sled::Error::Io(io::Error::other(panicked))))
        .map_err(refused)
    }

    /// Waits for reads that are under way, closes the files, and waits until they are closed.
    pub(crate) fn shut(&self) {
        let Some(Open { db, file }) = self.open.write().take() else {
            return;
        };
        if let Err(panicked) = guarded(|| drop(db)) {
            tracing::warn!(error = %panicked, "sled did not close cleanly");
        }
        // sled's threads may hold the file a moment longer than its handle. It is locked as
        // long as they do.
        let deadline = Instant::now() + RELEASE;
        while file.try_lock().is_err() {
            if Instant::now() >= deadline {
                tracing::warn!(folder = %self.folder.display(), "sled holds its file still");
                break;
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Opens the database again after [`Database::shut`].
    pub(crate) fn reopen(&self) -> Result<(), Refused> {
        set_torn_snapshots_aside(&self.folder).map_err(Refused::Io)?;
        let config = sled::Config::new()
            .path(&self.folder)
            .cache_capacity(self.cache_bytes)
            .flush_every_ms(None);
        let db = match guarded(|| config.open()) {
            Ok(Ok(db)) => db,
            Ok(Err(sled::Error::Io(error))) => return Err(Refused::Io(error)),
            Ok(Err(sled::Error::Unsupported(what))) => return Err(Refused::Unsupported(what)),
            Ok(Err(other)) => return Err(Refused::Damaged(Box::new(other))),
            Err(panicked) => return Err(Refused::Damaged(Box::new(panicked))),
        };
        let file = File::options()
            .read(true)
            .write(true)
            .open(self.folder.join("db"))
            .map_err(Refused::Io)?;
        sync_names(&self.folder).map_err(Refused::Io)?;
        *self.open.write() = Some(Open { db, file });
        Ok(())
    }
}

/// sled takes the newest `snap.*`, also one that it was writing when it was killed, and then
/// calls the whole database corrupt. The snapshot before it is still there, for it goes only
/// after the new one has its name: so a half-written one is moved out of sled's sight.
fn set_torn_snapshots_aside(folder: &Path) -> io::Result<()> {
    let entries = match folder.read_dir() {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let name = entry?.file_name();
        let Some(torn) = name.to_str().filter(|name| is_torn_snapshot(name)) else {
            continue;
        };
        let aside = folder.join(format!("torn.{torn}"));
        std::fs::rename(folder.join(torn), &aside)?;
        tracing::warn!(file = %aside.display(), "set a half-written snapshot aside");
    }
    Ok(())
}

fn is_torn_snapshot(name: &str) -> bool {
    name.strip_prefix("snap.")
        .is_some_and(|rest| rest.ends_with(".generating"))
}

/// Makes the files' names durable: syncing a file does not promise that it can be found.
fn sync_names(folder: &Path) -> io::Result<()> {
    File::open(folder.join("conf"))?.sync_all()?;
    File::open(folder)?.sync_all()?;
    match folder.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

/// sled panics on some errors of the disk instead of telling them.
fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, Panicked> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
        let text = payload
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| payload.downcast_ref::<&str>().copied());
        Panicked(text.unwrap_or("no message").to_owned())
    })
}
