//! Opening the store: the folder's lock, the format, and what is said when it cannot be.

use std::fs::{DirBuilder, File, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use greenroom_domain::shared::feed::FeedPosition;
use greenroom_domain::shared::id::NodeId;
use greenroom_domain::shared::store::StoreError;
use sled::Batch;
use uuid::Uuid;

use crate::archive::staging::IMPORTING;
use crate::codec::{self, Unreadable, corrupt};
use crate::database::{Database, Refused, refused};
use crate::keyspace::{self, Meta, Space};

/// The layout that this version writes.
pub(crate) const FORMAT: u32 = 1;

/// The epoch of a store whose history was never lost.
const FIRST_EPOCH: u32 = 1;

/// In the data folder, held as long as a process uses it.
const LOCK: &str = "lock";

/// In the data folder, sled's own.
pub(crate) const STORE: &str = "store";

/// Asks how many bytes may still be written under a path.
pub(crate) type FreeSpace = Arc<dyn Fn(&Path) -> io::Result<u64> + Send + Sync>;

/// How a store is opened.
#[derive(Clone)]
pub struct StoreOptions {
    pub(crate) node_if_new: NodeId,
    pub(crate) cache_bytes: u64,
    pub(crate) kept_back: u64,
    pub(crate) free_space: FreeSpace,
    imports_again: bool,
}

impl StoreOptions {
    /// The usual: 32 MiB of cache, 64 MiB of the disk kept back. A store that is new takes
    /// the given id for its node and keeps it for ever.
    pub fn new(node_if_new: NodeId) -> Self {
        Self {
            node_if_new,
            cache_bytes: 32 << 20,
            kept_back: 64 << 20,
            free_space: Arc::new(free_space),
            imports_again: false,
        }
    }

    /// Opens it also where an import came to no end: another is about to be made.
    #[must_use]
    pub fn imports_again(self) -> Self {
        Self {
            imports_again: true,
            ..self
        }
    }

    /// How much memory sled may take for pages, in bytes.
    #[must_use]
    pub fn cache_bytes(self, cache_bytes: u64) -> Self {
        Self {
            cache_bytes,
            ..self
        }
    }

    /// How much of the disk is left alone: with less than this free, commits are refused
    /// as [`Full`](greenroom_domain::shared::commit::CommitError::Full), in bytes.
    #[must_use]
    pub fn kept_back(self, kept_back: u64) -> Self {
        Self { kept_back, ..self }
    }

    /// Asks for the free space, in bytes, in another way: under a quota, say, or in a test.
    #[must_use]
    pub fn free_space(
        self,
        ask: impl Fn(&Path) -> io::Result<u64> + Send + Sync + 'static,
    ) -> Self {
        Self {
            free_space: Arc::new(ask),
            ..self
        }
    }
}

/// Why a store cannot be opened, and what to do. Nothing was changed in it.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error(
        "the data folder {} is in use by {holder}; stop that first, or give this one another data folder",
        folder.display()
    )]
    InUse {
        /// Which folder.
        folder: PathBuf,
        /// Who has it, as far as that is known: `process 4711`.
        holder: String,
    },
    /// A newer version of Greenroom has written it.
    #[error(
        "the store in {} has format {found}, and this version reads up to format {known}; start the newer version of Greenroom that wrote it",
        folder.display()
    )]
    Newer {
        /// Which folder.
        folder: PathBuf,
        /// What it has.
        found: u32,
        /// What this version knows.
        known: u32,
    },
    /// What it holds cannot be read. It is never repaired by throwing things away.
    #[error(
        "the store in {} is damaged and was left as it is; keep a copy of the folder, put a backup in its place, and start again",
        folder.display()
    )]
    Damaged {
        /// Which folder.
        folder: PathBuf,
        /// What is wrong.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// An import was begun and never finished: the store is empty, and was to be another.
    #[error(
        "an import into {} came to no end; run it again, or remove {} to begin with an empty store",
        folder.display(),
        folder.join(IMPORTING).display()
    )]
    Importing {
        /// Which folder.
        folder: PathBuf,
    },
    /// A file or folder could not be used.
    #[error("the data folder {} cannot be used", folder.display())]
    Io {
        /// Which folder.
        folder: PathBuf,
        /// What went wrong.
        #[source]
        source: io::Error,
    },
}

/// The data folder, ours alone until this is dropped.
pub(crate) struct Folder {
    _lock: File,
}

/// What is known of the store as a whole once it is open.
pub(crate) struct Opened {
    pub(crate) folder: Folder,
    pub(crate) database: Database,
    pub(crate) node: NodeId,
    pub(crate) epoch: u32,
}

pub(crate) fn open(path: &Path, options: &StoreOptions) -> Result<Opened, OpenError> {
    let io = |source| OpenError::Io {
        folder: path.to_owned(),
        source,
    };
    make_private(path).map_err(io)?;
    let folder = lock(path)?;
    if path.join(IMPORTING).exists() && !options.imports_again {
        return Err(OpenError::Importing {
            folder: path.to_owned(),
        });
    }
    let store = path.join(STORE);
    // A file that was there and turns out to hold nothing is damage, not a new store.
    let existed = store.join("db").metadata().is_ok_and(|file| file.len() > 0);
    let database = Database::open(store, options.cache_bytes).map_err(|refused| match refused {
        Refused::Io(source) => io(source),
        Refused::Unsupported(what) => OpenError::Damaged {
            folder: path.to_owned(),
            source: what.into(),
        },
        Refused::Damaged(source) => OpenError::Damaged {
            folder: path.to_owned(),
            source,
        },
    })?;
    match identify(&database, options.node_if_new, existed) {
        Ok((node, epoch)) => Ok(Opened {
            folder,
            database,
            node,
            epoch,
        }),
        Err(unknown) => {
            database.shut();
            Err(match unknown {
                Unknown::Newer(found) => OpenError::Newer {
                    folder: path.to_owned(),
                    found,
                    known: FORMAT,
                },
                Unknown::Store(source) => OpenError::Damaged {
                    folder: path.to_owned(),
                    source: Box::new(source),
                },
            })
        }
    }
}

/// Which telling of the rooms' history it is.
pub(crate) fn epoch(database: &Database) -> Result<u32, StoreError> {
    let epoch = database.read(|tree| tree.get(keyspace::meta(Meta::Epoch)).map_err(refused))?;
    let epoch = epoch.and_then(|bytes| bytes.as_ref().try_into().ok());
    epoch
        .map(u32::from_be_bytes)
        .ok_or_else(|| corrupt("store's description", Unreadable::Impossible))
}

/// The position behind the feed's newest record, or behind what was forgotten of it.
pub(crate) fn feed_head(database: &Database) -> Result<FeedPosition, StoreError> {
    let base = feed_base(database)?;
    database.read(|tree| {
        let newest = tree.scan_prefix(keyspace::all(Space::Feed)).next_back();
        let Some(newest) = newest.transpose().map_err(refused)? else {
            return Ok(base);
        };
        match keyspace::parse_feed_part(&newest.0) {
            Some((position, _)) => Ok(position),
            None => Err(corrupt("feed record", Unreadable::Key)),
        }
    })
}

/// The last position that the feed has forgotten.
pub(crate) fn feed_base(database: &Database) -> Result<FeedPosition, StoreError> {
    database.read(|tree| {
        let base = tree.get(keyspace::meta(Meta::FeedBase)).map_err(refused)?;
        let base = base.map(|bytes| codec::decode_u64("feed's base", &bytes));
        Ok(base.transpose()?.map_or(FeedPosition::START, FeedPosition))
    })
}

/// Bytes that an unprivileged process may still write where the path is.
fn free_space(path: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(path)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

fn make_private(path: &Path) -> io::Result<()> {
    let mut folder = DirBuilder::new();
    folder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.create(path)
}

fn lock(path: &Path) -> Result<Folder, OpenError> {
    let io = |source| OpenError::Io {
        folder: path.to_owned(),
        source,
    };
    let mut file = File::options()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(path.join(LOCK))
        .map_err(io)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(OpenError::InUse {
                folder: path.to_owned(),
                holder: holder(&mut file),
            });
        }
        Err(TryLockError::Error(source)) => return Err(io(source)),
    }
    let written = file
        .set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| writeln!(file, "{}", std::process::id()));
    if let Err(error) = written {
        // Only the message to whoever finds it locked is poorer; a full disk is no reason
        // not to read.
        tracing::warn!(%error, "could not write the process id into the lock file");
    }
    Ok(Folder { _lock: file })
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    match file.take(32).read_to_string(&mut text) {
        Ok(_) if text.trim().parse::<u32>().is_ok() => format!("process {}", text.trim()),
        _ => "another process".to_owned(),
    }
}

enum Unknown {
    Newer(u32),
    Store(StoreError),
}

impl From<StoreError> for Unknown {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("its file is there, but it holds no store of Greenroom")]
struct NotOurs;

/// Reads who the store is; a new one is told.
fn identify(
    database: &Database,
    node_if_new: NodeId,
    existed: bool,
) -> Result<(NodeId, u32), Unknown> {
    let get = |what| {
        database.read(|tree| {
            let found = tree.get(keyspace::meta(what)).map_err(refused)?;
            Ok(found.map(|bytes| bytes.to_vec()))
        })
    };
    let damaged = || corrupt("store's description", Unreadable::Impossible);
    let Some(format) = get(Meta::Format)? else {
        let empty = database.read(|tree| Ok(tree.is_empty()))?;
        // A crash in the first moment leaves a file without a format and without content.
        if !empty || (existed && database_is_large(database)) {
            return Err(corrupt("store's description", NotOurs).into());
        }
        let mut batch = Batch::default();
        batch.insert(keyspace::meta(Meta::Format), &FORMAT.to_be_bytes());
        batch.insert(keyspace::meta(Meta::Node), node_if_new.uuid().as_bytes());
        batch.insert(keyspace::meta(Meta::Epoch), &FIRST_EPOCH.to_be_bytes());
        database.write(batch)?;
        return Ok((node_if_new, FIRST_EPOCH));
    };
    let number = |bytes: Vec<u8>| bytes.try_into().map(u32::from_be_bytes).ok();
    match number(format).ok_or_else(damaged)? {
        FORMAT => {}
        newer if newer > FORMAT => return Err(Unknown::Newer(newer)),
        _ => return Err(damaged().into()),
    }
    let node = get(Meta::Node)?.and_then(|bytes| Uuid::from_slice(&bytes).ok());
    let node = node.map(NodeId::from_uuid).ok_or_else(damaged)?;
    Ok((node, epoch(database)?))
}

/// Larger than what sled writes before anything is stored in it.
fn database_is_large(database: &Database) -> bool {
    let file = database.folder().join("db").metadata();
    file.is_ok_and(|file| file.len() > 4 << 20)
}
