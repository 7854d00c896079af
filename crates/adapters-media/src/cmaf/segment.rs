//! What a rendition's window is made of.

use bytes::Bytes;

/// A partial segment: one movie fragment.
#[derive(Debug, Clone)]
pub struct Part {
    /// `moof` and `mdat`.
    pub data: Bytes,
    /// In ticks of the segment's timescale.
    pub duration: u64,
    /// How many samples it holds.
    pub samples: usize,
    /// Whether decoding can begin here.
    pub independent: bool,
}

/// A stretch with one anchor and one init segment per rendition: a DASH Period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The number of its first segment.
    pub id: u64,
    /// Milliseconds since the Unix epoch.
    pub start: i64,
}

/// A media segment, open (growing by parts) or closed.
#[derive(Debug, Clone)]
pub struct Segment {
    /// Media sequence number; the same in every rendition for the same stretch of time.
    pub number: u64,
    /// Whether `EXT-X-DISCONTINUITY` stands before it.
    pub discontinuity: bool,
    /// The Period it belongs to.
    pub period: Period,
    /// Which init segment its parts need; `None` while it holds nothing.
    pub init: Option<u64>,
    /// Ticks per second of all its times.
    pub timescale: u32,
    /// Decode time of its first sample (ticks since the Unix epoch); the same as its first
    /// presentation time when it starts with a key frame of the usual composition offset.
    pub start: u64,
    /// In ticks: the parts' sum, or the length of the hole when there are none.
    pub duration: u64,
    /// Its bytes, in order.
    pub parts: Vec<Part>,
    /// Parts that can be named in a playlist: all, unless one was longer than the part target.
    pub listable: usize,
    /// No part will be added any more.
    pub closed: bool,
}

impl Segment {
    /// Closed without any media: `EXT-X-GAP`.
    pub fn is_gap(&self) -> bool {
        self.closed && self.parts.is_empty()
    }

    /// Its size.
    pub fn bytes(&self) -> usize {
        self.parts.iter().map(|part| part.data.len()).sum()
    }

    /// The decode time after its last sample, in ticks.
    pub fn end(&self) -> u64 {
        self.start.saturating_add(self.duration)
    }

    /// Its length in seconds.
    pub fn seconds(&self) -> f64 {
        seconds(self.duration, self.timescale)
    }

    /// Its start in milliseconds since the Unix epoch.
    pub fn start_millis(&self) -> i64 {
        super::timeline::to_millis(self.start, self.timescale)
    }
}

/// Ticks as seconds.
#[expect(
    clippy::cast_precision_loss,
    reason = "durations are below 2^52 ticks, and a playlist shows five digits"
)]
pub(crate) fn seconds(ticks: u64, timescale: u32) -> f64 {
    ticks as f64 / f64::from(timescale.max(1))
}
