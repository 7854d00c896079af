//! What all read ports share: asking, once more where only the connection was stale, and
//! pages.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::Arc;
use std::time::{Duration, Instant};

use greenroom_domain::shared::page::{Cursor, Page, PageRequest, UnknownCursor};
use greenroom_domain::shared::store::{StoreError, Stored, Version};
use parking_lot::Mutex;
use tokio::time::timeout;
use uuid::Uuid;

use crate::PgStore;
use crate::error::{Failure, TimedOut, is_lost, unavailable};
use crate::number::{count, limit};
use crate::options::ANSWER_WITHIN;

/// Which connections of the pool can still be trusted: once one was lost, none that is older
/// than that moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Links(Arc<Mutex<Option<Instant>>>);

impl Links {
    pub(crate) fn are_trusted_at(&self, age: Duration) -> bool {
        let lost = *self.0.lock();
        lost.is_none_or(|lost| lost.elapsed() > age)
    }

    fn lost(&self) {
        *self.0.lock() = Some(Instant::now());
    }
}

impl PgStore {
    /// Asks the database. A question may be asked twice: reads change nothing.
    pub(crate) async fn read<T, F>(
        &self,
        question: impl Fn() -> F + Send + Sync,
    ) -> Result<T, StoreError>
    where
        F: Future<Output = sqlx::Result<T>> + Send,
    {
        let asked = async {
            match question().await {
                Err(error) if is_lost(&error) => {
                    self.links.lost();
                    question().await
                }
                answer => answer,
            }
        };
        match timeout(ANSWER_WITHIN, asked).await {
            Ok(answer) => answer.map_err(|error| Failure::from(error).into()),
            Err(_) => {
                self.links.lost();
                Err(unavailable(TimedOut))
            }
        }
    }
}

/// Where something stands in a listing by moments: the moment, in microseconds, and an id.
pub(crate) type Place = (i64, Uuid);

/// Before everything that is listed newest first, and of one moment by id backwards: nothing
/// has the last id.
pub(crate) const NEWEST: Place = (i64::MAX, Uuid::max());

impl PgStore {
    /// One page of a listing by moments. `find` is given the place behind which it looks, the
    /// `first` for the first page, and how many rows to find.
    pub(crate) async fn listed<R, F>(
        &self,
        name: &str,
        request: &PageRequest,
        first: Place,
        find: impl Fn(Place, i64) -> F + Send + Sync,
        place: impl FnOnce(&R::Aggregate) -> Place + Send,
    ) -> Result<Result<Page<R::Aggregate>, UnknownCursor>, StoreError>
    where
        R: Row,
        F: Future<Output = sqlx::Result<Vec<R>>> + Send,
    {
        let listing = match Listing::of(name, request, parse_place) {
            Ok(listing) => listing,
            Err(unknown) => return Ok(Err(unknown)),
        };
        let after = listing.after.unwrap_or(first);
        let rows = self.read(|| find(after, listing.rows())).await?;
        listing.page(rows, |it| place_text(place(it))).map(Ok)
    }
}

/// A place as text, for a cursor.
pub(crate) fn place_text((at, id): Place) -> String {
    format!("{at}.{id}")
}

/// What [`place_text`] wrote.
pub(crate) fn parse_place(text: &str) -> Option<Place> {
    let (at, id) = text.split_once('.')?;
    Some((at.parse().ok()?, Uuid::try_parse(id).ok()?))
}

/// An aggregate's row.
pub(crate) trait Row: Sized {
    type Aggregate;

    fn version(&self) -> i64;

    /// Through the domain's checks.
    fn parse(self) -> Result<Self::Aggregate, StoreError>;

    fn stored(self) -> Result<Stored<Self::Aggregate>, StoreError> {
        let version = Version(count(self.version()));
        let value = self.parse()?;
        Ok(Stored { value, version })
    }
}

/// What was found of what was wanted, in the order asked for.
pub(crate) fn in_order<K: Eq + Hash, T: Clone>(
    wanted: &[K],
    found: Vec<T>,
    key: impl Fn(&T) -> K,
) -> Vec<T> {
    let found: HashMap<K, T> = found.into_iter().map(|it| (key(&it), it)).collect();
    let in_order = wanted.iter().filter_map(|key| found.get(key).cloned());
    in_order.collect()
}

/// One aggregate, if its row is there.
pub(crate) fn one<R: Row>(row: Option<R>) -> Result<Option<Stored<R::Aggregate>>, StoreError> {
    row.map(R::stored).transpose()
}

/// All of them.
pub(crate) fn all<R: Row>(rows: Vec<R>) -> Result<Vec<R::Aggregate>, StoreError> {
    rows.into_iter().map(R::parse).collect()
}

/// All of them, with their versions.
pub(crate) fn all_stored<R: Row>(rows: Vec<R>) -> Result<Vec<Stored<R::Aggregate>>, StoreError> {
    rows.into_iter().map(R::stored).collect()
}

/// One page of a listing: rows in its order behind `after`, one more than asked for if there
/// is one.
pub(crate) struct Listing<'a, K> {
    name: &'a str,
    limit: usize,
    pub(crate) after: Option<K>,
}

impl<'a, K> Listing<'a, K> {
    /// The listing's name tells its cursors from those of another one.
    pub(crate) fn of(
        name: &'a str,
        request: &PageRequest,
        parse: impl FnOnce(&str) -> Option<K>,
    ) -> Result<Self, UnknownCursor> {
        let after = match &request.after {
            None => None,
            Some(Cursor(text)) => {
                let key = text.strip_prefix(name).and_then(|it| it.strip_prefix('.'));
                Some(key.and_then(parse).ok_or(UnknownCursor)?)
            }
        };
        Ok(Self {
            name,
            limit: request.limit.get(),
            after,
        })
    }

    pub(crate) fn rows(&self) -> i64 {
        limit(self.limit + 1)
    }

    /// Of the rows that were found. `key` writes an item's place as `parse` reads it.
    pub(crate) fn page<R: Row>(
        &self,
        rows: Vec<R>,
        key: impl FnOnce(&R::Aggregate) -> String,
    ) -> Result<Page<R::Aggregate>, StoreError> {
        Ok(self.page_of(all(rows)?, key))
    }

    /// Of the items that were found.
    pub(crate) fn page_of<T>(&self, mut items: Vec<T>, key: impl FnOnce(&T) -> String) -> Page<T> {
        let is_more = items.len() > self.limit;
        items.truncate(self.limit);
        let next = match items.last() {
            Some(last) if is_more => Some(Cursor(format!("{}.{}", self.name, key(last)))),
            _ => None,
        };
        Page { items, next }
    }
}
