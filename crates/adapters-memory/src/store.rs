//! The store: one state behind one lock.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;

use greenroom_domain::account::{Session, SessionId, User};
use greenroom_domain::channel::{Channel, StreamKey};
use greenroom_domain::chat::{Appointment, ClientMessageId, Line, Place, Restriction, Room, Seq};
use greenroom_domain::recording::Recording;
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::commit::{Claim, Holder};
use greenroom_domain::shared::event::Event;
use greenroom_domain::shared::feed::{FeedPosition, FeedRecord};
use greenroom_domain::shared::id::{
    ChannelId, EventId, RecordingId, StreamId, StreamKeyId, UserId,
};
use greenroom_domain::shared::once::{Reply, RequestKey};
use greenroom_domain::shared::store::Stored;
use greenroom_domain::social::{Block, Follow};
use greenroom_domain::stream::{Stream, StreamCounts};
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::watch;

/// Keeps everything as long as it lives: every read port, `Commit` and `Feed`.
///
/// Made to be obviously right, not fast: whatever is not found by its id is looked for.
pub struct InMemoryStore {
    state: Mutex<State>,
    /// Wakes those who wait for the feed.
    pub(crate) head: watch::Sender<FeedPosition>,
}

impl InMemoryStore {
    /// An empty one.
    pub fn new() -> Self {
        Self {
            state: Mutex::default(),
            head: watch::Sender::new(FeedPosition::START),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

impl Default for InMemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for InMemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InMemoryStore").finish_non_exhaustive()
    }
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) epoch: Epoch,
    pub(crate) users: BTreeMap<UserId, Stored<User>>,
    pub(crate) sessions: BTreeMap<SessionId, Session>,
    pub(crate) channels: BTreeMap<ChannelId, Stored<Channel>>,
    pub(crate) stream_keys: BTreeMap<StreamKeyId, Stored<StreamKey>>,
    pub(crate) streams: BTreeMap<StreamId, Stored<Stream>>,
    pub(crate) counts: HashMap<StreamId, StreamCounts>,
    pub(crate) recordings: BTreeMap<RecordingId, Stored<Recording>>,
    pub(crate) rooms: BTreeMap<ChannelId, Stored<Room>>,
    pub(crate) restrictions: BTreeMap<(ChannelId, Identity), Restriction>,
    pub(crate) appointments: BTreeMap<(ChannelId, UserId), Appointment>,
    pub(crate) follows: BTreeMap<(UserId, ChannelId), Stored<Follow>>,
    pub(crate) followers: BTreeMap<ChannelId, u64>,
    pub(crate) blocks: BTreeMap<(UserId, UserId), Block>,
    pub(crate) audited: BTreeMap<(ChannelId, Timestamp, EventId), Event>,
    pub(crate) replies: BTreeMap<(Identity, RequestKey), Reply>,
    pub(crate) logs: HashMap<ChannelId, Log>,
    pub(crate) claims: BTreeMap<Claim, Holder>,
    pub(crate) feed: FeedLog,
    pub(crate) cursors: HashMap<String, FeedPosition>,
}

/// Which telling of the rooms' history it is. History in memory is never lost in part: it is
/// the first, or that of the store it was imported from.
#[derive(Clone, Copy)]
pub(crate) struct Epoch(pub(crate) u32);

impl Default for Epoch {
    fn default() -> Self {
        Self(1)
    }
}

impl Epoch {
    pub(crate) fn place(self, seq: Seq) -> Place {
        Place { epoch: self.0, seq }
    }
}

/// A room's log. Line n stands at index n - 1.
#[derive(Default)]
pub(crate) struct Log {
    pub(crate) lines: Vec<Line>,
    /// Where each author's client message ids went. Kept as long as the lines are.
    pub(crate) sent: HashMap<(Identity, ClientMessageId), Seq>,
}

impl Log {
    pub(crate) fn head(&self) -> Seq {
        Seq(self.lines.len() as u64)
    }

    pub(crate) fn line(&self, seq: Seq) -> Option<&Line> {
        self.lines.get(Self::index(seq)?)
    }

    pub(crate) fn line_mut(&mut self, seq: Seq) -> Option<&mut Line> {
        self.lines.get_mut(Self::index(seq)?)
    }

    /// Adds a line behind the last one.
    pub(crate) fn push(&mut self, line: Line) {
        if let Some((author, id)) = line.body.repeat_key() {
            self.sent.insert((author, id.clone()), line.place.seq);
        }
        self.lines.push(line);
    }

    fn index(seq: Seq) -> Option<usize> {
        usize::try_from(seq.0.checked_sub(1)?).ok()
    }
}

/// The records that are still there.
pub(crate) struct FeedLog {
    /// The place behind the newest record that was forgotten.
    pub(crate) forgotten: FeedPosition,
    /// Everything behind it, with the newest time that each record speaks of.
    pub(crate) records: VecDeque<(Timestamp, FeedRecord)>,
}

impl Default for FeedLog {
    fn default() -> Self {
        Self {
            forgotten: FeedPosition::START,
            records: VecDeque::new(),
        }
    }
}

impl FeedLog {
    pub(crate) fn head(&self) -> FeedPosition {
        FeedPosition(self.forgotten.0 + self.records.len() as u64)
    }
}
