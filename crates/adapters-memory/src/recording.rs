//! Reading recordings.

use std::cmp::Reverse;

use async_trait::async_trait;
use greenroom_domain::recording::{Recording, Recordings};
use greenroom_domain::shared::id::{RecordingId, StreamId};
use greenroom_domain::shared::page::{Page, PageRequest, UnknownCursor};
use greenroom_domain::shared::store::{StoreError, Stored};

use crate::page::page;
use crate::store::InMemoryStore;

#[async_trait]
impl Recordings for InMemoryStore {
    async fn get(&self, id: RecordingId) -> Result<Option<Stored<Recording>>, StoreError> {
        Ok(self.state().recordings.get(&id).cloned())
    }

    async fn of_stream(
        &self,
        stream: StreamId,
        request: &PageRequest,
    ) -> Result<Result<Page<Recording>, UnknownCursor>, StoreError> {
        let state = self.state();
        let recordings = state.recordings.values().map(|it| &it.value);
        let theirs = recordings.filter(|it| it.stream == stream);
        let items = theirs.map(|it| (Reverse((it.created_at, it.id)), it.clone()));
        Ok(page("recordings", request, items))
    }

    async fn open(&self) -> Result<Vec<Stored<Recording>>, StoreError> {
        let state = self.state();
        let open = state.recordings.values().filter(|it| it.value.is_open());
        Ok(open.cloned().collect())
    }
}
