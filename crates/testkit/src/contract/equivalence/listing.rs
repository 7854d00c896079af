//! Listings that are read on while others write.

use std::collections::HashMap;

use greenroom_domain::account::{CreatorStatus, User};
use greenroom_domain::channel::Channel;
use greenroom_domain::recording::Recording;
use greenroom_domain::shared::event::Event;
use greenroom_domain::shared::page::{Cursor, Page, PageLimit, PageRequest, UnknownCursor};
use greenroom_domain::shared::store::StoreError;
use greenroom_domain::social::Follow;
use greenroom_domain::stream::Stream;

use super::{Difference, Pair};
use crate::builders::{channel_id, stream_id, user_id};
use crate::contract::Subject;

/// What comes in pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Listing {
    /// Accounts, or those of one creator status.
    Users(Option<CreatorStatus>),
    /// Channels.
    Channels,
    /// Streams of the channel of this name.
    Streams(&'static str),
    /// Recordings of the nth stream of the channel of this name.
    Recordings(&'static str, u32),
    /// What the user of this name follows.
    Following(&'static str),
    /// Who follows the channel of this name.
    Followers(&'static str),
    /// What happened to the channel of this name.
    Audit(&'static str),
}

#[derive(Debug, PartialEq)]
pub(super) enum Item {
    User(User),
    Channel(Channel),
    Stream(Stream),
    Recording(Recording),
    Follow(Follow),
    Event(Event),
}

impl Listing {
    pub(super) async fn page(
        self,
        store: &Subject,
        request: &PageRequest,
    ) -> Result<Page<Item>, UnknownCursor> {
        match self {
            Self::Users(creator) => {
                let listed = store.users().list(creator, request).await;
                items(listed, Item::User)
            }
            Self::Channels => items(store.channels().list(request).await, Item::Channel),
            Self::Streams(name) => {
                let channel = channel_id(name);
                let listed = store.streams().of_channel(channel, request).await;
                items(listed, Item::Stream)
            }
            Self::Recordings(name, n) => {
                let stream = stream_id(name, n);
                let listed = store.recordings().of_stream(stream, request).await;
                items(listed, Item::Recording)
            }
            Self::Following(name) => {
                let listed = store.follows().of_user(user_id(name), request).await;
                items(listed, Item::Follow)
            }
            Self::Followers(name) => {
                let listed = store.follows().of_channel(channel_id(name), request).await;
                items(listed, Item::Follow)
            }
            Self::Audit(name) => {
                let listed = store.audit().of_channel(channel_id(name), request).await;
                items(listed, Item::Event)
            }
        }
    }
}

fn items<T>(
    listed: Result<Result<Page<T>, UnknownCursor>, StoreError>,
    item: fn(T) -> Item,
) -> Result<Page<Item>, UnknownCursor> {
    listed.expect("a read").map(|page| page.map(item))
}

/// How far each listing was read: by the reference's cursor, and by the other's.
#[derive(Default)]
pub(super) struct Places(HashMap<Listing, [Cursor; 2]>);

impl Places {
    /// The next page of both, and where the one after begins.
    pub(super) async fn turn(
        &mut self,
        pair: &Pair<'_>,
        listing: Listing,
        limit: PageLimit,
    ) -> Result<(), Difference> {
        let [own, others] = match self.0.remove(&listing) {
            Some(cursors) => cursors.map(Some),
            None => [None, None],
        };
        let mut next = Vec::new();
        let mut pages = Vec::new();
        for (store, after) in [(pair.reference, own), (pair.other, others)] {
            let request = PageRequest { after, limit };
            let page = listing.page(store, &request).await;
            let page = page.expect("a cursor that this listing gave");
            pages.push((page.items, page.next.is_some()));
            next.extend(page.next);
        }
        if pages[0] != pages[1] {
            return Err(Difference {
                question: format!("the next page of {listing:?}, and whether there is more"),
                expected: format!("{:?}", pages[0]),
                answered: format!("{:?}", pages[1]),
            });
        }
        if let Ok(cursors) = <[Cursor; 2]>::try_from(next) {
            self.0.insert(listing, cursors);
        }
        Ok(())
    }
}
