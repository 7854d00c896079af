//! The one task of a store that writes.
//!
//! It takes what has queued while it wrote the batch before, and keeps it in one transaction:
//! locks what the batch speaks of, checks each commit against that and the ones before it,
//! carries out those that were found good, and only then answers. Refusals wait too, for what
//! they saw may be pending itself.
//!
//! Where somebody came between after all, the batch is run again, and at last each commit
//! alone. Where the connection was lost while it committed, the next one first asks whether
//! the batch was kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use greenroom_domain::shared::commit::{Changes, CommitError, Committed};
use greenroom_domain::shared::feed::FeedPosition;
use greenroom_domain::shared::store::StoreError;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::draft::Draft;
use crate::error::{Failure, TimedOut, unavailable};
use crate::listen;
use crate::open::OpenError;
use crate::options::{ANSWER_WITHIN, Nodes, PgOptions};
use crate::seen::Seen;
use crate::write::{self, Mark};

/// So many commits become one transaction at most.
const MAX_BATCH: usize = 512;

/// Whoever was in the batch before is likely to come again at once: so often the others get
/// a turn to, before the next batch begins without them.
const TURNS: usize = 8;

/// So long is tried for every batch, however long it has waited for its turn: a database that
/// is slow gets something done.
const AT_LEAST: Duration = Duration::from_millis(500);

/// So often a batch is run again when somebody came between.
const RUNS: usize = 4;

/// So long after a failure it is tried again.
const AGAIN_AFTER: Duration = Duration::from_millis(50);

/// While there is nothing to write, it is looked this often whether the connection still is
/// there: with it the place among the nodes would be lost.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The advisory lock that says which nodes run on the database: "greenrm" in ASCII.
pub(crate) const NODES_LOCK: i64 = 0x67_72_65_65_6e_72_6d;

/// A commit that waits for its answer.
pub(crate) struct Request {
    pub(crate) changes: Changes,
    pub(crate) arrived: Instant,
    pub(crate) answer: oneshot::Sender<Answer>,
}

type Answer = Result<Committed, CommitError>;

pub(crate) struct Committer {
    options: PgConnectOptions,
    nodes: Option<Nodes>,
    epoch: Arc<AtomicU32>,
    head: watch::Sender<FeedPosition>,
    connection: Option<PgConnection>,
    /// The last transaction that was begun.
    mark: Mark,
}

/// A transaction whose end is not known, and what it would have been answered with.
struct Doubt {
    mark: Mark,
    kept: Kept,
}

/// What a transaction has done.
struct Kept {
    answers: Vec<Answer>,
    head: Option<FeedPosition>,
}

impl Committer {
    /// Connects, and takes the place among the nodes that the options ask for.
    pub(crate) async fn open(
        options: &PgOptions,
        epoch: Arc<AtomicU32>,
        head: watch::Sender<FeedPosition>,
    ) -> Result<Self, OpenError> {
        let connect = options.bounded();
        let beginning = begin(&connect, options.nodes);
        let (connection, writer) = match tokio::time::timeout(ANSWER_WITHIN, beginning).await {
            Ok(begun) => begun?,
            Err(_) => return Err(OpenError::Store(unavailable(TimedOut))),
        };
        Ok(Self {
            options: connect,
            nodes: options.nodes,
            epoch,
            head,
            connection: Some(connection),
            mark: Mark { writer, batch: 0 },
        })
    }

    pub(crate) async fn run(
        mut self,
        mut queue: mpsc::Receiver<Request>,
        closing: CancellationToken,
    ) {
        let mut expected = 0;
        let mut requests = Vec::new();
        loop {
            tokio::select! {
                count = queue.recv_many(&mut requests, MAX_BATCH) => if count == 0 { break },
                () = closing.cancelled(), if !queue.is_closed() => queue.close(),
                () = sleep(LOOK_EVERY) => self.look().await,
            }
            for _ in 0..TURNS {
                if requests.is_empty() || requests.len() >= expected {
                    break;
                }
                tokio::task::yield_now().await;
                while requests.len() < MAX_BATCH
                    && let Ok(request) = queue.try_recv()
                {
                    requests.push(request);
                }
            }
            expected = requests.len();
            self.batch(std::mem::take(&mut requests)).await;
        }
        if let Some(connection) = self.connection {
            // The server notices it anyway.
            let _ = connection.close().await;
        }
    }

    /// Keeps and answers.
    async fn batch(&mut self, requests: Vec<Request>) {
        let Some(first) = requests.iter().map(|it| it.arrived).min() else {
            return;
        };
        let deadline = (first + ANSWER_WITHIN).max(Instant::now() + AT_LEAST);
        let changes: Vec<&Changes> = requests.iter().map(|it| &it.changes).collect();
        let answers = match self.keep(&changes, deadline).await {
            Ok(answers) => answers,
            Err(Failure::Away(error)) => {
                let error = Arc::new(error);
                let away = |_| Err(unavailable(Away(Arc::clone(&error))).into());
                changes.iter().map(away).collect()
            }
            Err(Failure::Full(error)) => {
                tracing::error!(%error, "the database's disk is full");
                changes.iter().map(|_| Err(CommitError::Full)).collect()
            }
            // One of them is not to be kept, and must not stand in the others' way.
            Err(_) => {
                let mut answers = Vec::with_capacity(changes.len());
                for changes in changes {
                    answers.push(self.keep_alone(changes, deadline).await);
                }
                answers
            }
        };
        for (request, answer) in requests.into_iter().zip(answers) {
            // Whoever does not wait any more does not need the answer.
            let _ = request.answer.send(answer);
        }
    }

    async fn keep_alone(&mut self, changes: &Changes, deadline: Instant) -> Answer {
        match self.keep(&[changes], deadline).await {
            Ok(mut answers) => answers.pop().unwrap_or(Err(unavailable(TimedOut).into())),
            Err(Failure::Full(_)) => Err(CommitError::Full),
            Err(failure) => {
                let error = StoreError::from(failure);
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "a commit cannot be kept"
                );
                Err(error.into())
            }
        }
    }

    /// Runs a batch until it is kept, or there is no more time.
    async fn keep(
        &mut self,
        changes: &[&Changes],
        deadline: Instant,
    ) -> Result<Vec<Answer>, Failure> {
        let mut doubt = None;
        let mut runs = 0;
        loop {
            let failure = match timeout_at(deadline, self.attempt(changes, &mut doubt)).await {
                Ok(Ok(kept)) => {
                    if let Some(head) = kept.head {
                        listen::raise(&self.head, head);
                    }
                    return Ok(kept.answers);
                }
                Ok(Err(failure)) => failure,
                Err(_) => {
                    self.connection = None;
                    return Err(Failure::Away(sqlx::Error::PoolTimedOut));
                }
            };
            match failure {
                Failure::Overtaken(_) if runs < RUNS => runs += 1,
                Failure::Away(error) => {
                    // Also what the session alone believes (read-only) goes with it.
                    self.connection = None;
                    if Instant::now() + AGAIN_AFTER >= deadline {
                        return Err(Failure::Away(error));
                    }
                    sleep(AGAIN_AFTER).await;
                }
                other => return Err(other),
            }
        }
    }

    async fn look(&mut self) {
        let looking = async {
            let mut connection = self.connected().await?;
            connection.ping().await?;
            self.connection = Some(connection);
            Ok::<_, sqlx::Error>(())
        };
        match tokio::time::timeout(ANSWER_WITHIN, looking).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the database is away"
            ),
            Err(_) => tracing::warn!("the database does not answer"),
        }
    }

    /// The connection, or a new one. Whoever takes it puts it back while it is good.
    async fn connected(&mut self) -> sqlx::Result<PgConnection> {
        match self.connection.take() {
            Some(connection) => Ok(connection),
            None => open(&self.options, self.nodes)
                .await?
                .ok_or_else(|| sqlx::Error::Configuration(Box::new(Displaced))),
        }
    }

    /// One transaction. A failure before its commit has undone it; after one within it,
    /// `doubt` is set.
    async fn attempt(
        &mut self,
        changes: &[&Changes],
        doubt: &mut Option<Doubt>,
    ) -> Result<Kept, Failure> {
        let mut connection = self.connected().await?;
        if let Some(Doubt { mark, kept }) = doubt.take() {
            match was_kept(&mut connection, mark).await {
                Ok(true) => {
                    self.connection = Some(connection);
                    return Ok(kept);
                }
                Ok(false) => {}
                Err(error) => {
                    *doubt = Some(Doubt { mark, kept });
                    return Err(error.into());
                }
            }
        }
        self.mark.batch += 1;
        let mark = self.mark;
        let mut transaction = connection.begin().await?;
        let drafted = async {
            let epoch = self.epoch.load(Ordering::Acquire);
            let seen = Seen::lock(&mut transaction, changes, epoch).await?;
            let mut draft = Draft::new(epoch, seen);
            let answers = changes.iter().map(|changes| draft.add(changes)).collect();
            let writes = draft.into_writes();
            let head = if writes.is_empty() {
                None
            } else {
                write::carry_out(&mut transaction, &writes, mark).await?
            };
            Ok::<_, Failure>(Kept { answers, head })
        };
        match drafted.await {
            Ok(kept) => {
                *doubt = Some(Doubt { mark, kept });
                transaction.commit().await?;
            }
            Err(failure) => {
                // It fails where the connection is lost, and that undoes it as well.
                if transaction.rollback().await.is_ok() {
                    self.connection = Some(connection);
                }
                return Err(failure);
            }
        }
        self.connection = Some(connection);
        match doubt.take() {
            Some(doubt) => Ok(doubt.kept),
            None => Err(Failure::Away(sqlx::Error::WorkerCrashed)),
        }
    }
}

/// The first connection, and the id under which its transactions are counted.
async fn begin(
    options: &PgConnectOptions,
    nodes: Option<Nodes>,
) -> Result<(PgConnection, Uuid), OpenError> {
    let opened = open(options, nodes).await?;
    let mut connection = opened.ok_or(OpenError::AnotherNode)?;
    // Nobody who stopped a day ago asks any more.
    sqlx::query!("DELETE FROM writers WHERE at < now() - interval '1 day'")
        .execute(&mut connection)
        .await?;
    let writer = sqlx::query_scalar!(r#"SELECT gen_random_uuid() AS "id!""#)
        .fetch_one(&mut connection)
        .await?;
    Ok((connection, writer))
}

/// A connection that has its place among the nodes; `None` when there is none to be had.
async fn open(
    options: &PgConnectOptions,
    nodes: Option<Nodes>,
) -> sqlx::Result<Option<PgConnection>> {
    let mut connection = options.connect().await?;
    // What is acknowledged is on the disk, whatever the server's default.
    sqlx::query!(
        "SELECT set_config('synchronous_commit', 'on', false) \
         WHERE current_setting('synchronous_commit') = 'off'"
    )
    .fetch_optional(&mut connection)
    .await?;
    let has_place = match nodes {
        None => true,
        Some(Nodes::One) => {
            sqlx::query_scalar!(
                r#"SELECT pg_try_advisory_lock($1) AS "is_taken!""#,
                NODES_LOCK
            )
            .fetch_one(&mut connection)
            .await?
        }
        Some(Nodes::Many) => {
            sqlx::query_scalar!(
                r#"SELECT pg_try_advisory_lock_shared($1) AS "is_taken!""#,
                NODES_LOCK
            )
            .fetch_one(&mut connection)
            .await?
        }
    };
    Ok(has_place.then_some(connection))
}

/// Waits for a transaction that may still run, and says how it ended.
async fn was_kept(connection: &mut PgConnection, mark: Mark) -> sqlx::Result<bool> {
    // Its row is locked by it, or is not there yet and then stands in the way of another.
    let last = sqlx::query_scalar!(
        "INSERT INTO writers (id, batch, at) VALUES ($1, 0, now()) \
         ON CONFLICT (id) DO UPDATE SET at = excluded.at RETURNING batch",
        mark.writer
    )
    .fetch_one(connection)
    .await?;
    Ok(last == mark.batch)
}

/// Another node came while this one was not connected.
#[derive(Debug, thiserror::Error)]
#[error("another node runs on this database now")]
struct Displaced;

/// Why all of a batch was not kept, told to each of them.
#[derive(Debug, thiserror::Error)]
#[error("the batch could not be written")]
struct Away(#[source] Arc<sqlx::Error>);
