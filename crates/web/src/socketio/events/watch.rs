//! Clients that name the stream in the handshake, as `PawfectMatch`'s do: they are part of its
//! audience, and in its room, for as long as they are connected.

use std::sync::Arc;

use greenroom_app::realtime::Start;
use greenroom_app::stream::join;
use greenroom_domain::channel::Channel;
use greenroom_domain::shared::id::StreamId;

use super::connection::Connection;
use super::enter::{Purpose, enter};
use super::session::Entrance;
use super::vocabulary::Event;
use super::{Events, Failed, Problem};
use crate::dialects::pawfectmatch::{self, StreamJson};

/// Lets a new connection in, or says why not. What it missed may take longer than it should wait
/// for that.
pub(super) async fn begin(
    events: &Events,
    connection: &Arc<Connection>,
    entrance: Entrance,
) -> Result<(), Problem> {
    let (app, stream) = (&events.app, entrance.stream);
    let view = join::execute(app, &connection.actor, stream, connection.id).await?;
    let start = match entrance.after {
        Some(place) => place,
        // Whatever is said from now on.
        None => {
            let standing = app.standing(&connection.actor, &view.channel).await?;
            app.end_of_log(view.channel.id, standing).await?
        }
    };
    let pinned = pawfectmatch::pinned(app, &view).await?;
    let state = StreamJson::of(&view, Some(pinned));
    connection.tell(Event::StreamJoined, &state)?;
    let Some(events) = events.me.upgrade() else {
        return Err(Problem::internal());
    };
    let connection = Arc::clone(connection);
    let tasks = events.config.tasks.clone();
    tasks.spawn(async move {
        let begun = listen(
            &events,
            &connection,
            &view.channel,
            Start::After(start),
            stream,
        );
        if let Err(problem) = begun.await {
            super::log(&problem);
            // It may be gone already.
            let _ = connection
                .socket
                .emit("error", &Failed::of("connect", &problem));
            connection.socket.disconnect();
        }
        if !connection.socket.is_open() {
            connection.leave_all(&events.app).await;
        }
    });
    Ok(())
}

async fn listen(
    events: &Events,
    connection: &Arc<Connection>,
    channel: &Channel,
    start: Start,
    stream: StreamId,
) -> Result<(), Problem> {
    let entered = enter(events, connection, channel, start, Purpose::Watch(stream)).await;
    if entered.is_err() {
        join::leave(&events.app, stream, connection.who, connection.id).await?;
    }
    entered.map(drop)
}
