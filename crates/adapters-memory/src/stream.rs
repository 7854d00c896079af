//! Reading streams.

use std::cmp::Reverse;

use async_trait::async_trait;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::{ChannelId, StreamId};
use greenroom_domain::shared::page::{Page, PageRequest, UnknownCursor};
use greenroom_domain::shared::store::{StoreError, Stored};
use greenroom_domain::stream::{Stream, StreamCounts, Streams};

use crate::page::page;
use crate::store::{InMemoryStore, State};

#[async_trait]
impl Streams for InMemoryStore {
    async fn get(&self, id: StreamId) -> Result<Option<Stored<Stream>>, StoreError> {
        Ok(self.state().streams.get(&id).cloned())
    }

    async fn live_of(&self, channel: ChannelId) -> Result<Option<Stored<Stream>>, StoreError> {
        let state = self.state();
        let mut live = state.live();
        Ok(live.find(|it| it.value.channel == channel).cloned())
    }

    async fn live(&self) -> Result<Vec<Stored<Stream>>, StoreError> {
        Ok(self.state().live().cloned().collect())
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Stored<Stream>>, StoreError> {
        let state = self.state();
        let mut due: Vec<_> = state
            .live()
            .filter_map(|stream| Some((stream.value.deadline()?, stream)))
            .filter(|(deadline, _)| *deadline <= now)
            .collect();
        due.sort_by_key(|(deadline, stream)| (*deadline, stream.value.id));
        let due = due.into_iter().take(limit);
        Ok(due.map(|(_, stream)| stream.clone()).collect())
    }

    async fn of_channel(
        &self,
        channel: ChannelId,
        request: &PageRequest,
    ) -> Result<Result<Page<Stream>, UnknownCursor>, StoreError> {
        let state = self.state();
        let streams = state.streams.values().map(|stream| &stream.value);
        let theirs = streams.filter(|stream| stream.channel == channel);
        Ok(page(
            "streams",
            request,
            theirs.map(|stream| (Reverse((stream.created_at, stream.id)), stream.clone())),
        ))
    }

    async fn counts(&self, ids: &[StreamId]) -> Result<Vec<StreamCounts>, StoreError> {
        let state = self.state();
        let counts = ids.iter().map(|id| state.counts.get(id));
        Ok(counts.map(|it| it.copied().unwrap_or_default()).collect())
    }
}

impl State {
    fn live(&self) -> impl Iterator<Item = &Stored<Stream>> {
        let streams = self.streams.values();
        streams.filter(|stream| stream.value.is_live())
    }
}
