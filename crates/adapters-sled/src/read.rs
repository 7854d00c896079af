//! What all read ports share: point reads, index hits that are checked, and pages.

use std::ops::Bound;

use greenroom_domain::account::SessionId;
use greenroom_domain::shared::page::{Cursor, Page, PageRequest, UnknownCursor};
use greenroom_domain::shared::store::{StoreError, Stored};
use sled::{IVec, Tree};

use crate::codec::{self, Kept, Unreadable, corrupt};
use crate::database::refused;
use crate::keyspace::{self, Key};

/// One aggregate with its version.
pub(crate) fn stored<T: Kept>(tree: &Tree, key: &[u8]) -> Result<Option<Stored<T>>, StoreError> {
    match tree.get(key).map_err(refused)? {
        Some(bytes) => codec::decode_stored(&bytes).map(Some),
        None => Ok(None),
    }
}

/// One value without a version.
pub(crate) fn plain<T: Kept>(tree: &Tree, key: &[u8]) -> Result<Option<T>, StoreError> {
    match tree.get(key).map_err(refused)? {
        Some(bytes) => codec::decode(&bytes).map(Some),
        None => Ok(None),
    }
}

/// Up to `limit` values without a version under a prefix, behind a key if there is one.
pub(crate) fn plain_behind<T: Kept>(
    tree: &Tree,
    prefix: Key,
    after: Option<Key>,
    limit: usize,
) -> Result<Vec<T>, StoreError> {
    let end = end_of(&prefix);
    let from = after.map_or(prefix, |after| keyspace::behind(&after));
    tree.range(from..end)
        .values()
        .take(limit)
        .map(|bytes| codec::decode(&bytes.map_err(refused)?))
        .collect()
}

/// Several aggregates, those that exist, in the order of the keys.
pub(crate) fn many<T: Kept>(tree: &Tree, keys: Vec<Key>) -> Result<Vec<T>, StoreError> {
    keys.into_iter()
        .filter_map(|key| stored(tree, &key).transpose())
        .map(|found| found.map(|stored| stored.value))
        .collect()
}

/// Several values without versions, those that exist, in the order of the keys.
pub(crate) fn many_plain<T: Kept>(tree: &Tree, keys: Vec<Key>) -> Result<Vec<T>, StoreError> {
    keys.into_iter()
        .filter_map(|key| plain(tree, &key).transpose())
        .collect()
}

/// The first aggregate that an index leads to and that is still as the index says.
pub(crate) fn indexed<T: Kept>(
    tree: &Tree,
    prefix: &[u8],
    target: fn(&[u8]) -> Option<Key>,
    still: impl Fn(&T) -> bool,
) -> Result<Option<Stored<T>>, StoreError> {
    for index in tree.scan_prefix(prefix).keys() {
        let key = target_of(target, &index.map_err(refused)?)?;
        if let Some(found) = stored(tree, &key)?.filter(|found: &Stored<T>| still(&found.value)) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// Up to `limit` aggregates that index keys lead to, as long as they are as the index says.
pub(crate) fn all_indexed<T: Kept>(
    tree: &Tree,
    indexes: impl Iterator<Item = sled::Result<IVec>>,
    target: fn(&[u8]) -> Option<Key>,
    still: impl Fn(&T) -> bool,
    limit: usize,
) -> Result<Vec<Stored<T>>, StoreError> {
    let mut all = Vec::new();
    for index in indexes {
        if all.len() == limit {
            break;
        }
        let key = target_of(target, &index.map_err(refused)?)?;
        all.extend(stored(tree, &key)?.filter(|found: &Stored<T>| still(&found.value)));
    }
    Ok(all)
}

/// All keys under a prefix.
pub(crate) fn keys_under(tree: &Tree, prefix: &[u8]) -> Result<Vec<IVec>, StoreError> {
    let keys: sled::Result<_> = tree.scan_prefix(prefix).keys().collect();
    keys.map_err(refused)
}

/// Up to `limit` keys from one on, and before another.
pub(crate) fn keys_between(
    tree: &Tree,
    from: Key,
    before: Key,
    limit: usize,
) -> Result<Vec<IVec>, StoreError> {
    let keys: sled::Result<_> = tree.range(from..before).keys().take(limit).collect();
    keys.map_err(refused)
}

/// The sessions that index keys lead to.
pub(crate) fn session_ids(keys: &[IVec]) -> Result<Vec<SessionId>, StoreError> {
    keys.iter()
        .map(|key| {
            let mac = keyspace::last_mac(key).ok_or_else(|| corrupt("index", Unreadable::Key))?;
            Ok(SessionId(mac))
        })
        .collect()
}

/// In which direction a listing goes through its keys.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Order {
    Ascending,
    Descending,
}

/// A listing over all keys under a prefix.
///
/// Its cursor is the listing's name and the rest of the last key that was given, so a page
/// goes on from there whatever was written meanwhile.
#[derive(Debug)]
pub(crate) struct Listing {
    /// Tells its cursors from those of another listing.
    pub(crate) name: String,
    pub(crate) prefix: Key,
    pub(crate) order: Order,
}

impl Listing {
    /// One page of the aggregates that the keys lead to and that still belong.
    pub(crate) fn page<T: Kept>(
        &self,
        tree: &Tree,
        request: &PageRequest,
        target: fn(&[u8]) -> Option<Key>,
        still: impl Fn(&T) -> bool,
    ) -> Result<Result<Page<T>, UnknownCursor>, StoreError> {
        self.page_of(tree, request, |index, _| {
            let found = stored(tree, &target_of(target, index)?)?;
            Ok(found.map(|found| found.value).filter(&still))
        })
    }

    /// One page of what is made of the pairs; one that nothing is made of is passed over.
    pub(crate) fn page_of<T>(
        &self,
        tree: &Tree,
        request: &PageRequest,
        item: impl Fn(&[u8], &[u8]) -> Result<Option<T>, StoreError>,
    ) -> Result<Result<Page<T>, UnknownCursor>, StoreError> {
        let after = match request.after.as_ref().map(|cursor| self.parse(cursor)) {
            Some(Err(unknown)) => return Ok(Err(unknown)),
            Some(Ok(key)) => Some(key),
            None => None,
        };
        let mut items = Vec::new();
        let mut last = None;
        let mut pairs = self.pairs(tree, after);
        while let Some((key, value)) = pairs.next().transpose().map_err(refused)? {
            let Some(found) = item(&key, &value)? else {
                continue;
            };
            if items.len() == request.limit.get() {
                let next = last.map(|key: IVec| self.cursor(&key));
                return Ok(Ok(Page { items, next }));
            }
            items.push(found);
            last = Some(key);
        }
        Ok(Ok(Page { items, next: None }))
    }

    fn pairs(
        &self,
        tree: &Tree,
        after: Option<Key>,
    ) -> Box<dyn Iterator<Item = sled::Result<(IVec, IVec)>>> {
        let start = Bound::Included(self.prefix.clone());
        let end = Bound::Excluded(end_of(&self.prefix));
        match (self.order, after) {
            (Order::Ascending, None) => Box::new(tree.range((start, end))),
            (Order::Ascending, Some(after)) => Box::new(tree.range((Bound::Excluded(after), end))),
            (Order::Descending, None) => Box::new(tree.range((start, end)).rev()),
            (Order::Descending, Some(after)) => {
                Box::new(tree.range((start, Bound::Excluded(after))).rev())
            }
        }
    }

    fn cursor(&self, key: &[u8]) -> Cursor {
        let rest = &key[self.prefix.len()..]; // A key of the listing begins with its prefix.
        Cursor(format!("{}.{}", self.name, hex(rest)))
    }

    fn parse(&self, cursor: &Cursor) -> Result<Key, UnknownCursor> {
        let rest = cursor.0.strip_prefix(&self.name).ok_or(UnknownCursor)?;
        let rest = rest.strip_prefix('.').ok_or(UnknownCursor)?;
        let mut key = self.prefix.clone();
        key.extend_from_slice(&unhex(rest).ok_or(UnknownCursor)?);
        Ok(key)
    }
}

/// The first key behind all that begin with the prefix.
pub(crate) fn end_of(prefix: &[u8]) -> Key {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if let Some(next) = last.checked_add(1) {
            end.push(next);
            break;
        }
    }
    end
}

fn target_of(target: fn(&[u8]) -> Option<Key>, index: &[u8]) -> Result<Key, StoreError> {
    target(index).ok_or_else(|| corrupt("index", Unreadable::Key))
}

fn hex(bytes: &[u8]) -> String {
    let digit = |n: u8| char::from_digit(u32::from(n), 16).unwrap_or('0');
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    // No key is near this long; a client's cursor is not taken at its word.
    let whole = (1..=512).contains(&text.len()) && text.len().is_multiple_of(2);
    if !whole || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_prefix_is_behind_all_of_its_keys() {
        assert_eq!(end_of(&[1, 2]), [1, 3]);
        assert_eq!(end_of(&[1, 255, 255]), [2]);
    }

    #[test]
    fn a_cursor_comes_back_and_garbage_does_not() {
        assert_eq!(unhex(&hex(&[0, 0x1f, 0xff])), Some(vec![0, 0x1f, 0xff]));
        for garbage in ["", "0", "zz", "ää", "+1", "-1"] {
            assert_eq!(unhex(garbage), None, "{garbage}");
        }
    }
}
