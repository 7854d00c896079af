//! What readers and the committer tell each other about rooms.

use std::collections::{HashMap, HashSet};

use greenroom_domain::chat::Seq;
use greenroom_domain::shared::id::ChannelId;
use parking_lot::{Mutex, RwLock};

use crate::rooms::{Repeats, Tagger};

/// Lines that are in the tree and not durable yet.
///
/// The committer notes where each log ended before it applies a batch, and takes the note
/// away once the batch is durable. A reader looks after its scan: whatever it saw of a batch
/// that is still under way, it sees the note too.
#[derive(Debug, Default)]
pub(crate) struct Settling {
    heads: RwLock<HashMap<ChannelId, Seq>>,
}

impl Settling {
    /// Up to which line a room's log is durable.
    pub(crate) fn settled(&self, room: ChannelId) -> Seq {
        let all = Seq(u64::MAX - 1); // One less, for who asks for the next.
        self.heads.read().get(&room).copied().unwrap_or(all)
    }

    pub(crate) fn begin(&self, heads: HashMap<ChannelId, Seq>) {
        *self.heads.write() = heads;
    }

    pub(crate) fn end(&self) {
        self.heads.write().clear();
    }
}

/// Which rooms' client message ids the committer knows, so that nobody has to wait while it
/// reads ten thousand lines: the first to post to a room reads them on another thread.
#[derive(Debug, Default)]
pub(crate) struct Warm {
    pub(crate) tagger: Tagger,
    known: RwLock<HashSet<ChannelId>>,
    /// Read, and not taken over yet.
    read: Mutex<HashMap<ChannelId, Repeats>>,
    /// One room at a time, so that a rush on one room reads it once.
    pub(crate) turn: tokio::sync::Mutex<()>,
}

impl Warm {
    pub(crate) fn knows(&self, room: ChannelId) -> bool {
        self.known.read().contains(&room) || self.read.lock().contains_key(&room)
    }

    /// Somebody has read it.
    pub(crate) fn offer(&self, room: ChannelId, repeats: Repeats) {
        self.read.lock().insert(room, repeats);
    }

    /// The committer takes over what was read, and knows the room from now on.
    pub(crate) fn take(&self, room: ChannelId) -> Option<Repeats> {
        self.known.write().insert(room);
        self.read.lock().remove(&room)
    }

    pub(crate) fn forget(&self, rooms: &[ChannelId]) {
        let mut known = self.known.write();
        for room in rooms {
            known.remove(room);
        }
    }

    pub(crate) fn clear(&self) {
        self.known.write().clear();
        self.read.lock().clear();
    }
}
