//! Reading channels and stream keys.

use async_trait::async_trait;
use greenroom_domain::channel::{Channel, Channels, Handle, StreamKey, StreamKeys};
use greenroom_domain::shared::id::{ChannelId, StreamKeyId, UserId};
use greenroom_domain::shared::page::{Page, PageRequest, UnknownCursor};
use greenroom_domain::shared::secret::Mac;
use greenroom_domain::shared::store::{StoreError, Stored};

use crate::page::{Key, page};
use crate::store::{InMemoryStore, State};

#[async_trait]
impl Channels for InMemoryStore {
    async fn get(&self, id: ChannelId) -> Result<Option<Stored<Channel>>, StoreError> {
        Ok(self.state().channels.get(&id).cloned())
    }

    async fn get_many(&self, ids: &[ChannelId]) -> Result<Vec<Channel>, StoreError> {
        let state = self.state();
        let found = ids.iter().filter_map(|id| state.channels.get(id));
        Ok(found.map(|channel| channel.value.clone()).collect())
    }

    async fn by_handle(&self, handle: &Handle) -> Result<Option<Stored<Channel>>, StoreError> {
        Ok(self.state().find_channel(|it| it.handle == *handle))
    }

    async fn by_owner(&self, owner: UserId) -> Result<Option<Stored<Channel>>, StoreError> {
        Ok(self.state().find_channel(|it| it.owner == owner))
    }

    async fn list(
        &self,
        request: &PageRequest,
    ) -> Result<Result<Page<Channel>, UnknownCursor>, StoreError> {
        let state = self.state();
        let channels = state.channels.values().map(|channel| &channel.value);
        Ok(page(
            "channels",
            request,
            channels.map(|channel| (channel.handle.clone(), channel.clone())),
        ))
    }
}

#[async_trait]
impl StreamKeys for InMemoryStore {
    async fn get(&self, id: StreamKeyId) -> Result<Option<Stored<StreamKey>>, StoreError> {
        Ok(self.state().stream_keys.get(&id).cloned())
    }

    async fn by_hash(&self, hash: Mac) -> Result<Option<Stored<StreamKey>>, StoreError> {
        let state = self.state();
        let mut keys = state.stream_keys.values();
        Ok(keys.find(|key| key.value.hash() == Some(hash)).cloned())
    }

    async fn of_channel(&self, channel: ChannelId) -> Result<Vec<StreamKey>, StoreError> {
        let state = self.state();
        let keys = state.stream_keys.values().map(|key| &key.value);
        let mut keys: Vec<_> = keys.filter(|key| key.channel == channel).cloned().collect();
        keys.sort_by_key(|key| (key.created_at, key.id));
        Ok(keys)
    }
}

impl State {
    fn find_channel(&self, is_it: impl Fn(&Channel) -> bool) -> Option<Stored<Channel>> {
        let mut channels = self.channels.values();
        channels.find(|channel| is_it(&channel.value)).cloned()
    }
}

impl Key for Handle {
    fn to_text(&self) -> String {
        self.to_string()
    }

    fn parse(text: &str) -> Option<Self> {
        Self::parse(text).ok()
    }
}
