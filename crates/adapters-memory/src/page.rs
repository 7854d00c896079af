//! Pages over what is kept in order.

use std::cmp::Reverse;
use std::fmt::Display;
use std::str::FromStr;

use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::page::{Cursor, Page, PageRequest, UnknownCursor};

/// What a listing is in order of, as text that its cursors carry.
pub(crate) trait Key: Ord + Sized {
    fn to_text(&self) -> String;
    fn parse(text: &str) -> Option<Self>;
}

/// Newest first, of one moment by id backwards.
impl<I: Ord + Display + FromStr> Key for Reverse<(Timestamp, I)> {
    fn to_text(&self) -> String {
        let (at, id) = &self.0;
        format!("{}.{id}", at.micros())
    }

    fn parse(text: &str) -> Option<Self> {
        let (at, id) = text.split_once('.')?;
        let at = Timestamp::from_micros(at.parse().ok()?);
        Some(Self((at, id.parse().ok()?)))
    }
}

/// The page of a listing whose items come in the order of their keys.
///
/// The cursor is the key of the last item: what is written before it moves nothing after.
pub(crate) fn page<K: Key, T>(
    listing: &'static str,
    request: &PageRequest,
    items: impl Iterator<Item = (K, T)>,
) -> Result<Page<T>, UnknownCursor> {
    let after = match &request.after {
        Some(Cursor(text)) => Some(parse(listing, text).ok_or(UnknownCursor)?),
        None => None,
    };
    let limit = request.limit.get();
    let mut rest: Vec<(K, T)> = items
        .filter(|(key, _)| after.as_ref().is_none_or(|after| key > after))
        .collect();
    rest.sort_by(|(a, _), (b, _)| a.cmp(b));
    let more = rest.len() > limit;
    rest.truncate(limit);
    let next = match rest.last() {
        Some((last, _)) if more => Some(Cursor(format!("{listing}:{}", last.to_text()))),
        _ => None,
    };
    Ok(Page {
        items: rest.into_iter().map(|(_, item)| item).collect(),
        next,
    })
}

fn parse<K: Key>(listing: &str, text: &str) -> Option<K> {
    K::parse(text.strip_prefix(listing)?.strip_prefix(':')?)
}
