//! How values are written: one schema byte, then `MessagePack` with named fields.
//!
//! Names make a value outlive its struct: a field that is new has a default, one that is gone
//! is skipped, and variants are known by name. What a name cannot carry raises the schema
//! byte. Aggregates go through records of this crate and come back through the domain's own
//! checks; an impossible one is [`StoreError::Corrupt`].

use std::error::Error;

use greenroom_domain::shared::store::{StoreError, Stored, Version};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sled::IVec;

use crate::keyspace::Key;

/// The schema of every value today.
const SCHEMA: u8 = 1;

/// The largest value that is taken: sled makes a file of its own, never synced, of what is
/// over a quarter of a segment (128 KiB).
const MAX_VALUE: usize = 96 * 1024;

pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// Something that is one value and may have index keys.
pub(crate) trait Kept: Sized {
    /// What it is called in an error.
    const WHAT: &'static str;
    /// As it is written.
    type Record: Serialize + DeserializeOwned;

    /// Where it is.
    fn key(&self) -> Key;

    /// The index keys that lead to it.
    fn indexes(&self) -> Vec<Key> {
        Vec::new()
    }

    /// For writing.
    fn record(&self) -> Self::Record;

    /// Checks what was read.
    fn parse(record: Self::Record) -> Result<Self, BoxError>;
}

/// Writes an aggregate and the version that it has from now on.
pub(crate) fn encode_stored<T: Kept>(value: &T, version: Version) -> Result<IVec, StoreError> {
    let bytes = write(T::WHAT, &version.0.to_be_bytes(), &value.record())?;
    bounded(T::WHAT, bytes)
}

/// Reads what [`encode_stored`] wrote.
pub(crate) fn decode_stored<T: Kept>(bytes: &[u8]) -> Result<Stored<T>, StoreError> {
    let version = stored_version(T::WHAT, bytes)?;
    let value = parse(&bytes[9..])?; // The version was there, behind the schema.
    Ok(Stored { value, version })
}

/// The version alone.
pub(crate) fn stored_version(what: &'static str, bytes: &[u8]) -> Result<Version, StoreError> {
    match schema_checked(what, bytes)?.first_chunk() {
        Some(version) => Ok(Version(u64::from_be_bytes(*version))),
        None => Err(corrupt(what, Unreadable::Short)),
    }
}

/// Writes something that has no version.
pub(crate) fn encode<T: Kept>(value: &T) -> Result<IVec, StoreError> {
    encode_record(T::WHAT, &value.record())
}

/// Reads what [`encode`] wrote.
pub(crate) fn decode<T: Kept>(bytes: &[u8]) -> Result<T, StoreError> {
    parse(schema_checked(T::WHAT, bytes)?)
}

/// Writes a record that is no [`Kept`].
pub(crate) fn encode_record(
    what: &'static str,
    record: &impl Serialize,
) -> Result<IVec, StoreError> {
    bounded(what, write(what, &[], record)?)
}

/// The same, for one that the caller cuts into pieces because it may be large.
pub(crate) fn encode_large(
    what: &'static str,
    record: &impl Serialize,
) -> Result<Vec<u8>, StoreError> {
    write(what, &[], record)
}

/// Reads what [`encode_record`] wrote.
pub(crate) fn decode_record<R: DeserializeOwned>(
    what: &'static str,
    bytes: &[u8],
) -> Result<R, StoreError> {
    rmp_serde::from_slice(schema_checked(what, bytes)?).map_err(|e| corrupt(what, e))
}

/// A record that makes no sense.
pub(crate) fn corrupt(what: &'static str, source: impl Into<BoxError>) -> StoreError {
    StoreError::Corrupt {
        what,
        source: source.into(),
    }
}

/// A number that stands alone.
pub(crate) fn decode_u64(what: &'static str, bytes: &[u8]) -> Result<u64, StoreError> {
    match bytes.try_into() {
        Ok(bytes) => Ok(u64::from_be_bytes(bytes)),
        Err(_) => Err(corrupt(what, Unreadable::Short)),
    }
}

/// What is wrong with a value before it is even parsed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("it is too short")]
    Short,
    #[error("it has schema {0}, which this version does not know")]
    Schema(u8),
    #[error("it has {0} bytes, more than the store takes")]
    TooLarge(usize),
    #[error("it has a key of another shape")]
    Key,
    #[error("it holds a value that cannot be")]
    Impossible,
}

fn write(what: &'static str, head: &[u8], record: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::with_capacity(256);
    bytes.push(SCHEMA);
    bytes.extend_from_slice(head);
    rmp_serde::encode::write_named(&mut bytes, record).map_err(|e| corrupt(what, e))?;
    Ok(bytes)
}

fn bounded(what: &'static str, bytes: Vec<u8>) -> Result<IVec, StoreError> {
    if bytes.len() > MAX_VALUE {
        return Err(corrupt(what, Unreadable::TooLarge(bytes.len())));
    }
    Ok(IVec::from(bytes))
}

fn schema_checked<'a>(what: &'static str, bytes: &'a [u8]) -> Result<&'a [u8], StoreError> {
    match bytes.split_first() {
        Some((&SCHEMA, rest)) => Ok(rest),
        Some((&other, _)) => Err(corrupt(what, Unreadable::Schema(other))),
        None => Err(corrupt(what, Unreadable::Short)),
    }
}

fn parse<T: Kept>(bytes: &[u8]) -> Result<T, StoreError> {
    let record = rmp_serde::from_slice(bytes).map_err(|e| corrupt(T::WHAT, e))?;
    T::parse(record).map_err(|e| corrupt(T::WHAT, e))
}
