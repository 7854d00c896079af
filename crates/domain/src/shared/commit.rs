//! The one way in which anything becomes durable.

use async_trait::async_trait;

use crate::account::{Session, SessionId, Subject, User, Username};
use crate::channel::{Channel, Handle, StreamKey};
use crate::chat::{Appointment, Line, NewLine, Place, Restriction, Room, Seq};
use crate::recording::Recording;
use crate::shared::actor::Identity;
use crate::shared::event::Event;
use crate::shared::feed::CursorMove;
use crate::shared::id::{ChannelId, RecordingId, StreamId, StreamKeyId, UserId};
use crate::shared::once::Reply;
use crate::shared::secret::Mac;
use crate::shared::store::{StoreError, Version};
use crate::social::{Block, Follow};
use crate::stream::Stream;

/// Everything that one use case changes: all of it becomes durable, or none of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changes {
    /// Next states of aggregates.
    pub states: Vec<StateChange>,
    /// Unique names taken and released. Releases come first, so that a name can be passed on.
    pub claims: Vec<ClaimChange>,
    /// Counters moved; these never conflict.
    pub counters: Vec<CounterChange>,
    /// Lines for room logs, in order.
    pub lines: Vec<NewLine>,
    /// Lines whose text is overwritten where it is stored; those that were there before.
    pub redactions: Vec<(ChannelId, Seq)>,
    /// What happened.
    pub events: Vec<Event>,
    /// A feed consumer's progress.
    pub cursor: Option<CursorMove>,
    /// What a request has made that is to be done once.
    pub reply: Option<Reply>,
}

/// The next state of one aggregate, with the version that was read ([`Version::NEW`] to
/// create it).
#[derive(Debug, Clone, PartialEq)]
pub struct Write<T> {
    /// The state to keep.
    pub next: T,
    /// What was seen; anything else by now is a [`CommitError::Conflict`].
    pub seen: Version,
}

/// One aggregate's change.
#[derive(Debug, Clone, PartialEq)]
pub enum StateChange {
    /// An account.
    User(Write<User>),
    /// A local session, created or prolonged. Sessions carry no version: the last write holds.
    Session(Session),
    /// A local session is over. Nothing happens when it was.
    SessionEnded(SessionId),
    /// A channel.
    Channel(Write<Channel>),
    /// A stream key.
    StreamKey(Write<StreamKey>),
    /// A stream.
    Stream(Write<Stream>),
    /// A recording.
    Recording(Write<Recording>),
    /// The rules of a room. Its version is the room's policy version: whoever changes a
    /// restriction writes the room too.
    Room(Write<Room>),
    /// A ban or timeout, set or changed. Guarded by the version of its room.
    Restriction(Restriction),
    /// A ban or timeout is lifted.
    RestrictionLifted(ChannelId, Identity),
    /// Somebody is a moderator or VIP. Guarded by the version of the room.
    Appointment(Appointment),
    /// They are it no more. Nothing happens when they were not.
    Dismissed(ChannelId, UserId),
    /// Somebody follows a channel, or wants to be told something else of it.
    Follow(Write<Follow>),
    /// Somebody follows a channel no more; with the version that was seen, as if it were
    /// written.
    Unfollowed(UserId, ChannelId, Version),
    /// Somebody has blocked somebody. Guarded by the version of the blocker's room, if they
    /// have one.
    Block(Block),
    /// They have made up: the blocker, and whom they had blocked. Nothing happens when they
    /// had not.
    Unblocked(UserId, UserId),
}

/// A name that only one may have at a time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Claim {
    /// A user's name.
    Username(Username),
    /// A user of the host platform.
    Subject(Subject),
    /// The first administrator's place: taken once.
    FirstAdministrator,
    /// A channel's handle.
    Handle(Handle),
    /// The one channel of a creator.
    ChannelOf(UserId),
    /// The keyed hash of a stream key.
    KeyHash(Mac),
    /// The one live stream of a channel.
    LiveStream(ChannelId),
    /// The one recording of a stream that runs.
    RecordingOf(StreamId),
}

/// Who holds a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// An account.
    User(UserId),
    /// A channel.
    Channel(ChannelId),
    /// A stream key.
    StreamKey(StreamKeyId),
    /// A stream.
    Stream(StreamId),
    /// A recording.
    Recording(RecordingId),
}

/// A claim changes hands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimChange {
    /// Refused with [`CommitError::Taken`] when somebody else has it; one's own stays.
    Take(Claim, Holder),
    /// Nothing happens when it is not the holder's.
    Release(Claim, Holder),
}

/// A counter and how it moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CounterChange {
    /// So many people more have watched the stream.
    ViewsAdded(StreamId, u64),
    /// So many watched at once; the peak is the largest.
    PeakSeen(StreamId, u64),
    /// So many messages more in the stream's chat.
    MessagesAdded(StreamId, u64),
    /// The channel has one follower more.
    FollowerCame(ChannelId),
    /// The channel has one follower less.
    FollowerWent(ChannelId),
}

/// What a commit answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// Where each line stands, in the order of [`Changes::lines`].
    pub places: Vec<Place>,
}

/// Nothing of the changes was kept.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// An aggregate was written by somebody else since it was read: decide again.
    #[error("it was changed by somebody else at the same time")]
    Conflict,
    /// A name is another's.
    #[error("the name is taken")]
    Taken(Claim),
    /// A room's policy moved since the line was checked: check again.
    #[error("the room's rules changed at the same time")]
    PolicyMoved,
    /// The author has sent this client message id before: this is the line it became.
    #[error("the message is in the log already")]
    Repeated(Box<Line>),
    /// The request has been answered before: this is what it made. It may have been another
    /// under the same key.
    #[error("the request has been answered before")]
    Answered(Box<Reply>),
    /// The consumer's cursor is not where the caller believed: another runs it.
    #[error("another node runs this consumer")]
    CursorMoved,
    /// The disk is full; reading goes on.
    #[error("there is no space left to keep it")]
    Full,
    /// The store could not answer. Whether the changes were kept is not known; a repeat is
    /// refused by versions, claims and client message ids if they were.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The one write port.
///
/// Promises: all of the changes become durable (over a loss of power), or none; when it
/// answers they are, and every read port of the same store sees them; concurrent commits
/// are as if they ran one after the other; lines of a room get consecutive numbers in the
/// order of their commits, without a gap; a client message id is unique for an author and
/// room among at least the room's last 10,000 lines and those of the last 24 hours,
/// whichever is more; a reply is kept for 24 hours at least, counted by the times that commits
/// speak of, and its key is unique for who asked as long as it is kept; the events and the ranges of the lines stand in the
/// [`Feed`](crate::shared::feed::Feed) in the order of the commits.
///
/// What is checked, and which refusal wins when several apply, is in this order: repeated
/// line, answered request, cursor, versions, policies, claims. Dropping the future does not undo the commit.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Commit: Send + Sync {
    /// Keeps all of the changes, or none.
    async fn commit(&self, changes: Changes) -> Result<Committed, CommitError>;
}

impl Changes {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a state.
    #[must_use]
    pub fn state(mut self, state: StateChange) -> Self {
        self.states.push(state);
        self
    }

    /// Adds a claim's change.
    #[must_use]
    pub fn claim(mut self, claim: ClaimChange) -> Self {
        self.claims.push(claim);
        self
    }

    /// Adds a counter's change.
    #[must_use]
    pub fn counter(mut self, counter: CounterChange) -> Self {
        self.counters.push(counter);
        self
    }

    /// Adds a line.
    #[must_use]
    pub fn line(mut self, line: NewLine) -> Self {
        self.lines.push(line);
        self
    }
}
