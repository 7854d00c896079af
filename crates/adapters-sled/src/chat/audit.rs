//! The audit log: what is to be audited of the events, kept a second time, by channel.
//!
//! The feed forgets; the audit log does not.

use async_trait::async_trait;
use greenroom_domain::chat::Audit;
use greenroom_domain::shared::event::Event;
use greenroom_domain::shared::id::ChannelId;
use greenroom_domain::shared::page::{Page, PageRequest, UnknownCursor};
use greenroom_domain::shared::store::StoreError;
use sled::IVec;

use crate::keyspace::{self, Key};
use crate::read::{Listing, Order};
use crate::{SledStore, codec};

pub(crate) const AUDITED: &str = "audited event";

#[async_trait]
impl Audit for SledStore {
    async fn of_channel(
        &self,
        channel: ChannelId,
        page: &PageRequest,
    ) -> Result<Result<Page<Event>, UnknownCursor>, StoreError> {
        let listing = Listing {
            name: format!("audit-{}", channel.uuid().simple()),
            prefix: keyspace::audits(channel),
            order: Order::Descending,
        };
        let page = page.clone();
        self.scan(move |tree| listing.page_of(tree, &page, |_, bytes| decode(bytes).map(Some)))
            .await
    }
}

/// What an event leaves in the audit log, if anything.
pub(crate) fn encode(event: &Event) -> Option<Result<(Key, IVec), StoreError>> {
    let channel = event.what.audited()?;
    Some(encode_of(channel, event))
}

/// An event in the audit log of a channel.
pub(crate) fn encode_of(channel: ChannelId, event: &Event) -> Result<(Key, IVec), StoreError> {
    let key = keyspace::audited(channel, event.at, event.id);
    Ok((key, codec::encode_record(AUDITED, event)?))
}

pub(crate) fn decode(bytes: &[u8]) -> Result<Event, StoreError> {
    codec::decode_record(AUDITED, bytes)
}
