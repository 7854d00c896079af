//! The way to Redis: one connection, kept by one task, that everybody shares.

use std::fmt::{self, Display};
use std::sync::Arc;
use std::time::{Duration, Instant};

use greenroom_domain::shared::store::StoreError;
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, FromRedisValue, Pipeline, RedisError, RedisResult,
    ScriptInvocation,
};
use tokio::sync::{Notify, watch};
use tokio::time::error::Elapsed;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use crate::backoff::Backoff;
use crate::options::RedisOptions;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// How long Redis may take to let us in, and to answer.
pub(crate) const PATIENCE: Duration = Duration::from_millis(700);
/// How long who asks waits for a connection that is being made: with the answer, less than a
/// second.
const ARRIVING: Duration = Duration::from_millis(250);
/// A connection that held so long was a good one.
const STEADY: Duration = Duration::from_secs(5);
/// How often a connection is tried that nobody complains of.
pub(crate) const PING_EVERY: Duration = Duration::from_secs(1);
/// How many commands may wait to be written.
const WAITING: usize = 1024;

/// A Redis, whether it can be reached now or not. Clones share it; when the last is gone, so
/// is the connection.
#[derive(Clone)]
pub struct Redis(Arc<Shared>);

struct Shared {
    options: RedisOptions,
    client: Client,
    link: watch::Receiver<Link>,
    /// Somebody had trouble with the connection.
    complaints: Arc<Notify>,
    _keeper: AbortOnDropHandle<()>,
}

#[derive(Clone)]
enum Link {
    /// It will be known soon whether it can be reached.
    Connecting,
    /// It answers.
    Up {
        connection: MultiplexedConnection,
        /// Counts the connections.
        number: u64,
    },
    /// It cannot be reached, and will be tried again.
    Away,
}

impl Link {
    fn number(&self) -> Option<u64> {
        match self {
            Self::Up { number, .. } => Some(*number),
            Self::Connecting | Self::Away => None,
        }
    }
}

/// It cannot even be tried.
#[derive(Debug, thiserror::Error)]
#[error("Redis cannot be used by these options")]
pub struct OpenError(#[source] RedisError);

/// Why Redis gave no answer.
#[derive(Debug, thiserror::Error)]
enum Unanswered {
    #[error("Redis is away")]
    Away,
    #[error("Redis takes too long to answer")]
    TooLong,
}

impl Redis {
    /// Opens the way to a Redis and does not wait for it; it may be away. Has to be called in
    /// a tokio runtime.
    pub fn open(options: RedisOptions) -> Result<Self, OpenError> {
        let client = Client::open(options.connection.clone()).map_err(OpenError)?;
        let (up, link) = watch::channel(Link::Connecting);
        let complaints = Arc::default();
        let at = options.to_string();
        let keeper = keep(client.clone(), at, up, Arc::clone(&complaints));
        Ok(Self(Arc::new(Shared {
            options,
            client,
            link,
            complaints,
            _keeper: AbortOnDropHandle::new(tokio::spawn(keeper)),
        })))
    }

    /// Whether it answers, within two seconds: at the start, and for a check of health.
    pub async fn check(&self) -> Result<(), StoreError> {
        let mut connection = self.connection(PATIENCE).await?;
        let ping = redis::cmd("PING");
        self.judge(timeout(PATIENCE, ping.exec_async(&mut connection)).await)
    }

    /// Runs a script.
    pub(crate) async fn run<T: FromRedisValue>(
        &self,
        script: &ScriptInvocation<'_>,
    ) -> Result<T, StoreError> {
        let mut connection = self.connection(ARRIVING).await?;
        self.judge(timeout(PATIENCE, script.invoke_async(&mut connection)).await)
    }

    /// Runs commands, all on one way there and back.
    pub(crate) async fn pipe<T: FromRedisValue>(&self, pipe: &Pipeline) -> Result<T, StoreError> {
        let mut connection = self.connection(ARRIVING).await?;
        self.judge(timeout(PATIENCE, pipe.query_async(&mut connection)).await)
    }

    /// A key or channel of this Greenroom.
    pub(crate) fn key(&self, kind: &str, of: impl Display) -> String {
        format!("{}{kind}:{of}", self.0.options.prefix)
    }

    /// What a connection of one's own is made with.
    pub(crate) fn client(&self) -> &Client {
        &self.0.client
    }

    /// Counts the connections; `None` while it is away, as far as is known.
    pub(crate) fn connection_number(&self) -> Option<u64> {
        self.0.link.borrow().number()
    }

    /// Waits for a connection after this one.
    pub(crate) async fn connected_after(&self, number: u64) -> u64 {
        let next = self.number_when(|now| now > Some(number)).await;
        next.unwrap_or(number)
    }

    /// Waits until this connection is lost.
    pub(crate) async fn lost(&self, number: u64) {
        self.number_when(|now| now != Some(number)).await;
    }

    async fn number_when(&self, is_it: impl Fn(Option<u64>) -> bool) -> Option<u64> {
        let mut link = self.0.link.clone();
        let found = link.wait_for(|link| is_it(link.number())).await;
        match found.map(|link| link.number()) {
            Ok(number) => number,
            // The keeper lives as long as this.
            Err(_) => std::future::pending().await,
        }
    }

    async fn connection(&self, arriving: Duration) -> Result<MultiplexedConnection, StoreError> {
        let mut link = self.0.link.clone();
        let settled = link.wait_for(|link| !matches!(link, Link::Connecting));
        match timeout(arriving, settled).await {
            Ok(Ok(link)) => match &*link {
                Link::Up { connection, .. } => Ok(connection.clone()),
                Link::Connecting | Link::Away => Err(unavailable(Unanswered::Away)),
            },
            Ok(Err(_)) | Err(_) => Err(unavailable(Unanswered::Away)),
        }
    }

    fn judge<T>(&self, answer: Result<RedisResult<T>, Elapsed>) -> Result<T, StoreError> {
        let error = match answer {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => error.into(),
            Err(_) => BoxError::from(Unanswered::TooLong),
        };
        self.0.complaints.notify_one();
        Err(StoreError::Unavailable(error))
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Redis").field(&self.0.options).finish()
    }
}

fn unavailable(error: impl Into<BoxError>) -> StoreError {
    StoreError::Unavailable(error.into())
}

/// Connects, and connects again whenever the connection is lost.
async fn keep(client: Client, at: String, link: watch::Sender<Link>, complaints: Arc<Notify>) {
    let config = AsyncConnectionConfig::new()
        // Whoever waits sets a limit to the whole of it.
        .set_connection_timeout(None)
        .set_response_timeout(None)
        .set_pipeline_buffer_size(WAITING);
    let mut backoff = Backoff::new();
    let mut number = 0;
    loop {
        match connect(&client, &config).await {
            Ok(connection) => {
                number += 1;
                tracing::info!(%at, "connected to Redis");
                link.send_replace(Link::Up {
                    connection: connection.clone(),
                    number,
                });
                let held = Instant::now();
                until_lost(connection, &complaints).await;
                tracing::warn!(%at, "the connection to Redis is lost");
                link.send_replace(Link::Connecting);
                if held.elapsed() > STEADY {
                    backoff.reset();
                }
            }
            Err(error) => {
                if !matches!(*link.borrow(), Link::Away) {
                    tracing::warn!(%at, %error, "Redis is away");
                }
                link.send_replace(Link::Away);
            }
        }
        backoff.wait().await;
    }
}

/// Connects; a server that lets us in may still not answer.
async fn connect(
    client: &Client,
    config: &AsyncConnectionConfig,
) -> Result<MultiplexedConnection, BoxError> {
    let connecting = async {
        let mut connection = client
            .get_multiplexed_async_connection_with_config(config)
            .await?;
        redis::cmd("PING").exec_async(&mut connection).await?;
        Ok(connection)
    };
    timeout(PATIENCE, connecting).await?
}

/// Looks after a connection now and then, and whenever somebody complains: what one asker
/// waited too long for may have been a busy machine.
async fn until_lost(mut connection: MultiplexedConnection, complaints: &Notify) {
    let ping = redis::cmd("PING");
    loop {
        let _ = timeout(PING_EVERY, complaints.notified()).await;
        let answer = timeout(PATIENCE, ping.exec_async(&mut connection)).await;
        if !matches!(answer, Ok(Ok(()))) {
            return;
        }
    }
}
