//! What all who listen to a room share: which stream its lines belong to.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use greenroom_app::App;
use greenroom_domain::chat::{Line, LineBody, Seq};
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::{ChannelId, StreamId};
use greenroom_domain::shared::store::StoreError;
use parking_lot::Mutex;

use super::people::People;

/// The rooms that anybody listens to.
#[derive(Default)]
pub(super) struct Rooms {
    held: Mutex<HashMap<ChannelId, Weak<Room>>>,
    pub(super) people: Arc<People>,
}

/// What all who listen to a room share.
pub(super) struct Room {
    pub(super) channel: ChannelId,
    pub(super) app: Arc<App>,
    pub(super) people: Arc<People>,
    on_air: Mutex<OnAir>,
}

/// What is on air, as far as the room's log was heard of.
struct OnAir {
    as_of: Seq,
    /// And since when.
    stream: Option<(StreamId, Timestamp)>,
}

impl Rooms {
    pub(super) fn of(&self, app: &Arc<App>, channel: ChannelId) -> Arc<Room> {
        let mut rooms = self.held.lock();
        if let Some(room) = rooms.get(&channel).and_then(Weak::upgrade) {
            return room;
        }
        let room = Arc::new(Room {
            channel,
            app: Arc::clone(app),
            people: Arc::clone(&self.people),
            on_air: Mutex::new(OnAir {
                as_of: Seq::ZERO,
                stream: None,
            }),
        });
        rooms.insert(channel, Arc::downgrade(&room));
        room
    }

    pub(super) fn forget_empty(&self) {
        self.held.lock().retain(|_, room| room.strong_count() > 0);
    }
}

impl Room {
    /// The stream that is on air.
    pub(super) fn stream(&self) -> Option<StreamId> {
        self.on_air.lock().stream.map(|(stream, _)| stream)
    }

    /// Looks what is on air: nobody may have listened for a while.
    pub(super) async fn refresh(&self) -> Result<(), StoreError> {
        let ports = &self.app.ports;
        // The log first: what is on air is at least as new as that.
        let head = ports.room_log.head(self.channel).await?;
        let stream = ports.streams.live_of(self.channel).await?;
        let stream = stream.map(|stored| {
            let since = stored.value.started_at().unwrap_or(Timestamp::EPOCH);
            (stored.value.id, since)
        });
        let mut on_air = self.on_air.lock();
        if on_air.as_of <= head.seq {
            *on_air = OnAir {
                as_of: head.seq,
                stream,
            };
        }
        Ok(())
    }

    /// Takes notice of a new line, and says to which stream it belongs.
    pub(super) fn stream_of(&self, line: &Line) -> Option<StreamId> {
        let next = match &line.body {
            LineBody::StreamStarted { stream, .. } => Some((*stream, line.at)),
            LineBody::StreamEnded { .. } => None,
            other => return names(other).or_else(|| self.stream()),
        };
        let mut on_air = self.on_air.lock();
        if on_air.as_of < line.place.seq {
            *on_air = OnAir {
                as_of: line.place.seq,
                stream: next,
            };
        }
        names(&line.body)
    }

    /// To which stream each of these lines belongs, which follow each other and were missed.
    pub(super) fn streams_of(&self, missed: &[&Line]) -> Vec<Option<StreamId>> {
        let on_air = self.on_air.lock().stream;
        let told = missed.iter().find(|line| names(&line.body).is_some());
        // Before the first that tells of a stream it was as that one says.
        let mut current = match (told.map(|line| &line.body), missed.first(), on_air) {
            (Some(LineBody::StreamStarted { .. }), ..) => None,
            (Some(body), ..) => names(body),
            (None, Some(first), Some((stream, since))) if since <= first.at => Some(stream),
            _ => None,
        };
        let mut streams = Vec::with_capacity(missed.len());
        for line in missed {
            let of = names(&line.body).or(current);
            streams.push(of);
            current = match line.body {
                LineBody::StreamEnded { .. } => None,
                _ => of,
            };
            // It may be newer than what was known when the room was entered.
            self.stream_of(line);
        }
        streams
    }
}

/// The stream that a line tells of by itself.
fn names(body: &LineBody) -> Option<StreamId> {
    match body {
        LineBody::StreamStarted { stream, .. }
        | LineBody::StreamInterrupted { stream }
        | LineBody::StreamResumed { stream }
        | LineBody::StreamEnded { stream, .. } => Some(*stream),
        LineBody::Message(_)
        | LineBody::Deleted { .. }
        | LineBody::Restricted { .. }
        | LineBody::RestrictionLifted { .. }
        | LineBody::SettingsChanged(_)
        | LineBody::Pinned { .. }
        | LineBody::Unpinned { .. }
        | LineBody::RoleChanged { .. }
        | LineBody::ChannelEdited { .. } => None,
    }
}
