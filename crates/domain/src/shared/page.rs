//! Pages of a listing.
//!
//! ```
//! use greenroom_domain::shared::page::{Cursor, Page, PageLimit, PageRequest};
//!
//! /// All that a listing has, page by page.
//! fn all<T>(list: impl Fn(&PageRequest) -> Page<T>) -> Vec<T> {
//!     let mut request = PageRequest::first(PageLimit::MAX);
//!     let mut all = Vec::new();
//!     loop {
//!         let page = list(&request);
//!         all.extend(page.items);
//!         match page.next {
//!             Some(cursor) => request.after = Some(cursor),
//!             None => return all,
//!         }
//!     }
//! }
//!
//! let two_pages = |request: &PageRequest| match &request.after {
//!     None => Page { items: vec!["ada", "bob"], next: Some(Cursor("bob".to_owned())) },
//!     Some(_) => Page { items: vec!["eve"], next: None },
//! };
//! assert_eq!(all(two_pages), ["ada", "bob", "eve"]);
//! assert_eq!(PageLimit::new(0), None);
//! ```

/// What part of a listing is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// Goes on after the page that gave this cursor; from the start without one.
    pub after: Option<Cursor>,
    /// How many items at most.
    pub limit: PageLimit,
}

impl PageRequest {
    /// The first page.
    pub fn first(limit: PageLimit) -> Self {
        Self { after: None, limit }
    }
}

/// A page and where the next one begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// In the listing's order.
    pub items: Vec<T>,
    /// There is more after these.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// The same page of something else.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(f).collect(),
            next: self.next,
        }
    }
}

/// A place in a listing; only who made it can read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(pub String);

/// How many items a page may have, 1 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageLimit(u16);

impl PageLimit {
    /// The largest page.
    pub const MAX: Self = Self(100);

    /// `None` outside of 1 to 100.
    pub fn new(limit: u16) -> Option<Self> {
        (1..=Self::MAX.0).contains(&limit).then_some(Self(limit))
    }

    /// As a number of items.
    pub fn get(self) -> usize {
        usize::from(self.0)
    }
}

impl Default for PageLimit {
    fn default() -> Self {
        Self(25)
    }
}

/// The cursor was not made by this listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the cursor does not belong to this listing; begin again without one")]
pub struct UnknownCursor;
