//! A store that is being filled beside the one whose place it is to take.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use greenroom_domain::shared::archive::Entry;
use greenroom_domain::shared::id::NodeId;
use greenroom_domain::shared::store::StoreError;
use sled::Batch;

use crate::archive::entry;
use crate::database::{Database, Refused};
use crate::keyspace::{self, Meta};
use crate::open::{FORMAT, STORE};

/// Beside the store while an import is under way. Found by who opens the store, it says that
/// one came to no end.
pub(crate) const IMPORTING: &str = "store.importing";

/// The empty store that had to make place, for a moment.
const REPLACED: &str = "store.replaced";

/// Removed when it is dropped, unless it has taken the store's place.
pub(crate) struct Staging {
    data: PathBuf,
    database: Database,
}

impl Staging {
    /// An empty one in the data folder, instead of whatever an interrupted import left.
    pub(crate) fn make(data: &Path, cache_bytes: u64, node: NodeId) -> Result<Self, StoreError> {
        clear(data).map_err(unusable)?;
        let database = Database::open(data.join(IMPORTING), cache_bytes).map_err(not_opened)?;
        let staging = Self {
            data: data.to_owned(),
            database,
        };
        let mut batch = Batch::default();
        batch.insert(keyspace::meta(Meta::Format), &FORMAT.to_be_bytes());
        batch.insert(keyspace::meta(Meta::Node), node.uuid().as_bytes());
        staging.database.write(batch)?;
        Ok(staging)
    }

    /// Keeps some entries.
    pub(crate) fn add(&self, entries: Vec<Entry>) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        for entry in entries {
            entry::put(&mut batch, entry)?;
        }
        self.database.write(batch)
    }

    /// Takes the place of the store, which has to be shut and empty.
    pub(crate) fn take_place(self) -> io::Result<()> {
        self.database.shut();
        let (store, replaced) = (self.data.join(STORE), self.data.join(REPLACED));
        fs::rename(&store, &replaced)?;
        // Killed here, the import is found as one that came to no end.
        if let Err(error) = fs::rename(self.data.join(IMPORTING), &store) {
            fs::rename(&replaced, &store)?;
            return Err(error);
        }
        File::open(&self.data)?.sync_all()
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        self.database.shut();
        if let Err(error) = clear(&self.data) {
            tracing::warn!(%error, "an unfinished import cannot be removed");
        }
    }
}

fn clear(data: &Path) -> io::Result<()> {
    for name in [IMPORTING, REPLACED] {
        match fs::remove_dir_all(data.join(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn not_opened(refused: Refused) -> StoreError {
    match refused {
        Refused::Io(error) => unusable(error),
        Refused::Damaged(source) => StoreError::Unavailable(source),
        Refused::Unsupported(what) => StoreError::Unavailable(what.into()),
    }
}

fn unusable(error: io::Error) -> StoreError {
    StoreError::Unavailable(Box::new(error))
}
