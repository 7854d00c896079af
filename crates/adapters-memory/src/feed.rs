//! Replaying.

use async_trait::async_trait;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::feed::{Consumer, Feed, FeedError, FeedPosition, FeedRecord};
use greenroom_domain::shared::store::StoreError;

use crate::store::InMemoryStore;

#[async_trait]
impl Feed for InMemoryStore {
    async fn read(&self, after: FeedPosition, limit: usize) -> Result<Vec<FeedRecord>, FeedError> {
        let feed = &self.state().feed;
        let Some(passed) = after.0.checked_sub(feed.forgotten.0) else {
            return Err(FeedError::Gone);
        };
        let passed = usize::try_from(passed).unwrap_or(usize::MAX);
        let rest = feed.records.iter().skip(passed).take(limit);
        Ok(rest.map(|(_, record)| record.clone()).collect())
    }

    async fn head(&self) -> Result<FeedPosition, StoreError> {
        Ok(self.state().feed.head())
    }

    async fn cursor(&self, consumer: Consumer) -> Result<Option<FeedPosition>, StoreError> {
        Ok(self.state().cursors.get(consumer.0).copied())
    }

    async fn changed(&self, after: FeedPosition) {
        let mut head = self.head.subscribe();
        // The sender lives as long as the store, which is borrowed here.
        let _ = head.wait_for(|head| *head > after).await;
    }

    async fn prune(&self, through: FeedPosition, before: Timestamp) -> Result<(), StoreError> {
        let feed = &mut self.state().feed;
        while let Some((written, record)) = feed.records.front()
            && record.position <= through
            && *written < before
        {
            feed.forgotten = record.position;
            feed.records.pop_front();
        }
        Ok(())
    }
}
