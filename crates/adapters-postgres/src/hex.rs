//! Bytes as PostgreSQL reads them from text.

use std::fmt::Write;

use serde::{Serialize, Serializer};

pub(crate) fn bytes<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    text(bytes).serialize(serializer)
}

#[expect(clippy::ref_option, reason = "serde hands over what the field is")]
pub(crate) fn option<S: Serializer>(
    bytes: &Option<Vec<u8>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    bytes.as_deref().map(text).serialize(serializer)
}

fn text(bytes: &[u8]) -> String {
    bytes.iter().fold("\\x".to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // Writing to a String cannot fail.
        text
    })
}
