//! Reading rooms.

use std::cmp::Reverse;
use std::ops::Bound;

use async_trait::async_trait;
use greenroom_domain::chat::{
    Appointment, Audit, Line, Moderation, Place, Restriction, Room, RoomLog, Seq,
};
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::event::Event;
use greenroom_domain::shared::id::{ChannelId, UserId};
use greenroom_domain::shared::page::{Page, PageRequest, UnknownCursor};
use greenroom_domain::shared::store::{StoreError, Stored};

use crate::page::page;
use crate::store::{InMemoryStore, Log};

#[async_trait]
impl RoomLog for InMemoryStore {
    async fn head(&self, room: ChannelId) -> Result<Place, StoreError> {
        let state = self.state();
        let head = state.logs.get(&room).map_or(Seq::ZERO, Log::head);
        Ok(state.epoch.place(head))
    }

    async fn after(
        &self,
        room: ChannelId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<Line>, StoreError> {
        let state = self.state();
        let Some(log) = state.logs.get(&room) else {
            return Ok(Vec::new());
        };
        let passed = usize::try_from(after.0).unwrap_or(usize::MAX);
        Ok(log.lines.iter().skip(passed).take(limit).cloned().collect())
    }

    async fn before(
        &self,
        room: ChannelId,
        before: Option<Seq>,
        limit: usize,
    ) -> Result<Vec<Line>, StoreError> {
        let state = self.state();
        let Some(log) = state.logs.get(&room) else {
            return Ok(Vec::new());
        };
        let end = before.map_or(usize::MAX, |before| {
            usize::try_from(before.0.saturating_sub(1)).unwrap_or(usize::MAX)
        });
        let end = end.min(log.lines.len());
        Ok(log.lines[end.saturating_sub(limit)..end].to_vec())
    }

    async fn line(&self, room: ChannelId, seq: Seq) -> Result<Option<Line>, StoreError> {
        let state = self.state();
        Ok(state.logs.get(&room).and_then(|log| log.line(seq)).cloned())
    }
}

#[async_trait]
impl Moderation for InMemoryStore {
    async fn room(&self, channel: ChannelId) -> Result<Option<Stored<Room>>, StoreError> {
        Ok(self.state().rooms.get(&channel).cloned())
    }

    async fn restriction(
        &self,
        room: ChannelId,
        subject: Identity,
    ) -> Result<Option<Restriction>, StoreError> {
        Ok(self.state().restrictions.get(&(room, subject)).cloned())
    }

    async fn restrictions_of(
        &self,
        subject: Identity,
        rooms: &[ChannelId],
    ) -> Result<Vec<Restriction>, StoreError> {
        let state = self.state();
        let found = |room: &ChannelId| state.restrictions.get(&(*room, subject)).cloned();
        Ok(rooms.iter().filter_map(found).collect())
    }

    async fn restrictions(
        &self,
        room: ChannelId,
        after: Option<Identity>,
        limit: usize,
    ) -> Result<Vec<Restriction>, StoreError> {
        let state = self.state();
        let from = match after {
            Some(after) => Bound::Excluded((room, after)),
            None => Bound::Unbounded,
        };
        let rest = state.restrictions.range((from, Bound::Unbounded));
        let theirs = rest.map(|(_, it)| it).filter(|it| it.room == room);
        Ok(theirs.take(limit).cloned().collect())
    }

    async fn appointment(
        &self,
        channel: ChannelId,
        user: UserId,
    ) -> Result<Option<Appointment>, StoreError> {
        Ok(self.state().appointments.get(&(channel, user)).cloned())
    }

    async fn appointments_of(
        &self,
        user: UserId,
        channels: &[ChannelId],
    ) -> Result<Vec<Appointment>, StoreError> {
        let state = self.state();
        let found = |channel: &ChannelId| state.appointments.get(&(*channel, user)).cloned();
        Ok(channels.iter().filter_map(found).collect())
    }

    async fn appointments(&self, channel: ChannelId) -> Result<Vec<Appointment>, StoreError> {
        let state = self.state();
        let all = state.appointments.values();
        Ok(all.filter(|it| it.channel == channel).cloned().collect())
    }
}

#[async_trait]
impl Audit for InMemoryStore {
    async fn of_channel(
        &self,
        channel: ChannelId,
        request: &PageRequest,
    ) -> Result<Result<Page<Event>, UnknownCursor>, StoreError> {
        let state = self.state();
        let theirs = state.audited.iter().filter(|(place, _)| place.0 == channel);
        let items = theirs.map(|((_, at, id), event)| (Reverse((*at, *id)), event.clone()));
        Ok(page("audit", request, items))
    }
}
