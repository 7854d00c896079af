//! The stream key, which must not be seen anywhere.

use std::fmt;

/// The longest name a publisher may give, in bytes, its query included.
pub(super) const MAX_KEY: usize = 512;

/// What an encoder was told to publish with: a secret. It has no `Display`, and
/// its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct StreamKey {
    text: String,
    /// Where the query string's `?` is, or the end.
    end: usize,
}

impl StreamKey {
    /// Takes `key` or `key?name=value`; `None` when it is empty, too long, or
    /// holds control characters.
    pub fn new(text: &str) -> Option<Self> {
        let end = text.find('?').unwrap_or(text.len());
        let usable = end > 0 && text.len() <= MAX_KEY && !text.chars().any(char::is_control);
        usable.then(|| Self {
            text: text.to_owned(),
            end,
        })
    }

    /// The key itself, without a query string. Not to be logged.
    pub fn expose(&self) -> &str {
        &self.text[..self.end]
    }

    /// The query string behind the key, without its `?`. It may hold secrets
    /// too.
    pub fn expose_query(&self) -> Option<&str> {
        self.text.get(self.end + 1..)
    }
}

impl fmt::Debug for StreamKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StreamKey(hidden)")
    }
}
