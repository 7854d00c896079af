//! What goes on for all connections together: one task, no timer for each.

use std::sync::Arc;
use std::time::Duration;

use greenroom_app::stream::join;
use tokio_util::sync::CancellationToken;

use super::Events;
use super::connection::{Connection, Watcher};

/// How late an expired connection is closed, at most.
const EXPIRE_EVERY: Duration = Duration::from_secs(1);
/// After so many renewals others get to run.
const FAIR_SHARE: usize = 256;

/// Closes who has expired and renews who is present, until shutdown.
pub(super) async fn run(events: Arc<Events>, shutdown: CancellationToken) {
    // Well before it is over, so that one that fails does not matter.
    let renew_every = events.app.settings.socket_presence / 3;
    let expiring = async {
        loop {
            tokio::time::sleep(EXPIRE_EVERY).await;
            expire(&events);
        }
    };
    let renewing = async {
        loop {
            tokio::time::sleep(renew_every).await;
            renew(&events).await;
            events.rooms.forget_empty();
        }
    };
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = expiring => {}
        () = renewing => {}
    }
}

fn expire(events: &Events) {
    let now = events.app.now();
    for connection in events.connections() {
        if connection.has_expired(now) {
            connection.expire();
        }
    }
}

async fn renew(events: &Events) {
    for (nth, connection) in events.connections().into_iter().enumerate() {
        for watcher in connection.watching() {
            if let Err(error) = renew_one(events, &connection, &watcher).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "who watches could not be renewed"
                );
                return;
            }
        }
        if nth % FAIR_SHARE == FAIR_SHARE - 1 {
            tokio::task::yield_now().await;
        }
    }
}

async fn renew_one(
    events: &Events,
    connection: &Connection,
    watcher: &Watcher,
) -> Result<(), greenroom_app::Refusal> {
    let Watcher {
        stream,
        owner,
        room,
    } = watcher;
    // The audience of a stream that is over was let go.
    if room.stream() != Some(*stream) {
        return Ok(());
    }
    let (who, id) = (connection.who, connection.id);
    join::renew(&events.app, *stream, *owner, who, id).await?;
    // They may have left at the same moment.
    if connection.channel_watched_for(*stream).is_none() {
        join::leave(&events.app, *stream, who, id).await?;
    }
    Ok(())
}
