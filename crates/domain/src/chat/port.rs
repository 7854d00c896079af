//! What chat needs of the outside.

use async_trait::async_trait;

use crate::chat::{Appointment, Line, Place, Restriction, Room, Seq};
use crate::shared::actor::Identity;
use crate::shared::event::Event;
use crate::shared::id::{ChannelId, UserId};
use crate::shared::page::{Page, PageRequest, UnknownCursor};
use crate::shared::store::{StoreError, Stored};

/// Reads rooms' logs.
///
/// Promises: sees every commit that was acknowledged before the call; lines come in order
/// and without a gap; a line whose text was redacted is never given with it again.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait RoomLog: Send + Sync {
    /// Where the log ends; sequence 0 while there is no line.
    async fn head(&self, room: ChannelId) -> Result<Place, StoreError>;

    /// Up to `limit` lines behind `after`, oldest first.
    async fn after(
        &self,
        room: ChannelId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<Line>, StoreError>;

    /// Up to `limit` lines before `before` (or the newest), oldest first.
    async fn before(
        &self,
        room: ChannelId,
        before: Option<Seq>,
        limit: usize,
    ) -> Result<Vec<Line>, StoreError>;

    /// One line.
    async fn line(&self, room: ChannelId, seq: Seq) -> Result<Option<Line>, StoreError>;
}

/// Reads rooms' rules and who may not chat.
///
/// Promises: sees every commit that was acknowledged before the call.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Moderation: Send + Sync {
    /// A room's rules and their version.
    async fn room(&self, channel: ChannelId) -> Result<Option<Stored<Room>>, StoreError>;

    /// What holds somebody in a room, run out or not.
    async fn restriction(
        &self,
        room: ChannelId,
        subject: Identity,
    ) -> Result<Option<Restriction>, StoreError>;

    /// What holds somebody in several rooms, run out or not, in the order asked for; where
    /// nothing does, the room is left out.
    async fn restrictions_of(
        &self,
        subject: Identity,
        rooms: &[ChannelId],
    ) -> Result<Vec<Restriction>, StoreError>;

    /// Everybody who is held in a room, in the order of identities, behind `after`.
    async fn restrictions(
        &self,
        room: ChannelId,
        after: Option<Identity>,
        limit: usize,
    ) -> Result<Vec<Restriction>, StoreError>;

    /// What somebody is in a channel.
    async fn appointment(
        &self,
        channel: ChannelId,
        user: UserId,
    ) -> Result<Option<Appointment>, StoreError>;

    /// What somebody is in several channels, in the order asked for; where they are nothing, the
    /// channel is left out.
    async fn appointments_of(
        &self,
        user: UserId,
        channels: &[ChannelId],
    ) -> Result<Vec<Appointment>, StoreError>;

    /// Everybody who is something in a channel, in the order of their ids.
    async fn appointments(&self, channel: ChannelId) -> Result<Vec<Appointment>, StoreError>;
}

/// Reads who did what to a channel and its room.
///
/// Promises: holds every committed event that [is to be
/// audited](crate::shared::event::Happening::audited), from the commit on and for good, and no
/// other; sees every commit that was acknowledged before the call; the listing is stable while
/// more is written.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Audit: Send + Sync {
    /// What happened to a channel: the newest first, by the time and then the id of the event.
    async fn of_channel(
        &self,
        channel: ChannelId,
        page: &PageRequest,
    ) -> Result<Result<Page<Event>, UnknownCursor>, StoreError>;
}
