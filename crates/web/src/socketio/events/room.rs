//! Rooms as connections listen to them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use greenroom_app::realtime::{JoinRoom, Listener, Published, Shown, Start, join_room};
use greenroom_app::{App, Refusal};
use greenroom_domain::access::{Action, Denied, Standing};
use greenroom_domain::channel::Channel;
use greenroom_domain::chat::{Line, LineBody, Place, Seq};
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::{ChannelId, StreamId};
use greenroom_domain::shared::store::StoreError;
use parking_lot::Mutex;
use serde::Serialize;

use super::connection::{Connection, Membership};
use super::outgoing::{self, Packets};
use super::{Events, Problem, Socket};
use crate::socketio::socket::{Class, Sent};

/// How long a client that catches up may take none of what it asked for.
const PATIENCE: Duration = Duration::from_secs(15);
/// How often it is looked whether it has taken something.
const LOOK: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(50));

/// The rooms that anybody listens to.
#[derive(Default)]
pub(super) struct Rooms(Mutex<HashMap<ChannelId, Weak<Room>>>);

/// What all who listen to a room share.
pub(super) struct Room {
    pub(super) channel: ChannelId,
    app: Arc<App>,
    live: Mutex<Live>,
}

/// What is on air, as far as the room's log was heard of.
#[derive(Clone, Copy)]
struct Live {
    as_of: Seq,
    /// And since when.
    stream: Option<(StreamId, Timestamp)>,
}

impl Rooms {
    fn of(&self, app: &Arc<App>, channel: ChannelId) -> Arc<Room> {
        let mut rooms = self.0.lock();
        if let Some(room) = rooms.get(&channel).and_then(Weak::upgrade) {
            return room;
        }
        let room = Arc::new(Room {
            channel,
            app: Arc::clone(app),
            live: Mutex::new(Live {
                as_of: Seq::ZERO,
                stream: None,
            }),
        });
        rooms.insert(channel, Arc::downgrade(&room));
        room
    }

    pub(super) fn forget_empty(&self) {
        self.0.lock().retain(|_, room| room.strong_count() > 0);
    }
}

impl Room {
    /// The stream that is on air.
    pub(super) fn live(&self) -> Option<StreamId> {
        self.live.lock().stream.map(|(stream, _)| stream)
    }

    /// Looks what is on air: nobody may have listened for a while.
    async fn refresh(&self) -> Result<(), StoreError> {
        let ports = &self.app.ports;
        // The log first: what is on air is at least as new as that.
        let head = ports.room_log.head(self.channel).await?;
        let stream = ports.streams.live_of(self.channel).await?;
        let stream = stream.map(|stored| {
            let since = stored.value.started_at().unwrap_or(Timestamp::EPOCH);
            (stored.value.id, since)
        });
        let mut live = self.live.lock();
        if live.as_of <= head.seq {
            *live = Live {
                as_of: head.seq,
                stream,
            };
        }
        Ok(())
    }

    /// Takes notice of a line, and says to which stream it belongs.
    fn stream_of(&self, line: &Line) -> Option<StreamId> {
        let mut live = self.live.lock();
        let is_news = live.as_of < line.place.seq;
        match &line.body {
            LineBody::StreamStarted { stream, .. } => {
                if is_news {
                    live.stream = Some((*stream, line.at));
                    live.as_of = line.place.seq;
                }
                Some(*stream)
            }
            LineBody::StreamEnded { stream, .. } => {
                if is_news {
                    live.stream = None;
                    live.as_of = line.place.seq;
                }
                Some(*stream)
            }
            LineBody::StreamInterrupted { stream } | LineBody::StreamResumed { stream } => {
                Some(*stream)
            }
            _ => live.stream.map(|(stream, _)| stream),
        }
    }

    /// To which stream each of these lines, which are over, belongs.
    fn streams_of(&self, missed: &[Published]) -> Vec<Option<StreamId>> {
        let live = self.live.lock().stream;
        let told = |body: &LineBody| match body {
            LineBody::StreamStarted { .. } => Some(None),
            LineBody::StreamInterrupted { stream }
            | LineBody::StreamResumed { stream }
            | LineBody::StreamEnded { stream, .. } => Some(Some(*stream)),
            _ => None,
        };
        let lines = || {
            missed
                .iter()
                .filter_map(|published| match &published.shown {
                    Shown::Line(line) => Some(line),
                    Shown::Ephemeral(_) => None,
                })
        };
        // Before the first line that tells of a stream it was as that line says.
        let first = lines().find_map(|line| told(&line.body));
        let mut current = match (first, lines().next(), live) {
            (Some(stream), ..) => stream,
            (None, Some(line), Some((stream, since))) if since <= line.at => Some(stream),
            _ => None,
        };
        let mut streams = Vec::with_capacity(missed.len());
        for published in missed {
            let Shown::Line(line) = &published.shown else {
                streams.push(current);
                continue;
            };
            match &line.body {
                LineBody::StreamStarted { stream, .. } => {
                    current = Some(*stream);
                    streams.push(current);
                }
                LineBody::StreamEnded { stream, .. } => {
                    streams.push(Some(*stream));
                    current = None;
                }
                _ => streams.push(current),
            }
            // It may be newer than what was known when the room was entered.
            self.stream_of(line);
        }
        streams
    }
}

/// One connection listens to one room.
struct RoomListener {
    connection: Weak<Connection>,
    socket: Socket,
    room: Arc<Room>,
    who: Identity,
    is_staff: bool,
    /// They were banned: nothing more is for them.
    is_shut_out: AtomicBool,
    /// Since when the client has taken nothing of what it missed; it is waited for no longer
    /// once that is too long.
    patience: Mutex<Patience>,
}

#[derive(Clone, Copy)]
enum Patience {
    Left,
    Over,
}

#[async_trait]
impl Listener for RoomListener {
    fn deliver(&self, published: &Arc<Published>) {
        if self.is_shut_out.load(Ordering::Acquire) {
            return;
        }
        let format = outgoing::format(&published.shown, self.is_staff);
        let packets = published.encoded(format, |published| {
            let stream = match &published.shown {
                Shown::Line(line) => self.room.stream_of(line),
                Shown::Ephemeral(_) => self.room.live(),
            };
            outgoing::encode(published, stream, format)
        });
        let class = match &published.shown {
            Shown::Line(_) => Class::Durable,
            Shown::Ephemeral(_) => Class::Ephemeral,
        };
        for packet in packets.iter() {
            self.socket.send_shared(packet, class);
        }
        if let Shown::Line(line) = &published.shown
            && is_ban_of(&line.body, self.who)
        {
            self.shut_out();
        }
    }

    async fn catch_up(&self, missed: Vec<Published>) {
        let streams = self.room.streams_of(&missed);
        for (published, stream) in missed.iter().zip(streams) {
            let format = outgoing::format(&published.shown, self.is_staff);
            if !self
                .give(&outgoing::encode(published, stream, format))
                .await
            {
                return;
            }
        }
    }
}

impl RoomListener {
    /// Nothing more from now on; the rest is tidied up outside of the hub.
    fn shut_out(&self) {
        self.is_shut_out.store(true, Ordering::Release);
        if let Some(connection) = self.connection.upgrade() {
            let (app, channel) = (Arc::clone(&self.room.app), self.room.channel);
            tokio::spawn(async move { connection.shut_out(&app, channel).await });
        }
    }

    /// Gives something that was missed as soon as there is room in the half of the queue that
    /// may wait; the other half is for what comes meanwhile. Whether the client is still there.
    ///
    /// Who takes nothing for too long is given the rest at once: where that does not fit, the
    /// transport closes the connection and says to resume.
    async fn give(&self, packets: &Packets) -> bool {
        for packet in packets.iter() {
            let began = Instant::now();
            let mut pause = LOOK.0;
            let sent = loop {
                if matches!(*self.patience.lock(), Patience::Over) {
                    break self.socket.send_shared(packet, Class::Durable);
                }
                match self.socket.send_shared(packet, Class::Ephemeral) {
                    Sent::Dropped if began.elapsed() < PATIENCE => {
                        tokio::time::sleep(pause).await;
                        pause = (pause * 2).min(LOOK.1);
                    }
                    Sent::Dropped => *self.patience.lock() = Patience::Over,
                    sent => break sent,
                }
            };
            if sent == Sent::Closed {
                return false;
            }
        }
        true
    }
}

fn is_ban_of(body: &LineBody, who: Identity) -> bool {
    matches!(body, LineBody::Restricted { subject, kind, .. } if *subject == who && kind.is_ban())
}

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
    if connection.note(channel.id, watching) {
        let from = app.ports.room_log.head(channel.id).await;
        return Ok(Entered {
            from: from.map_err(Refusal::from)?,
            resync: false,
        });
    }
    connection.require_space()?;
    let room = events.rooms.of(app, channel.id);
    room.refresh().await.map_err(Refusal::from)?;
    let standing = Standing::of(&connection.actor, channel.owner, false);
    let listener = Arc::new(RoomListener {
        connection: Arc::downgrade(connection),
        socket: connection.socket.clone(),
        room: Arc::clone(&room),
        who: connection.who,
        is_staff: standing.may(Action::Moderate),
        is_shut_out: AtomicBool::new(false),
        patience: Mutex::new(Patience::Left),
    });
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
    let restriction = app.ports.moderation.restriction(channel.id, connection.who);
    let restriction = restriction.await.map_err(Refusal::from)?;
    let is_banned = restriction.is_some_and(|it| it.kind.is_ban()) && !listener.is_staff;
    if is_banned || listener.is_shut_out.load(Ordering::Acquire) {
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
