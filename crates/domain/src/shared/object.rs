//! Bytes kept beside the store: pictures today.

use async_trait::async_trait;
use bytes::Bytes;

/// Keeps whole objects by their keys.
///
/// Promises: once [`put`](Self::put) has answered, the object is durable (over a loss of
/// power); who reads sees all of an object or none of it, never a part, also while it is
/// written and after a crash; a key that is put again holds the last one; what is deleted
/// reads as `None`. No key reaches anything but its own object.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Objects: Send + Sync {
    /// Keeps an object.
    async fn put(&self, key: &ObjectKey, bytes: Bytes) -> Result<(), ObjectsError>;

    /// The object, if there is one.
    async fn get(&self, key: &ObjectKey) -> Result<Option<Bytes>, ObjectsError>;

    /// Deletes it. Nothing happens when there is none.
    async fn delete(&self, key: &ObjectKey) -> Result<(), ObjectsError>;
}

/// What an object is kept under: 1 to 4 parts with slashes between them, each of
/// `a-z 0-9 - _ .` and none beginning with a dot; 200 bytes in all. So it can be a path below
/// a folder, or a key of an object store, as it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey(String);

impl ObjectKey {
    /// The longest, in bytes.
    pub const MAX_LEN: usize = 200;
    /// The most parts.
    pub const MAX_PARTS: usize = 4;

    /// Takes a key; `None` when it cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let is_part = |part: &str| {
            !part.is_empty()
                && !part.starts_with('.')
                && part.bytes().all(|byte| {
                    byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte)
                })
        };
        let fits = text.len() <= Self::MAX_LEN
            && text.split('/').count() <= Self::MAX_PARTS
            && text.split('/').all(is_part);
        fits.then(|| Self(text.to_owned()))
    }

    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A key that is known to fit: of this module's siblings.
    pub(super) fn known(text: String) -> Self {
        debug_assert!(Self::parse(&text).is_some(), "{text}");
        Self(text)
    }
}

/// Objects could not be reached. Nothing is known of what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ObjectsError {
    /// There is no space left; nothing was kept.
    #[error("there is no space left to keep it")]
    Full,
    /// They cannot be reached now; later they may.
    #[error("the objects cannot be reached")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_leads_out_of_its_folder() {
        for key in ["a", "pictures/0a-b_c.jpg", "a/b/c/d"] {
            assert_eq!(ObjectKey::parse(key).expect("a key").as_str(), key);
        }
        let long = "a".repeat(ObjectKey::MAX_LEN + 1);
        for text in [
            "",
            "/",
            "/a",
            "a/",
            "a//b",
            ".",
            "..",
            "../a",
            "a/../b",
            "a/.b",
            "A",
            "a\\b",
            "a b",
            "a\0",
            "a:b",
            "ä",
            "a/b/c/d/e",
            &long,
        ] {
            assert_eq!(ObjectKey::parse(text), None, "{text:?}");
        }
    }
}
