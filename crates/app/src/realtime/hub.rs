use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use greenroom_domain::chat::{Ephemeral, Line, Moderation, RoomLog, Seq};
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::clock::Clock;
use greenroom_domain::shared::id::{ChannelId, StreamId};
use greenroom_domain::shared::store::StoreError;
use greenroom_domain::stream::Streams;

use crate::App;
use crate::chat::typing;
use crate::realtime::room::{Found, Reader, Room};
use crate::realtime::slice::OnAir;
use crate::realtime::{Published, cut};

/// How long a line that others wait for may be late before the log is asked for it. Commits
/// of one moment answer within it, in any order.
const LATE: Duration = Duration::from_millis(25);
/// How long at most between two questions for the same line.
pub(super) const LATEST: Duration = Duration::from_secs(1);
/// How long lines that follow each other closely wait for each other in a crowded room, once
/// those before them are on their way.
const GATHER: Duration = Duration::from_millis(8);
/// How many late lines are read from the log at a time.
pub(super) const BATCH: usize = 500;

/// Somebody who listens to rooms: one connection.
#[async_trait]
pub trait Listener: Send + Sync {
    /// Takes what was published; must neither block nor drop a [`Subscription`]. What does
    /// not fit its queue is the listener's own business: lines it may not lose, so it closes
    /// itself instead.
    fn deliver(&self, published: &Arc<Published>);

    /// Takes lines that it missed, oldest first, before it is delivered any; waits for room
    /// in its queue, and answers when it has taken them all, or has gone.
    async fn catch_up(&self, missed: Vec<Published>);

    /// Somebody may not be here from now on: if it is this one, it ends.
    fn shut_out(&self, who: Identity);
}

/// Gives what happens in rooms to whoever listens, in the order of the log.
///
/// A room is held here only while somebody listens to it.
pub struct Hub {
    pub(super) log: Arc<dyn RoomLog>,
    moderation: Arc<dyn Moderation>,
    streams: Arc<dyn Streams>,
    clock: Arc<dyn Clock>,
    /// Never locked while a room is.
    rooms: Mutex<HashMap<ChannelId, Arc<HeldRoom>>>,
    last_subscription: AtomicU64,
}

/// A room that somebody listens to, or is about to.
pub(super) struct HeldRoom {
    pub(super) room: Mutex<Room>,
    /// How many subscriptions there are, those that are only about to listen too. Raised only
    /// under the lock of [`Hub::rooms`], so that who finds it at zero there may drop the room.
    pub(super) holders: AtomicU64,
}

/// Where those who listen as somebody are in a room's log.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    pub(super) seq: Seq,
    /// What is on air there.
    pub(super) on_air: OnAir,
}

/// A listener's place in a room; it leaves when this is dropped.
pub struct Subscription {
    hub: Arc<Hub>,
    id: ChannelId,
    held: Arc<HeldRoom>,
    number: u64,
    /// Whose it is, where that is somebody.
    of: Option<(Weak<App>, Identity)>,
}

impl Hub {
    pub(crate) fn new(
        log: Arc<dyn RoomLog>,
        moderation: Arc<dyn Moderation>,
        streams: Arc<dyn Streams>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            log,
            moderation,
            streams,
            clock,
            rooms: Mutex::default(),
            last_subscription: AtomicU64::new(0),
        }
    }

    /// Shows a line, behind all that come before it in the log.
    pub(crate) fn publish(self: &Arc<Self>, id: ChannelId, line: Line) {
        let Some(held) = self.held(id) else {
            return;
        };
        let mut room = lock(&held.room);
        let before = room.shown();
        room.take(line);
        let has_shown = room.shown() != before;
        if room.begin_to_gather(has_shown) {
            let (hub, held) = (Arc::clone(self), Arc::clone(&held));
            tokio::spawn(async move { hub.gather(id, &held).await });
        }
        self.look_after(room, id, &held);
    }

    /// Shows something that may be dropped, at once.
    pub(crate) fn show(&self, id: ChannelId, what: Ephemeral) {
        if let Some(held) = self.held(id) {
            lock(&held.room).show(what);
        }
    }

    /// What is on air in a room that somebody listens to, as far as its log was heard of.
    pub fn on_air(&self, id: ChannelId) -> Option<StreamId> {
        lock(&self.held(id)?.room).stream()
    }

    /// A room's log goes up to there: whatever of it does not come by is read from it.
    pub(crate) fn expect(self: &Arc<Self>, id: ChannelId, up_to: Seq) {
        let Some(held) = self.held(id) else {
            return;
        };
        let mut room = lock(&held.room);
        room.expect(up_to);
        self.look_after(room, id, &held);
    }

    /// Looks where the logs of all rooms end that are held: nobody knows what has come by.
    pub(crate) async fn expect_all(self: &Arc<Self>) -> Result<(), StoreError> {
        let rooms: Vec<ChannelId> = lock(&self.rooms).keys().copied().collect();
        for id in rooms {
            let head = self.log.head(id).await?;
            self.expect(id, head.seq);
        }
        Ok(())
    }

    /// Starts listening right behind `after`, or from now on, and says behind what that is; or
    /// says up to where to read the log first.
    pub(super) async fn subscribe(
        self: &Arc<Self>,
        id: ChannelId,
        reader: Reader,
        after: Option<Seq>,
        listener: &Arc<dyn Listener>,
    ) -> Result<Result<(Subscription, Seq), End>, StoreError> {
        // Before the log is asked where it ends, so that no line falls between.
        let subscription = self.hold(id);
        let held = Arc::clone(&subscription.held);
        let is_known = lock(&held.room).is_known();
        let found = if is_known {
            None
        } else {
            Some(self.find_end(id).await?)
        };
        let mut room = lock(&held.room);
        if let Some(found) = found {
            room.begin_behind(&found);
        }
        let shown = room.shown_to(reader).unwrap_or(Seq::ZERO);
        let after = after.unwrap_or(shown);
        let is_behind = shown > after;
        let on_air = room.on_air_for(reader);
        if !is_behind {
            room.listen(subscription.number, reader, after, Arc::clone(listener));
        }
        self.look_after(room, id, &held);
        Ok(if is_behind {
            Err(End { seq: shown, on_air })
        } else {
            Ok((subscription, after))
        })
    }

    /// Where a room's log ends, for the staff and for viewers.
    async fn find_end(&self, id: ChannelId) -> Result<Found, StoreError> {
        let head = self.log.head(id).await?.seq;
        // The rest later than the log's end: what is newer than that comes as a line.
        let on_air = self.find_on_air(id, head).await?;
        let room = self.moderation.room(id).await?;
        let delayed = match room.and_then(|room| room.value.settings.delay) {
            None => None,
            Some(delay) => {
                let due = self.clock.now() - delay.length();
                let cut = cut::find(&*self.log, id, head, |line| line.at <= due).await?;
                let at_cut = OnAir::behind(&*self.log, id, cut, head, on_air).await?;
                Some((delay, cut, at_cut))
            }
        };
        Ok(Found {
            head,
            on_air,
            delayed,
        })
    }

    /// What is on air where a log has ended a moment ago: what is now, if no line since tells of
    /// a change.
    async fn find_on_air(&self, id: ChannelId, head: Seq) -> Result<OnAir, StoreError> {
        let live = self.streams.live_of(id).await?;
        let now = OnAir(live.map(|stream| stream.value.id));
        let end = self.log.head(id).await?.seq;
        OnAir::behind(&*self.log, id, head, end, now).await
    }

    /// The last line that viewers were shown here, where that is known because somebody listens.
    pub(crate) fn shown_to_viewers(&self, room: ChannelId) -> Option<Seq> {
        lock(&self.held(room)?.room).shown_to(Reader::Viewer)
    }

    /// Ends whoever listens to a room as somebody who may not any more.
    pub(crate) fn shut_out(&self, room: ChannelId, who: Identity) {
        let Some(held) = self.held(room) else {
            return;
        };
        let listeners = lock(&held.room).all();
        for listener in listeners {
            listener.shut_out(who);
        }
    }

    /// How many are listening to a room.
    pub fn listeners(&self, room: ChannelId) -> usize {
        self.held(room)
            .map_or(0, |held| lock(&held.room).listeners())
    }

    /// How many rooms are held, because somebody listens to them.
    pub fn rooms(&self) -> usize {
        lock(&self.rooms).len()
    }

    fn held(&self, id: ChannelId) -> Option<Arc<HeldRoom>> {
        lock(&self.rooms).get(&id).cloned()
    }

    fn hold(self: &Arc<Self>, id: ChannelId) -> Subscription {
        let mut rooms = lock(&self.rooms);
        let held = rooms.entry(id).or_insert_with(|| {
            let clock = Arc::clone(&self.clock);
            Arc::new(HeldRoom {
                room: Mutex::new(Room::new(id, clock)),
                holders: AtomicU64::new(0),
            })
        });
        let held = Arc::clone(held);
        held.holders.fetch_add(1, Ordering::AcqRel);
        drop(rooms);
        Subscription {
            hub: Arc::clone(self),
            id,
            held,
            number: self.last_subscription.fetch_add(1, Ordering::Relaxed),
            of: None,
        }
    }

    /// Sees to what does not come by itself: a line that was committed where nobody could tell,
    /// and what viewers are shown later.
    pub(super) fn look_after(
        self: &Arc<Self>,
        mut room: MutexGuard<'_, Room>,
        id: ChannelId,
        held: &Arc<HeldRoom>,
    ) {
        let (late, release) = (room.begin_to_wait(), room.begin_to_release());
        drop(room);
        if late {
            let (hub, held) = (Arc::clone(self), Arc::clone(held));
            tokio::spawn(async move { hub.fill(id, &held).await });
        }
        if release {
            let (hub, held) = (Arc::clone(self), Arc::clone(held));
            tokio::spawn(async move { hub.release(id, &held).await });
        }
    }

    /// Shows what has come meanwhile, until nothing has.
    async fn gather(self: &Arc<Self>, id: ChannelId, held: &Arc<HeldRoom>) {
        loop {
            // Behind the listeners that were woken: where they take long, more is gathered.
            tokio::task::yield_now().await;
            tokio::time::sleep(GATHER).await;
            let mut room = lock(&held.room);
            let goes_on = room.show_gathered();
            self.look_after(room, id, held);
            if !goes_on {
                return;
            }
        }
    }

    /// Ends when no line is waited for, or nobody listens any more.
    async fn fill(self: &Arc<Self>, id: ChannelId, held: &Arc<HeldRoom>) {
        let mut pause = LATE;
        loop {
            let awaited = lock(&held.room).awaited();
            tokio::time::sleep(pause).await;
            let after = {
                let mut room = lock(&held.room);
                match room.awaited() {
                    Some(after) if held.holders.load(Ordering::Acquire) > 0 => after,
                    _ => return room.stop_waiting(),
                }
            };
            if awaited != Some(after) {
                pause = LATE;
                continue;
            }
            // Again and again for as long as it is missing, but not ever so often.
            pause = (pause * 2).min(LATEST);
            match self.log.after(id, after, BATCH).await {
                Ok(lines) => {
                    let mut room = lock(&held.room);
                    for line in lines {
                        room.take(line);
                    }
                    self.look_after(room, id, held);
                }
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, %id, "a late line could not be read");
                }
            }
        }
    }
}

impl Subscription {
    /// With it ends what shows that somebody is there.
    pub(super) fn belongs_to(&mut self, app: &Arc<App>, who: Identity) {
        self.of = Some((Arc::downgrade(app), who));
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let listener = lock(&self.held.room).leave(self.number);
        if self.held.holders.fetch_sub(1, Ordering::AcqRel) == 1 {
            let mut rooms = lock(&self.hub.rooms);
            let is_it = rooms
                .get(&self.id)
                .is_some_and(|held| Arc::ptr_eq(held, &self.held));
            if is_it && self.held.holders.load(Ordering::Acquire) == 0 {
                rooms.remove(&self.id);
            }
        }
        // Only now: it may hold what it likes.
        drop(listener);
        if let Some((app, who)) = &self.of
            && let Some(app) = app.upgrade()
        {
            typing::end(&app, self.id, *who);
        }
    }
}

pub(super) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
