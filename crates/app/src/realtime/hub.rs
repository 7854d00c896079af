use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use greenroom_domain::chat::{RoomLog, Seq};
use greenroom_domain::shared::id::ChannelId;
use greenroom_domain::shared::store::StoreError;

use crate::realtime::{Ephemeral, Published, Shown};

/// How many lines may wait for one that is late; then the log is asked for it.
const WAITING: usize = 64;

/// Somebody who listens to rooms: one connection.
#[async_trait]
pub trait Listener: Send + Sync {
    /// Takes what was published; must not block. What does not fit its queue is the
    /// listener's own business: lines it may not lose, so it closes itself instead.
    fn deliver(&self, published: &Arc<Published>);

    /// Takes lines that it missed, oldest first, before it is delivered any; waits for room
    /// in its queue, and answers when it has taken them all, or has gone.
    async fn catch_up(&self, missed: Vec<Published>);
}

/// Gives what happens in rooms to whoever listens, in the order of the log.
///
/// A room is held here only while somebody listens to it.
pub struct Hub {
    log: Arc<dyn RoomLog>,
    rooms: Mutex<HashMap<ChannelId, Arc<Mutex<Room>>>>,
    last_subscription: AtomicU64,
}

#[derive(Default)]
struct Room {
    /// The next line to show; unknown until the log has said where it ends.
    next: Option<Seq>,
    /// Lines whose forerunners are not here yet: commits answer in any order.
    waiting: BTreeMap<Seq, Arc<Published>>,
    listeners: HashMap<u64, Arc<dyn Listener>>,
}

/// A listener's place in a room; it leaves when this is dropped.
pub struct Subscription {
    hub: Arc<Hub>,
    room: ChannelId,
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

    /// Shows a line, behind all that come before it in the log.
    pub async fn publish(&self, published: Published) {
        let Some(room) = self.room(published.room) else {
            return;
        };
        let missing = {
            let mut room = lock(&room);
            match &published.shown {
                Shown::Line(line) => {
                    let seq = line.place.seq;
                    if room.next.is_none_or(|next| seq >= next) {
                        room.waiting.insert(seq, Arc::new(published));
                        room.show_what_is_next();
                    }
                }
                Shown::Ephemeral(_) => room.show(&Arc::new(published)),
            }
            room.missing()
        };
        if let Some((room_id, after, limit)) = missing {
            self.fill(&room, room_id, after, limit).await;
        }
    }

    /// Shows something that may be dropped.
    pub async fn show(&self, room: ChannelId, what: Ephemeral) {
        self.publish(Published::ephemeral(room, what)).await;
    }

    /// Starts listening right behind `after`, or says up to where to read the log first.
    pub(crate) async fn subscribe(
        self: &Arc<Self>,
        room_id: ChannelId,
        after: Seq,
        listener: &Arc<dyn Listener>,
    ) -> Result<Result<Subscription, Seq>, StoreError> {
        let number = self.last_subscription.fetch_add(1, Ordering::Relaxed);
        // Before the log is asked where it ends, so that no line falls between.
        let room = Arc::clone(lock(&self.rooms).entry(room_id).or_default());
        let subscription = Subscription {
            hub: Arc::clone(self),
            room: room_id,
            number,
        };
        let known = lock(&room).next;
        let head = if known.is_some() {
            None
        } else {
            Some(self.log.head(room_id).await?)
        };
        let mut room = lock(&room);
        if let (None, Some(head)) = (room.next, head) {
            room.next = Some(head.seq.next());
            room.waiting = room.waiting.split_off(&head.seq.next());
            room.show_what_is_next();
        }
        match room.next {
            Some(next) if next.0 > after.0 + 1 => Ok(Err(Seq(next.0 - 1))),
            _ => {
                room.listeners.insert(number, Arc::clone(listener));
                Ok(Ok(subscription))
            }
        }
    }

    /// How many are listening to a room.
    pub fn listeners(&self, room: ChannelId) -> usize {
        self.room(room)
            .map_or(0, |room| lock(&room).listeners.len())
    }

    fn room(&self, id: ChannelId) -> Option<Arc<Mutex<Room>>> {
        lock(&self.rooms).get(&id).cloned()
    }

    /// Reads lines that were committed and never came by, and shows them.
    async fn fill(&self, room: &Mutex<Room>, id: ChannelId, after: Seq, limit: usize) {
        match self.log.after(id, after, limit).await {
            Ok(lines) => {
                let mut room = lock(room);
                for line in lines {
                    let seq = line.place.seq;
                    if room.next.is_some_and(|next| seq >= next) {
                        room.waiting
                            .entry(seq)
                            .or_insert_with(|| Arc::new(Published::line(id, line)));
                    }
                }
                room.show_what_is_next();
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, %id, "a late line could not be read");
            }
        }
    }
}

impl Room {
    fn show(&self, published: &Arc<Published>) {
        for listener in self.listeners.values() {
            listener.deliver(published);
        }
    }

    fn show_what_is_next(&mut self) {
        while let Some(next) = self.next
            && let Some(published) = self.waiting.remove(&next)
        {
            self.next = Some(next.next());
            self.show(&published);
        }
    }

    /// What to read from the log, when too many wait for a line that does not come.
    fn missing(&self) -> Option<(ChannelId, Seq, usize)> {
        let next = self.next.filter(|_| self.waiting.len() >= WAITING)?;
        let (first, waiting) = self.waiting.first_key_value()?;
        let limit = usize::try_from(first.0.saturating_sub(next.0)).unwrap_or(usize::MAX);
        Some((waiting.room, Seq(next.0 - 1), limit.min(1000)))
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut rooms = lock(&self.hub.rooms);
        let Some(room) = rooms.get(&self.room).cloned() else {
            return;
        };
        let mut held = lock(&room);
        held.listeners.remove(&self.number);
        // Somebody who is just about to listen holds a third handle.
        if held.listeners.is_empty() && Arc::strong_count(&room) <= 2 {
            rooms.remove(&self.room);
        }
    }
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
