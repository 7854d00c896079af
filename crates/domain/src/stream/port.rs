//! What streams need of the outside.

use async_trait::async_trait;

use crate::shared::actor::Identity;
use crate::shared::clock::Timestamp;
use crate::shared::id::{ChannelId, ConnectionId, StreamId};
use crate::shared::page::{Page, PageRequest, UnknownCursor};
use crate::shared::store::{StoreError, Stored};
use crate::stream::Stream;

/// Reads streams.
///
/// Promises: sees every commit that was acknowledged before the call.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Streams: Send + Sync {
    /// By id.
    async fn get(&self, id: StreamId) -> Result<Option<Stored<Stream>>, StoreError>;

    /// The live stream of a channel.
    async fn live_of(&self, channel: ChannelId) -> Result<Option<Stored<Stream>>, StoreError>;

    /// Every live stream, in the order of their ids.
    async fn live(&self) -> Result<Vec<Stored<Stream>>, StoreError>;

    /// Live streams whose [deadline](Stream::deadline) is not after `now`, soonest first.
    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Stored<Stream>>, StoreError>;

    /// A channel's streams, newest first. Stable while streams are written.
    async fn of_channel(
        &self,
        channel: ChannelId,
        page: &PageRequest,
    ) -> Result<Result<Page<Stream>, UnknownCursor>, StoreError>;

    /// What was counted, in the order asked for; zeros where nothing was.
    async fn counts(&self, ids: &[StreamId]) -> Result<Vec<StreamCounts>, StoreError>;
}

/// What is counted of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StreamCounts {
    /// How many people have watched, each time they came.
    pub views: u64,
    /// How many watched at once at the most.
    pub peak: u64,
    /// How many messages its chat has seen.
    pub messages: u64,
}

/// By what somebody is present.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Via {
    /// A real-time connection.
    Socket(ConnectionId),
    /// A player that asks for media.
    Media,
}

/// Who watches a stream: a set of identities, so that nothing repeated or lost bends the
/// count. Everything in it runs out by itself.
///
/// Promises: somebody is present from the first `renew` until every `via` of theirs has been
/// left or has run out; however often they are renewed, they count once.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Presence: Send + Sync {
    /// Somebody is there, until `until` unless renewed.
    async fn renew(
        &self,
        stream: StreamId,
        who: Identity,
        via: Via,
        until: Timestamp,
    ) -> Result<(), StoreError>;

    /// Somebody is no longer there by this way.
    async fn leave(&self, stream: StreamId, who: Identity, via: Via) -> Result<(), StoreError>;

    /// Who is there, and who came and went since this was asked last.
    async fn audience(&self, stream: StreamId, now: Timestamp) -> Result<Audience, StoreError>;

    /// How many are there, in the order asked for.
    async fn counts(&self, streams: &[StreamId], now: Timestamp) -> Result<Vec<u64>, StoreError>;

    /// Some of those who are there, for a list of participants, in the order of identities.
    async fn participants(
        &self,
        stream: StreamId,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Identity>, StoreError>;

    /// The stream is over: forgets its audience.
    async fn clear(&self, stream: StreamId) -> Result<(), StoreError>;
}

/// A stream's audience at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Audience {
    /// How many are there.
    pub viewers: u64,
    /// Who came since the last time, in the order of identities.
    pub joined: Vec<Identity>,
    /// Who went since the last time, likewise.
    pub left: Vec<Identity>,
}
