//! Moving house: everything that a store keeps, out of one and into another.

use std::error::Error;

use async_trait::async_trait;

use crate::account::{Session, SessionId, Subject, User, Username};
use crate::channel::{Channel, Handle, StreamKey};
use crate::chat::{Appointment, Line, Restriction, Room, Seq};
use crate::recording::Recording;
use crate::shared::actor::Identity;
use crate::shared::clock::Timestamp;
use crate::shared::commit::{Claim, Holder};
use crate::shared::event::Event;
use crate::shared::feed::{FeedPosition, FeedRecord};
use crate::shared::id::{ChannelId, EventId, RecordingId, StreamId, StreamKeyId, UserId};
use crate::shared::once::{Reply, RequestKey};
use crate::shared::secret::Mac;
use crate::shared::store::{StoreError, Stored};
use crate::social::{Block, Follow};
use crate::stream::{Stream, StreamCounts};

/// One thing that a store keeps, as it is kept: with its version, and with what a port shows
/// nobody.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// Which telling of the rooms' history it is. Always there.
    Epoch(u32),
    /// An account.
    User(Stored<User>),
    /// A local session.
    Session(Session),
    /// A channel.
    Channel(Stored<Channel>),
    /// A stream key.
    StreamKey(Stored<StreamKey>),
    /// A stream.
    Stream(Stored<Stream>),
    /// What was counted of a stream; where nothing was, there is none.
    Counts(StreamId, StreamCounts),
    /// A recording.
    Recording(Stored<Recording>),
    /// The rules of a room.
    Room(Stored<Room>),
    /// Somebody may not chat.
    Restriction(Restriction),
    /// Somebody is a moderator or VIP.
    Appointment(Appointment),
    /// Somebody follows a channel.
    Follow(Stored<Follow>),
    /// How many follow a channel; where nobody ever did, there is none.
    Followers(ChannelId, u64),
    /// Somebody has blocked somebody.
    Block(Block),
    /// What a channel's audit log holds.
    Audited(ChannelId, Event),
    /// What a request has made.
    Reply(Reply),
    /// Who holds a name.
    Claim(Claim, Holder),
    /// A line of a room, redacted if it was. Its epoch is that of the store.
    Line(ChannelId, Line),
    /// The place behind the newest record that the feed has forgotten. Always there.
    FeedBase(FeedPosition),
    /// A record of the feed, and the newest moment that it speaks of.
    FeedRecord(Timestamp, FeedRecord),
    /// Where the feed's consumer of this name stands.
    Cursor(String, FeedPosition),
}

/// What kind of thing an [`Entry`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "Entry says what each is")]
pub enum EntryKind {
    Epoch,
    User,
    Session,
    Channel,
    StreamKey,
    Stream,
    Counts,
    Recording,
    Room,
    Restriction,
    Appointment,
    Follow,
    Followers,
    Block,
    Audited,
    Reply,
    Claim,
    Line,
    FeedBase,
    FeedRecord,
    Cursor,
}

impl EntryKind {
    /// All of them, in order.
    pub const ALL: [Self; 21] = [
        Self::Epoch,
        Self::User,
        Self::Session,
        Self::Channel,
        Self::StreamKey,
        Self::Stream,
        Self::Counts,
        Self::Recording,
        Self::Room,
        Self::Restriction,
        Self::Appointment,
        Self::Follow,
        Self::Followers,
        Self::Block,
        Self::Audited,
        Self::Reply,
        Self::Claim,
        Self::Line,
        Self::FeedBase,
        Self::FeedRecord,
        Self::Cursor,
    ];
}

/// Where an entry stands among all of a store's: by its kind, and within the kind by its id
/// (as bytes, and text as bytes), a line by room and number. No two entries of a store have
/// the same.
///
/// Claims of subjects go by the length of the issuer first: so they lie in every store that
/// knows a subject as one key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "Entry says what each is")]
pub enum EntryPlace {
    Epoch,
    User(UserId),
    Session(SessionId),
    Channel(ChannelId),
    StreamKey(StreamKeyId),
    Stream(StreamId),
    Counts(StreamId),
    Recording(RecordingId),
    Room(ChannelId),
    Restriction(ChannelId, Identity),
    Appointment(ChannelId, UserId),
    Follow(UserId, ChannelId),
    Followers(ChannelId),
    Block(UserId, UserId),
    Audited(ChannelId, Timestamp, EventId),
    Reply(Identity, RequestKey),
    UsernameClaim(Username),
    SubjectClaim(usize, Subject),
    FirstAdministratorClaim,
    HandleClaim(Handle),
    ChannelOfClaim(UserId),
    KeyHashClaim(Mac),
    LiveStreamClaim(ChannelId),
    RecordingOfClaim(StreamId),
    Line(ChannelId, Seq),
    FeedBase(FeedPosition),
    FeedRecord(FeedPosition),
    Cursor(String),
}

impl Entry {
    /// Its kind.
    pub fn kind(&self) -> EntryKind {
        match self {
            Self::Epoch(_) => EntryKind::Epoch,
            Self::User(_) => EntryKind::User,
            Self::Session(_) => EntryKind::Session,
            Self::Channel(_) => EntryKind::Channel,
            Self::StreamKey(_) => EntryKind::StreamKey,
            Self::Stream(_) => EntryKind::Stream,
            Self::Counts(..) => EntryKind::Counts,
            Self::Recording(_) => EntryKind::Recording,
            Self::Room(_) => EntryKind::Room,
            Self::Restriction(_) => EntryKind::Restriction,
            Self::Appointment(_) => EntryKind::Appointment,
            Self::Follow(_) => EntryKind::Follow,
            Self::Followers(..) => EntryKind::Followers,
            Self::Block(_) => EntryKind::Block,
            Self::Audited(..) => EntryKind::Audited,
            Self::Reply(_) => EntryKind::Reply,
            Self::Claim(..) => EntryKind::Claim,
            Self::Line(..) => EntryKind::Line,
            Self::FeedBase(_) => EntryKind::FeedBase,
            Self::FeedRecord(..) => EntryKind::FeedRecord,
            Self::Cursor(..) => EntryKind::Cursor,
        }
    }

    /// Where it stands.
    pub fn place(&self) -> EntryPlace {
        match self {
            Self::Epoch(_) => EntryPlace::Epoch,
            Self::User(user) => EntryPlace::User(user.value.id),
            Self::Session(session) => EntryPlace::Session(session.id),
            Self::Channel(channel) => EntryPlace::Channel(channel.value.id),
            Self::StreamKey(key) => EntryPlace::StreamKey(key.value.id),
            Self::Stream(stream) => EntryPlace::Stream(stream.value.id),
            Self::Counts(stream, _) => EntryPlace::Counts(*stream),
            Self::Recording(it) => EntryPlace::Recording(it.value.id),
            Self::Room(room) => EntryPlace::Room(room.value.channel),
            Self::Restriction(it) => EntryPlace::Restriction(it.room, it.subject),
            Self::Appointment(it) => EntryPlace::Appointment(it.channel, it.user),
            Self::Follow(it) => EntryPlace::Follow(it.value.follower, it.value.channel),
            Self::Followers(channel, _) => EntryPlace::Followers(*channel),
            Self::Block(it) => EntryPlace::Block(it.blocker, it.blocked),
            Self::Audited(channel, event) => EntryPlace::Audited(*channel, event.at, event.id),
            Self::Reply(reply) => EntryPlace::Reply(reply.by, reply.key.clone()),
            Self::Claim(claim, _) => claim.place(),
            Self::Line(room, line) => EntryPlace::Line(*room, line.place.seq),
            Self::FeedBase(base) => EntryPlace::FeedBase(*base),
            Self::FeedRecord(_, record) => EntryPlace::FeedRecord(record.position),
            Self::Cursor(consumer, _) => EntryPlace::Cursor(consumer.clone()),
        }
    }
}

impl Claim {
    fn place(&self) -> EntryPlace {
        match self.clone() {
            Self::Username(name) => EntryPlace::UsernameClaim(name),
            Self::Subject(subject) => EntryPlace::SubjectClaim(subject.issuer.len(), subject),
            Self::FirstAdministrator => EntryPlace::FirstAdministratorClaim,
            Self::Handle(handle) => EntryPlace::HandleClaim(handle),
            Self::ChannelOf(user) => EntryPlace::ChannelOfClaim(user),
            Self::KeyHash(hash) => EntryPlace::KeyHashClaim(hash),
            Self::LiveStream(channel) => EntryPlace::LiveStreamClaim(channel),
            Self::RecordingOf(stream) => EntryPlace::RecordingOfClaim(stream),
        }
    }
}

/// Checks entries that come from outside as they come: that they are in order, and that
/// nothing is missing that can be told by it.
#[derive(Debug, Default)]
pub struct EntryOrder {
    epoch: Option<u32>,
    last: Option<EntryPlace>,
}

/// The entries are not those of a whole store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// One comes behind one that stands after it, or twice.
    #[error("its entries are not in order")]
    Disordered,
    /// One that has to be there is not.
    #[error("an entry is missing")]
    Missing,
    /// A line is of another telling of the rooms' history.
    #[error("a line is of another epoch than the store")]
    OtherEpoch,
}

impl EntryOrder {
    /// The next entry.
    pub fn add(&mut self, entry: &Entry) -> Result<(), OrderError> {
        let place = entry.place();
        if self.last.as_ref().is_some_and(|last| *last >= place) {
            return Err(OrderError::Disordered);
        }
        match entry {
            Entry::Epoch(epoch) => self.epoch = Some(*epoch),
            Entry::Line(_, line) if Some(line.place.epoch) != self.epoch => {
                return Err(OrderError::OtherEpoch);
            }
            _ => {}
        }
        let complete = match (&self.last, &place) {
            (None, place) => *place == EntryPlace::Epoch,
            (Some(EntryPlace::Line(room, seq)), EntryPlace::Line(next, number)) if room == next => {
                *number == seq.next()
            }
            (Some(_), EntryPlace::Line(_, number)) => *number == Seq::ZERO.next(),
            (
                Some(EntryPlace::FeedBase(before) | EntryPlace::FeedRecord(before)),
                EntryPlace::FeedRecord(position),
            ) => before.0.checked_add(1) == Some(position.0),
            (Some(_), EntryPlace::FeedRecord(_)) => false,
            (Some(last), EntryPlace::Cursor(_)) => last.has_feed(),
            (Some(_), _) => true,
        };
        self.last = Some(place);
        complete.then_some(()).ok_or(OrderError::Missing)
    }

    /// There are no more.
    pub fn end(&self) -> Result<(), OrderError> {
        match &self.last {
            Some(last) if last.has_feed() => Ok(()),
            _ => Err(OrderError::Missing),
        }
    }
}

impl EntryPlace {
    /// Whether it is behind the feed's base, or is it.
    fn has_feed(&self) -> bool {
        matches!(
            self,
            Self::FeedBase(_) | Self::FeedRecord(_) | Self::Cursor(_)
        )
    }
}

/// A whole store, out and in.
///
/// Promises: what one store exports and another imports, that one exports again, entry for
/// entry the same, and all of its ports answer as those of the first did.
// It has no mock: mockall cannot make one that takes a `&mut dyn`.
#[async_trait]
pub trait Archive: Send + Sync {
    /// Gives everything away, in the order of [`Entry::place`], a few at a time.
    ///
    /// What is given was all there at one moment after the call: a commit that is made
    /// meanwhile is wholly in it or not at all. Commits do not wait for it.
    async fn export(&self, to: &mut dyn EntrySink) -> Result<(), ExportError>;

    /// Takes everything in: all of it is durable when it answers, or nothing of it was kept.
    /// If the process dies before, the store is empty when it is opened next, or refuses to
    /// be opened and says what to do.
    ///
    /// The entries have to come as [`export`](Self::export) gives them. Nobody else may write
    /// meanwhile. Dropping the future leaves nothing behind.
    async fn import(&self, from: &mut dyn EntrySource) -> Result<(), ImportError>;
}

/// Takes what a store gives away.
#[async_trait]
pub trait EntrySink: Send {
    /// The next entries, never none.
    async fn take(&mut self, entries: Vec<Entry>) -> Result<(), BoxError>;
}

/// Gives what a store takes in.
#[async_trait]
pub trait EntrySource: Send {
    /// The next entries; none when they were all there and nothing was wrong with them.
    async fn next(&mut self) -> Result<Vec<Entry>, BoxError>;
}

/// What a sink or a source may fail by.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// An export came to no end.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// More was written meanwhile than the store can tell from what was there before.
    #[error("too much was written while the store was read; try again when there is less to do")]
    Overtaken,
    /// It could not be taken.
    #[error("the export cannot be kept")]
    Sink(#[source] BoxError),
    /// The store could not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// It would be mixed with what is there.
    #[error("the store is not empty; import into one that has never been used")]
    NotEmpty,
    /// What was to be imported is not whole.
    #[error("nothing was imported")]
    Source(#[source] BoxError),
    /// The store could not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}
