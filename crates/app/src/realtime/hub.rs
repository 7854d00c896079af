use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use greenroom_domain::chat::{Ephemeral, RoomLog, Seq};
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::id::ChannelId;
use greenroom_domain::shared::store::StoreError;

use crate::realtime::room::Room;
use crate::realtime::{Published, Shown};

/// How long a line that others wait for may be late before the log is asked for it. Commits
/// of one moment answer within it, in any order.
const LATE: Duration = Duration::from_millis(25);
/// How long at most between two questions for the same line.
const LATEST: Duration = Duration::from_secs(1);
/// How long lines that follow each other closely wait for each other in a crowded room, once
/// those before them are on their way.
const GATHER: Duration = Duration::from_millis(8);
/// How many late lines are read from the log at a time.
const BATCH: usize = 500;

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
    log: Arc<dyn RoomLog>,
    /// Never locked while a room is.
    rooms: Mutex<HashMap<ChannelId, Arc<HeldRoom>>>,
    last_subscription: AtomicU64,
}

/// A room that somebody listens to, or is about to.
#[derive(Default)]
struct HeldRoom {
    room: Mutex<Room>,
    /// How many subscriptions there are, those that are only about to listen too. Raised only
    /// under the lock of [`Hub::rooms`], so that who finds it at zero there may drop the room.
    holders: AtomicU64,
}

/// A listener's place in a room; it leaves when this is dropped.
pub struct Subscription {
    hub: Arc<Hub>,
    id: ChannelId,
    held: Arc<HeldRoom>,
    number: u64,
}

impl Hub {
    pub(crate) fn new(log: Arc<dyn RoomLog>) -> Self {
        Self {
            log,
            rooms: Mutex::default(),
            last_subscription: AtomicU64::new(0),
        }
    }

    /// Shows something: a line behind all that come before it in the log, anything else at
    /// once.
    pub(crate) fn publish(self: &Arc<Self>, published: Published) {
        let id = published.room;
        let Some(held) = lock(&self.rooms).get(&id).cloned() else {
            return;
        };
        let is_line = matches!(published.shown, Shown::Line(_));
        let published = Arc::new(published);
        let mut room = lock(&held.room);
        if is_line {
            let before = room.shown();
            room.take(published);
            let has_shown = room.shown() != before;
            let gather = room.begin_to_gather(has_shown);
            let late = room.begin_to_wait();
            drop(room);
            if gather {
                tokio::spawn(gather_lines(Arc::clone(&held)));
            }
            self.wait_for_late(late, id, held);
        } else {
            room.show(&published);
        }
    }

    /// Shows something that may be dropped.
    pub(crate) fn show(self: &Arc<Self>, room: ChannelId, what: Ephemeral) {
        self.publish(Published::ephemeral(room, what));
    }

    /// A room's log goes up to there: whatever of it does not come by is read from it.
    pub(crate) fn expect(self: &Arc<Self>, id: ChannelId, up_to: Seq) {
        let Some(held) = lock(&self.rooms).get(&id).cloned() else {
            return;
        };
        let late = {
            let mut room = lock(&held.room);
            room.expect(up_to);
            room.begin_to_wait()
        };
        self.wait_for_late(late, id, held);
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

    /// Starts listening right behind `after`, or says up to where to read the log first.
    pub(crate) async fn subscribe(
        self: &Arc<Self>,
        id: ChannelId,
        after: Seq,
        listener: &Arc<dyn Listener>,
    ) -> Result<Result<Subscription, Seq>, StoreError> {
        // Before the log is asked where it ends, so that no line falls between.
        let subscription = self.hold(id);
        let held = Arc::clone(&subscription.held);
        let is_known = lock(&held.room).is_known();
        let end = if is_known {
            None
        } else {
            Some(self.log.head(id).await?.seq)
        };
        let mut room = lock(&held.room);
        if let Some(end) = end {
            room.begin_behind(end);
        }
        let behind = room.shown().filter(|shown| *shown > after);
        if behind.is_none() {
            room.listen(subscription.number, after, Arc::clone(listener));
        }
        let late = room.begin_to_wait();
        drop(room);
        self.wait_for_late(late, id, held);
        Ok(match behind {
            Some(up_to) => Err(up_to),
            None => Ok(subscription),
        })
    }

    /// Ends whoever listens to a room as somebody who may not any more.
    pub(crate) fn shut_out(&self, room: ChannelId, who: Identity) {
        let Some(held) = lock(&self.rooms).get(&room).cloned() else {
            return;
        };
        let listeners = lock(&held.room).all();
        for listener in listeners {
            listener.shut_out(who);
        }
    }

    /// How many are listening to a room.
    pub fn listeners(&self, room: ChannelId) -> usize {
        let held = lock(&self.rooms).get(&room).cloned();
        held.map_or(0, |held| lock(&held.room).listeners())
    }

    /// How many rooms are held, because somebody listens to them.
    pub fn rooms(&self) -> usize {
        lock(&self.rooms).len()
    }

    fn hold(self: &Arc<Self>, id: ChannelId) -> Subscription {
        let mut rooms = lock(&self.rooms);
        let held = Arc::clone(rooms.entry(id).or_default());
        held.holders.fetch_add(1, Ordering::AcqRel);
        drop(rooms);
        Subscription {
            hub: Arc::clone(self),
            id,
            held,
            number: self.last_subscription.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// Looks after a line that does not come by: it was committed where nobody could tell.
    fn wait_for_late(self: &Arc<Self>, late: bool, id: ChannelId, held: Arc<HeldRoom>) {
        if late {
            let hub = Arc::clone(self);
            tokio::spawn(async move { hub.fill(id, &held).await });
        }
    }

    /// Ends when no line is waited for, or nobody listens any more.
    async fn fill(&self, id: ChannelId, held: &HeldRoom) {
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
                        room.take(Arc::new(Published::line(id, line)));
                    }
                }
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, %id, "a late line could not be read");
                }
            }
        }
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
    }
}

/// Shows what has come meanwhile, until nothing has.
async fn gather_lines(held: Arc<HeldRoom>) {
    loop {
        // Behind the listeners that were woken: where they take long, more is gathered.
        tokio::task::yield_now().await;
        tokio::time::sleep(GATHER).await;
        if !lock(&held.room).show_gathered() {
            return;
        }
    }
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
