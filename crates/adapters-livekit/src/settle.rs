//! Does what follows from what is in a room, one room at a time by one task.

use std::sync::Arc;
use std::time::Instant;

use greenroom_domain::media::{
    IngestLease, MediaEvent, MediaEvents, PlaybackRefused, PublishRefused,
};
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::id::{ChannelId, StreamId, UserId};

use crate::LiveKit;
use crate::api::CallError;
use crate::rooms::{Heard, Key, Work};
use crate::webhook;

/// Before the id of the stream that a room shows, in its metadata.
pub(crate) const STREAM: &str = "greenroom-stream:";

impl LiveKit {
    /// Does everything that follows; at once, if nobody is at it.
    pub(crate) async fn settle(&self, room: UserId) {
        let Some(events) = self.events.get() else {
            return;
        };
        if !self.rooms.lock().begin(room) {
            return;
        }
        loop {
            let Some(work) = self.rooms.lock().next(room) else {
                return;
            };
            self.perform(&**events, room, work).await;
        }
    }

    /// The same beside whoever asks.
    pub(crate) fn settle_soon(self: &Arc<Self>, room: UserId) {
        let engine = Arc::clone(self);
        self.tasks.spawn(async move {
            let Ok(_turn) = engine.turns.acquire().await else {
                return;
            };
            let stop = engine.stop.clone();
            stop.run_until_cancelled(engine.settle(room)).await;
        });
    }

    /// Tells the application something beside whoever asks.
    pub(crate) fn tell_soon(self: &Arc<Self>, event: MediaEvent) {
        let engine = Arc::clone(self);
        self.tasks.spawn(async move {
            let (Some(events), Ok(_turn)) = (engine.events.get(), engine.turns.acquire().await)
            else {
                return;
            };
            engine
                .stop
                .run_until_cancelled(tell(&**events, event))
                .await;
        });
    }

    async fn perform(&self, events: &dyn MediaEvents, room: UserId, work: Work) {
        match work {
            Work::Lost(lease) => tell(events, lost(&lease)).await,
            Work::Expel { name } => {
                if let Err(error) = self.expel(room, &name).await {
                    warn(&error, "somebody could not be sent out of a room");
                }
            }
            Work::Admit { sid, name, key } => self.admit(events, room, (&sid, &name), key).await,
            Work::Judge(viewer) => {
                let may = self.may_watch(events, room, viewer).await;
                self.rooms.lock().judged(room, viewer, may);
            }
            Work::Count { came, went } => {
                if let Some(channel) = self.channel_of(room).await {
                    report(events, channel, came, went).await;
                }
            }
            Work::Look => {
                if let Err(error) = self.look(room).await {
                    warn(&error, "it is not known who is in a room");
                }
            }
        }
    }

    /// Sends somebody out, if they are there.
    pub(crate) async fn expel(&self, room: UserId, name: &str) -> Result<(), CallError> {
        let room = room.to_string();
        let removed = self.api.room().remove_participant(&room, name).await;
        self.api.gone(removed)
    }

    /// Asks LiveKit who is in a room.
    pub(crate) async fn look(&self, room: UserId) -> Result<(), CallError> {
        let known = self.rooms.lock().known(room);
        let listed = self.api.room().list_participants(&room.to_string()).await;
        let people = match self.api.answer(listed) {
            Ok(people) => people,
            Err(CallError::NotFound(_)) => Vec::new(),
            Err(error) => return Err(error),
        };
        // Which room it is among those that had the name does not matter for who is there now.
        let told = webhook::listed(&people, "", room);
        let mut rooms = self.rooms.lock();
        rooms.look(room, &known, told, Instant::now());
        Ok(())
    }

    async fn admit(
        &self,
        events: &dyn MediaEvents,
        room: UserId,
        (sid, name): (&str, &str),
        key: Key,
    ) {
        // Rooms of other programs are none of our business.
        let Some(channel) = self.channel_of(room).await else {
            return self.rooms.lock().unanswered(room, sid);
        };
        let answer = match key {
            Key::Ours(key) => events.authorize_key(key).await,
            Key::Foreign | Key::Unsaid => Err(PublishRefused::UnknownKey),
        };
        match answer {
            Ok(lease) if lease.channel != channel => {
                tracing::warn!(%room, "somebody came with the key of another channel");
                tell(events, lost(&lease)).await;
                self.rooms.lock().turn_away(room, sid);
            }
            Ok(lease) => {
                let stream = lease.stream;
                let now = Instant::now();
                if self.rooms.lock().let_in(room, sid, lease, now) {
                    self.mark(room, &format!("{STREAM}{stream}")).await;
                }
            }
            // That node judges who else comes with this key. When it is gone, they are let in here.
            Err(PublishRefused::Elsewhere) => self.rooms.lock().unanswered(room, sid),
            Err(PublishRefused::Unavailable(error)) => {
                warn(&*error, "it is not known whether somebody may publish");
                self.rooms.lock().unanswered(room, sid);
            }
            Err(refused) => {
                tracing::info!(%room, publisher = name, reason = %refused, "a publisher is turned away");
                self.rooms.lock().turn_away(room, sid);
            }
        }
    }

    /// Notes down in the room itself which stream it shows: for whoever ends it, also after a
    /// restart.
    async fn mark(&self, room: UserId, metadata: &str) {
        let room = room.to_string();
        let marked = self.api.room().update_room_metadata(&room, metadata).await;
        if let Err(error) = self.api.answer(marked.map(drop)) {
            warn(&error, "a room could not be marked with its stream");
        }
    }

    async fn may_watch(&self, events: &dyn MediaEvents, room: UserId, viewer: Identity) -> bool {
        let Some(channel) = self.channel_of(room).await else {
            return true;
        };
        match events.authorize_viewer(channel, viewer).await {
            // Whoever has a token was let in when it was made; it is asked again.
            Ok(()) | Err(PlaybackRefused::Unavailable(_)) => true,
            Err(_) => false,
        }
    }

    /// Whose room it is; `None` also where it cannot be known now.
    pub(crate) async fn channel_of(&self, room: UserId) -> Option<ChannelId> {
        match self.channels.by_owner(room).await {
            Ok(channel) => Some(channel?.value.id),
            Err(error) => {
                warn(&error, "it is not known whose room it is");
                None
            }
        }
    }

    /// Takes in what was heard of a room, and does what follows.
    pub(crate) fn hear(self: &Arc<Self>, room: UserId, heard: Heard) {
        self.rooms.lock().hear(room, heard, Instant::now());
        self.settle_soon(room);
    }

    /// Tells the application who is in the rooms; it forgets them by itself.
    pub(crate) async fn report_audiences(&self, events: &dyn MediaEvents) {
        let counted = self.rooms.lock().counted();
        for (room, viewers) in counted {
            if let Some(channel) = self.channel_of(room).await {
                report(events, channel, viewers, Vec::new()).await;
            }
        }
    }
}

async fn report(
    events: &dyn MediaEvents,
    channel: ChannelId,
    came: Vec<Identity>,
    went: Vec<Identity>,
) {
    if !went.is_empty() {
        let viewers = went;
        tell(events, MediaEvent::Left { channel, viewers }).await;
    }
    if !came.is_empty() {
        let viewers = came;
        tell(events, MediaEvent::Watched { channel, viewers }).await;
    }
}

fn lost(lease: &IngestLease) -> MediaEvent {
    MediaEvent::IngestLost {
        stream: lease.stream,
        generation: lease.generation,
    }
}

/// What is lost on this way is found by the application's own sweep, or told again soon.
async fn tell(events: &dyn MediaEvents, event: MediaEvent) {
    if let Err(error) = events.report(event).await {
        warn(&error, "the application could not be told of what happened");
    }
}

pub(crate) fn warn(error: &(dyn std::error::Error + 'static), what: &str) {
    tracing::warn!(error, "{what}");
}

/// Which stream a room shows, by its metadata.
pub(crate) fn stream_in(metadata: &str) -> Option<StreamId> {
    metadata.strip_prefix(STREAM)?.parse().ok()
}
