//! Replaying what was committed.

use async_trait::async_trait;

use crate::chat::Seq;
use crate::shared::clock::Timestamp;
use crate::shared::event::Event;
use crate::shared::id::ChannelId;
use crate::shared::store::StoreError;

/// A place in the feed: after so many records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FeedPosition(pub u64);

impl FeedPosition {
    /// Before the first record.
    pub const START: Self = Self(0);
}

/// What one durable write held. A room's lines are named, not repeated.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedRecord {
    /// The place right behind this record.
    pub position: FeedPosition,
    /// Events, in the order of their commits.
    pub events: Vec<Event>,
    /// Lines that were appended, one range a room.
    pub lines: Vec<LineRange>,
}

/// Lines of a room, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineRange {
    /// Whose room.
    pub room: ChannelId,
    /// The first of them.
    pub first: Seq,
    /// The last of them.
    pub last: Seq,
}

/// A reader of the feed with a place of its own, kept by the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Consumer(pub &'static str);

/// A consumer's progress, committed together with its effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CursorMove {
    /// Whose.
    pub consumer: Consumer,
    /// Where it stood; a cursor that stands elsewhere by now refuses the commit.
    pub from: FeedPosition,
    /// Where it stands then.
    pub to: FeedPosition,
}

/// Everything that was committed, in commit order.
///
/// Promises: positions grow by one a record, without a gap and in the order of commits; who
/// reads on from a position misses nothing, however late a write became visible; a record
/// is there from the moment its commit was acknowledged, over any crash.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Feed: Send + Sync {
    /// Up to `limit` records behind `after`.
    async fn read(&self, after: FeedPosition, limit: usize) -> Result<Vec<FeedRecord>, FeedError>;

    /// The place behind the newest record.
    async fn head(&self) -> Result<FeedPosition, StoreError>;

    /// Where a consumer stands; `None` when it has never moved.
    async fn cursor(&self, consumer: Consumer) -> Result<Option<FeedPosition>, StoreError>;

    /// Waits until there is something behind `after`. May return early; can be dropped.
    async fn changed(&self, after: FeedPosition);

    /// Forgets records up to `through` that were written before `before`.
    async fn prune(&self, through: FeedPosition, before: Timestamp) -> Result<(), StoreError>;
}

/// The feed could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// What comes after the position has been forgotten; the consumer must begin anew.
    #[error("the feed no longer reaches back to this place")]
    Gone,
    /// The store could not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}
