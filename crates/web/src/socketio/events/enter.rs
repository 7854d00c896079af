//! Into a room.

use std::sync::Arc;

use greenroom_app::Refusal;
use greenroom_app::realtime::{JoinRoom, Listener, Start, join_room};
use greenroom_domain::access::{Denied, Standing};
use greenroom_domain::channel::Channel;
use greenroom_domain::chat::Place;
use greenroom_domain::shared::id::StreamId;
use serde::Serialize;

use super::connection::{Connection, Membership};
use super::listener::RoomListener;
use super::room::Room;
use super::speech::Speech;
use super::{Events, Problem};

/// Somebody is in a room.
pub(super) struct Entered {
    /// The place that they began behind.
    pub(super) from: Place,
    /// What they have is to be thrown away and read anew.
    pub(super) resync: bool,
}

/// Why somebody is in a room.
pub(super) enum Purpose {
    /// They watch this stream.
    Watch(StreamId),
    /// They chat, whatever is on air.
    Chat,
}

/// Puts a connection into a room; one that is in it already is left as it is.
pub(super) async fn enter(
    events: &Events,
    connection: &Arc<Connection>,
    channel: &Channel,
    start: Start,
    purpose: Purpose,
) -> Result<Entered, Problem> {
    let app = &events.app;
    let watching = match purpose {
        Purpose::Watch(stream) => Some(stream),
        Purpose::Chat => None,
    };
    if let Speech::Of(_) = connection.speech
        && let Some(before) = connection.watched_in(channel.id)
        && watching != Some(before)
    {
        // They hear of one stream of a channel at a time.
        connection.leave_stream(app, before).await?;
    }
    if connection.note(channel.id, watching) {
        let standing = app.standing(&connection.actor, channel).await?;
        return Ok(Entered {
            from: app.end_of_log(channel.id, standing).await?,
            resync: false,
        });
    }
    connection.require_space()?;
    let room = Arc::new(Room {
        channel: channel.id,
        app: Arc::clone(app),
        people: Arc::clone(&events.people),
    });
    let standing = app.standing(&connection.actor, channel).await?;
    let is_staff = standing.is_staff();
    let listener = Arc::new(RoomListener::new(connection, &room, watching, is_staff));
    let command = JoinRoom {
        channel: channel.id,
        start,
        listener: Arc::clone(&listener) as Arc<dyn Listener>,
    };
    let joined = join_room(app, &connection.actor, command).await?;
    connection.memberships.lock().push(Membership {
        room,
        owner: channel.owner,
        watching,
        for_chat: watching.is_none(),
        subscription: joined.subscription,
    });
    // A ban may have come between the asking and the listening, or between that and the
    // membership: whoever comes later sees the other.
    let standing = app.standing(&connection.actor, channel).await?;
    if standing == Standing::Banned || listener.is_shut_out() {
        connection.shut_out(app, channel.id).await;
        return Err(Refusal::Denied(Denied::Forbidden).into());
    }
    let entered = Entered {
        from: joined.from,
        resync: joined.resync,
    };
    if entered.resync {
        let hint = Resync {
            channel_id: channel.id.to_string(),
            stream_id: watching.map(|stream| stream.to_string()),
            place: entered.from.to_string(),
        };
        let sent = connection.socket.emit("resync", &hint);
        sent.map_err(|error| Problem::internal().because(error))?;
    }
    Ok(entered)
}

/// The client's place cannot be gone on from.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Resync {
    channel_id: String,
    stream_id: Option<String>,
    /// Everything up to here is to be read anew.
    place: String,
}
