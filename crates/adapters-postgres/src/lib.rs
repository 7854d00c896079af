//! Greenroom's store for many nodes: everything in one PostgreSQL database (15 or newer).
//!
//! [`PgStore`] fills the one write port, [`Commit`](greenroom_domain::shared::commit::Commit),
//! the read ports of accounts, channels, streams, chat and social life, the
//! [`Feed`](greenroom_domain::shared::feed::Feed) and the
//! [`Archive`](greenroom_domain::shared::archive::Archive). Bring the schema up to date with
//! [`PgStore::migrate`], then open it with [`PgStore::open`]. It comes back by itself when
//! the database was away.
//!
//! Where to look: `commit` takes changes in and `committer` is the one task that writes, a
//! batch in a transaction; `seen` locks and reads what a batch speaks of, `draft` checks each
//! commit against it, `write` carries out what was found good. `account`, `channel`, `stream`,
//! `chat`, `social` and `once` hold the read ports and say how a row and an aggregate become
//! each other; `read` is how all of them ask. `listen` wakes who waits for the feed. `archive`
//! moves everything out, and in.
//!
//! All locks are taken in one order: the rooms' heads, aggregates by kind and id, claims,
//! cursors, and last the head of the feed. Two nodes then wait for each other and do not
//! deadlock; where they do after all, the batch is run again.
//!
//! The statements are checked against the migrations when the crate is compiled, from
//! `.sqlx`. After changing one, build with `DATABASE_URL` set to a migrated database and
//! `SQLX_OFFLINE_DIR` to that folder; a test refuses what is stale in it.
//!
//! What it does not promise: a deleted text is overwritten at once, but PostgreSQL keeps old
//! rows until it vacuums, and its log for as long as it is told to.

mod account;
mod archive;
mod channel;
mod chat;
mod claim;
mod commit;
mod committer;
mod draft;
mod error;
mod feed;
mod hex;
mod listen;
mod number;
mod once;
mod open;
mod options;
mod read;
mod recording;
mod seen;
mod social;
mod stream;
mod write;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use greenroom_domain::shared::feed::FeedPosition;
use parking_lot::Mutex;
use sqlx::PgPool;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::committer::{Committer, Request};
use crate::read::Links;

pub use crate::open::{MigrateError, OpenError};
pub use crate::options::{Nodes, PgOptions, UrlError};

/// So many commits wait for the committer at most; a caller beyond that waits for a place.
const QUEUE: usize = 4096;

/// The store of a database. Share it in an [`Arc`]; its tasks end when it is dropped, or by
/// [`PgStore::close`].
pub struct PgStore {
    pool: PgPool,
    links: Links,
    queue: mpsc::Sender<Request>,
    /// The feed's newest position that this node knows of.
    head: watch::Sender<FeedPosition>,
    /// Another one after an import.
    epoch: Arc<AtomicU32>,
    /// For what may take its time.
    options: PgOptions,
    tasks: Mutex<JoinSet<()>>,
    closing: CancellationToken,
}

impl PgStore {
    /// Brings the schema up to date, or makes it. Nodes that do so at once wait for each
    /// other.
    ///
    /// # Errors
    /// When the database cannot be reached, a newer version wrote it, or a step fails; a
    /// step is done as a whole or not at all.
    pub async fn migrate(options: &PgOptions) -> Result<(), MigrateError> {
        open::migrate(options).await
    }

    /// Opens the store of a migrated database. Call it on the runtime that it shall live on.
    ///
    /// # Errors
    /// When the database cannot be reached, its schema is another version's, or other nodes
    /// run on it that do not fit.
    pub async fn open(options: &PgOptions) -> Result<Self, OpenError> {
        let links = Links::default();
        let pool = open::pool(options, &links);
        let opened = open::check(&pool).await?;
        let head = watch::Sender::new(opened.head);
        let (queue, requests) = mpsc::channel(QUEUE);
        let closing = CancellationToken::new();
        let epoch = Arc::new(AtomicU32::new(opened.epoch));
        let committer = Committer::open(options, Arc::clone(&epoch), head.clone()).await?;
        let mut tasks = JoinSet::new();
        tasks.spawn(committer.run(requests, closing.clone()));
        tasks.spawn(listen::run(
            options.bounded(),
            head.clone(),
            closing.clone(),
        ));
        Ok(Self {
            pool,
            links,
            queue,
            head,
            epoch,
            options: options.clone(),
            tasks: Mutex::new(tasks),
            closing,
        })
    }

    /// Which telling of the rooms' history this is: see [`Place`](greenroom_domain::chat::Place).
    pub fn epoch(&self) -> u32 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Keeps what was handed in, refuses more, and closes every connection. Everything
    /// answers as unavailable from then on. Again is no change.
    pub async fn close(&self) {
        self.closing.cancel();
        let mut tasks = std::mem::take(&mut *self.tasks.lock());
        // A task that panicked has nothing more to keep; its panic is in the log.
        while tasks.join_next().await.is_some() {}
        self.pool.close().await;
    }
}

impl Drop for PgStore {
    fn drop(&mut self) {
        // The tasks end by themselves, once what was handed in is kept.
        self.closing.cancel();
        self.tasks.get_mut().detach_all();
    }
}
