//! What goes on for all connections together: one task, no timer for each.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use greenroom_app::stream::join;
use greenroom_domain::account::SessionId;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio_util::sync::CancellationToken;

use super::Events;
use super::connection::{Connection, Watcher};

/// How late an expired connection is closed, at most.
const EXPIRE_EVERY: Duration = Duration::from_secs(1);
/// After so many renewals others get to run.
const FAIR_SHARE: usize = 256;

/// Closes who has expired or signed out and renews who is present, until shutdown.
pub(super) async fn run(
    events: Arc<Events>,
    ended: Receiver<SessionId>,
    shutdown: CancellationToken,
) {
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
        }
    };
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = expiring => {}
        () = renewing => {}
        () = sign_out(&events, ended) => {}
    }
}

/// Closes the connections of sessions that end.
async fn sign_out(events: &Events, mut ended: Receiver<SessionId>) {
    loop {
        let mut sessions = HashSet::new();
        let mut heard = ended.recv().await;
        // Those that ended together with one look at the connections.
        let lagged = loop {
            match heard {
                Ok(session) => sessions.insert(session),
                Err(RecvError::Lagged(_)) => break true,
                Err(RecvError::Closed) => return,
            };
            match ended.try_recv() {
                Ok(session) => heard = Ok(session),
                Err(TryRecvError::Lagged(missed)) => heard = Err(RecvError::Lagged(missed)),
                Err(TryRecvError::Empty | TryRecvError::Closed) => break false,
            }
        };
        for connection in events.connections() {
            let Some(session) = connection.session else {
                continue;
            };
            let is_over = sessions.contains(&session)
                || lagged && matches!(events.app.ports.sessions.get(session).await, Ok(None));
            if is_over {
                connection.expire();
            }
        }
    }
}

/// Whether this session is among those that ended since; as a precaution also when they were
/// too many to know.
pub(super) fn has_ended(ended: &mut Receiver<SessionId>, session: SessionId) -> bool {
    loop {
        match ended.try_recv() {
            Ok(other) if other != session => {}
            Ok(_) | Err(TryRecvError::Lagged(_)) => return true,
            Err(TryRecvError::Empty | TryRecvError::Closed) => return false,
        }
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
    if connection.room_watched_for(*stream).is_none() {
        join::leave(&events.app, *stream, who, id).await?;
    }
    Ok(())
}
