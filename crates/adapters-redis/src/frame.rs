//! What goes over the bus: a schema byte, who sent it, its number, and the signal.

use greenroom_domain::shared::bus::Signal;
use uuid::Uuid;

/// The schema of today. Nodes of neighbouring versions run side by side while an update goes
/// through: names carry most changes, and a schema that is not known is skipped.
const SCHEMA: u8 = 1;
const HEADER: usize = 1 + 16 + 8;

/// The largest, in bytes: the longest message fits many times.
pub(crate) const MOST: usize = 256 * 1024;

/// A signal on its way.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Frame {
    /// The sending process.
    pub(crate) origin: Uuid,
    /// Grows with each that it sends.
    pub(crate) number: u64,
    pub(crate) signal: Signal,
}

impl Frame {
    /// `None` when it is larger than it may be.
    pub(crate) fn encode(&self) -> Option<Vec<u8>> {
        let mut bytes = vec![SCHEMA];
        bytes.extend(self.origin.as_bytes());
        bytes.extend(self.number.to_be_bytes());
        rmp_serde::encode::write_named(&mut bytes, &self.signal).ok()?;
        (bytes.len() <= MOST).then_some(bytes)
    }

    /// `None` when it is none of ours.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (header, signal) = bytes.split_at_checked(HEADER)?;
        let (schema, header) = header.split_first()?;
        let (origin, number) = header.split_first_chunk()?;
        if *schema != SCHEMA || bytes.len() > MOST {
            return None;
        }
        Some(Self {
            origin: Uuid::from_bytes(*origin),
            number: u64::from_be_bytes(number.try_into().ok()?),
            signal: rmp_serde::from_slice(signal).ok()?,
        })
    }
}
