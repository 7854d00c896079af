//! Wakes who waits for the feed: by what PostgreSQL notifies of, and by asking now and then,
//! for a notification may be lost with its connection.

use std::time::Duration;

use greenroom_domain::shared::feed::FeedPosition;
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::number::count;
use crate::options::{ACQUIRE_WITHIN, ANSWER_WITHIN};

/// What the feed's statement notifies.
pub(crate) const CHANNEL: &str = "greenroom_feed";

/// Without a word so long, the head is asked for.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// So long after the connection was lost the next one is tried.
const AGAIN_AFTER: Duration = Duration::from_millis(250);

pub(crate) async fn run(
    options: PgConnectOptions,
    head: watch::Sender<FeedPosition>,
    closing: CancellationToken,
) {
    let pool = PgPoolOptions::new()
        .max_connections(2)
        .acquire_timeout(ACQUIRE_WITHIN)
        .connect_lazy_with(options);
    let listening = async {
        loop {
            if let Err(error) = listen(&pool, &head).await {
                tracing::warn!(%error, "the feed's notifications are away");
            }
            sleep(AGAIN_AFTER).await;
        }
    };
    closing.run_until_cancelled(listening).await;
    pool.close().await;
}

/// Until the connection is lost.
async fn listen(pool: &PgPool, head: &watch::Sender<FeedPosition>) -> sqlx::Result<()> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await?;
    loop {
        raise(head, ask(pool).await?);
        while let Ok(heard) = timeout(ASK_EVERY, listener.try_recv()).await {
            let Some(notification) = heard? else {
                return Ok(());
            };
            if let Ok(position) = notification.payload().parse() {
                raise(head, FeedPosition(position));
            }
        }
    }
}

async fn ask(pool: &PgPool) -> sqlx::Result<FeedPosition> {
    let head = sqlx::query_scalar!("SELECT position FROM feed_head").fetch_one(pool);
    match timeout(ANSWER_WITHIN, head).await {
        Ok(head) => Ok(FeedPosition(count(head?))),
        Err(_) => Err(sqlx::Error::PoolTimedOut),
    }
}

/// The head never goes back.
pub(crate) fn raise(head: &watch::Sender<FeedPosition>, to: FeedPosition) {
    head.send_if_modified(|head| {
        let is_further = *head < to;
        *head = to.max(*head);
        is_further
    });
}
