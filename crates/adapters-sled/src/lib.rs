//! Greenroom's embedded store: everything in one sled tree, durable before it is acknowledged.
//!
//! [`SledStore`] fills the one write port, [`Commit`](greenroom_domain::shared::commit::Commit),
//! the read ports of accounts, channels, streams, recordings, chat, follows and
//! blocks, and of what requests have made, the
//! [`Feed`](greenroom_domain::shared::feed::Feed) and the
//! [`Archive`](greenroom_domain::shared::archive::Archive). Open it with [`SledStore::open`].
//!
//! Where to look: `commit` takes changes in and `committer` is the one thread that writes;
//! `draft` checks one commit against the store and what is pending; `keyspace` and `codec`
//! say what lies on the disk; `database` is the only place that touches sled's files;
//! `archive` moves everything out, and in.
//!
//! What it does not promise: a deleted text is overwritten in the store at once, but sled
//! appends, so the old bytes lie in its file, unread, until their segment is written anew.

mod account;
mod archive;
mod channel;
mod chat;
mod codec;
mod commit;
mod committer;
mod database;
mod draft;
mod feed;
mod keyspace;
mod once;
mod open;
mod queue;
mod read;
mod recording;
mod rooms;
mod settling;
mod social;
mod stream;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;

use greenroom_domain::chat::Seq;
use greenroom_domain::shared::feed::FeedPosition;
use greenroom_domain::shared::id::{ChannelId, NodeId};
use greenroom_domain::shared::store::StoreError;
use parking_lot::Mutex;
use sled::Tree;
use tokio::sync::watch;

use crate::archive::before::Exports;
use crate::committer::{Committer, Request};
use crate::database::{Absent, Database};
use crate::queue::Queue;
use crate::settling::{Settling, Warm};

pub use crate::open::{OpenError, StoreOptions};

/// So many commits wait for the committer at most; a caller beyond that waits for a place.
const QUEUE: usize = 4096;

/// The store of a data folder. Share it in an [`Arc`]; it closes when it is dropped, or by
/// [`SledStore::close`].
pub struct SledStore {
    shared: Arc<Shared>,
    committer: Mutex<Option<JoinHandle<()>>>,
}

/// What the ports and the committer's thread share.
pub(crate) struct Shared {
    pub(crate) database: Database,
    pub(crate) options: StoreOptions,
    pub(crate) queue: Queue<Request>,
    pub(crate) settling: Settling,
    pub(crate) warm: Warm,
    /// The feed's newest durable position.
    pub(crate) head: watch::Sender<FeedPosition>,
    /// What is overwritten while somebody exports.
    pub(crate) exports: Exports,
    node: NodeId,
    /// Another one after an import.
    epoch: AtomicU32,
}

impl Shared {
    pub(crate) fn epoch(&self) -> u32 {
        self.epoch.load(Ordering::Acquire)
    }

    /// The folder that the store is in, with its lock.
    pub(crate) fn data_folder(&self) -> &Path {
        let store = self.database.folder();
        store.parent().unwrap_or(store)
    }
}

impl SledStore {
    /// Opens the store of a data folder, or makes one, and takes the folder's lock.
    ///
    /// It reads the whole log that sled has not summed up yet, so call it where waiting for
    /// the disk is no harm.
    ///
    /// # Errors
    /// When another process has the folder, a newer version wrote it, or it is damaged;
    /// nothing is changed then.
    pub fn open(path: impl AsRef<Path>, options: StoreOptions) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let io = |source| OpenError::Io {
            folder: path.to_owned(),
            source,
        };
        let opened = open::open(path, &options)?;
        let feed = open::feed_head(&opened.database).map_err(|source| OpenError::Damaged {
            folder: path.to_owned(),
            source: Box::new(source),
        })?;
        let shared = Arc::new(Shared {
            database: opened.database,
            options,
            queue: Queue::new(QUEUE),
            settling: Settling::default(),
            warm: Warm::default(),
            head: watch::Sender::new(feed),
            exports: Exports::default(),
            node: opened.node,
            epoch: AtomicU32::new(opened.epoch),
        });
        let committer = Committer::new(Arc::clone(&shared), opened.folder)
            .spawn()
            .map_err(io)?;
        Ok(Self {
            shared,
            committer: Mutex::new(Some(committer)),
        })
    }

    /// The id of the node that the data folder belongs to, the same over its restarts.
    pub fn node(&self) -> NodeId {
        self.shared.node
    }

    /// Which telling of the rooms' history this is: see [`Place`](greenroom_domain::chat::Place).
    pub fn epoch(&self) -> u32 {
        self.shared.epoch()
    }

    /// Keeps what was handed in, refuses more, and gives the folder back. Everything answers
    /// as unavailable from then on. Again is no change.
    pub async fn close(&self) {
        self.shared.queue.close();
        let Some(committer) = self.committer.lock().take() else {
            return;
        };
        // A thread that panicked has nothing more to keep; its panic is in the log.
        let _ = tokio::task::spawn_blocking(move || committer.join()).await;
    }

    /// A short read on the caller's own thread: points and single index hits are nearly
    /// always in memory, and cost less than handing them to another thread.
    pub(crate) fn read<T>(
        &self,
        read: impl FnOnce(&Tree) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.shared.database.read(read)
    }

    /// A read of unknown length, off the runtime's threads.
    pub(crate) async fn scan<T: Send + 'static>(
        &self,
        scan: impl FnOnce(&Tree) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let shared = Arc::clone(&self.shared);
        match tokio::task::spawn_blocking(move || shared.database.read(scan)).await {
            Ok(answer) => answer,
            Err(stopped) => Err(StoreError::Unavailable(Box::new(stopped))),
        }
    }

    pub(crate) fn settled(&self, room: ChannelId) -> Seq {
        self.shared.settling.settled(room)
    }

    /// For a scan on another thread.
    pub(crate) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }
}

impl Drop for SledStore {
    fn drop(&mut self) {
        self.shared.queue.close();
        if let Some(committer) = self.committer.get_mut().take() {
            // As in `close`.
            let _ = committer.join();
        }
    }
}

/// What a call comes to when the committer is gone.
pub(crate) fn gone(why: Absent) -> StoreError {
    StoreError::Unavailable(Box::new(why))
}
