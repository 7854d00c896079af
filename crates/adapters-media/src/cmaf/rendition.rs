//! A rendition's window: the segments that can be fetched now.

use super::InitError;
use super::fragment::{Sample, fragment};
use super::init::init_segment;
use super::segment::{Part, Period, Segment};
use crate::codec::CodecConfig;
use bytes::Bytes;
use std::collections::VecDeque;

/// Where a segment begins, decided once by the leading track and followed by every rendition.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opening {
    pub(super) number: u64,
    pub(super) discontinuity: bool,
    pub(super) period: Period,
}

/// The newest segment and part of a rendition, as a blocking reload asks for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Media sequence number of the newest segment, open or closed.
    pub number: u64,
    /// Parts of it that a playlist names.
    pub parts: usize,
    /// Whether it is complete.
    pub closed: bool,
}

/// One track's segments, init segments and rendered playlist.
#[derive(Debug)]
pub struct Rendition {
    pub(super) config: CodecConfig,
    pub(super) inits: VecDeque<Init>,
    pub(super) segments: VecDeque<Segment>,
    /// Discontinuities that have left the window.
    pub(super) discontinuity_sequence: u64,
    /// In milliseconds; fixed once it is known.
    pub(super) part_target: Option<u32>,
    pub(super) playlist: Bytes,
    fragments: u32,
}

#[derive(Debug)]
pub(super) struct Init {
    version: u64,
    config: CodecConfig,
    data: Bytes,
}

/// What a part aims at, in milliseconds.
const PART: u64 = 250;
/// The longest part target: beyond it a picture that stands still is not named as a part.
const LONGEST_PART: u64 = 1_000;

impl Rendition {
    pub(super) fn new(
        config: CodecConfig,
        version: u64,
        discontinuity_sequence: u64,
    ) -> Result<Self, InitError> {
        let data = init_segment(&config)?;
        Ok(Self {
            config: config.clone(),
            inits: VecDeque::from([Init {
                version,
                config,
                data,
            }]),
            segments: VecDeque::new(),
            discontinuity_sequence,
            part_target: None,
            playlist: Bytes::new(),
            fragments: 0,
        })
    }

    /// The codec configuration of the newest segment.
    pub fn config(&self) -> &CodecConfig {
        &self.config
    }

    /// The window, oldest first.
    pub fn segments(&self) -> impl DoubleEndedIterator<Item = &Segment> + ExactSizeIterator {
        self.segments.iter()
    }

    /// How many discontinuities have left the window (`EXT-X-DISCONTINUITY-SEQUENCE`), for the
    /// playlist that starts at segment `first`.
    pub(crate) fn discontinuity_sequence(&self, first: u64) -> u64 {
        let hidden = self
            .segments
            .iter()
            .take_while(|segment| segment.number < first);
        let hidden = hidden.filter(|segment| segment.discontinuity).count();
        self.discontinuity_sequence.saturating_add(hidden as u64)
    }

    /// The part target in milliseconds, once the frame rate is known.
    pub fn part_target(&self) -> Option<u32> {
        self.part_target
    }

    /// The segment with this media sequence number.
    pub fn segment(&self, number: u64) -> Option<&Segment> {
        let first = self.segments.front()?.number;
        self.segments
            .get(usize::try_from(number.checked_sub(first)?).ok()?)
    }

    /// The segment whose first decode time is `start` ticks.
    pub fn segment_at(&self, start: u64) -> Option<&Segment> {
        self.segments
            .iter()
            .find(|segment| segment.start == start && !segment.parts.is_empty())
    }

    /// The init segment of this version.
    pub fn init(&self, version: u64) -> Option<&Bytes> {
        self.inits
            .iter()
            .find(|init| init.version == version)
            .map(|init| &init.data)
    }

    /// The configuration that an init segment of this version holds.
    pub(crate) fn config_of(&self, version: u64) -> &CodecConfig {
        self.inits
            .iter()
            .find(|init| init.version == version)
            .map_or(&self.config, |init| &init.config)
    }

    /// The newest segment and part, `None` before there is one.
    pub fn position(&self) -> Option<Position> {
        self.segments.back().map(|segment| Position {
            number: segment.number,
            parts: segment.listable,
            closed: segment.closed,
        })
    }

    /// Samples per second of the newest whole segment.
    #[expect(clippy::cast_precision_loss, reason = "a segment holds few samples")]
    pub fn frame_rate(&self) -> Option<f64> {
        let whole = self
            .segments
            .iter()
            .rev()
            .find(|segment| segment.closed && !segment.is_gap())?;
        let samples: usize = whole.parts.iter().map(|part| part.samples).sum();
        Some(samples as f64 / whole.seconds())
    }

    /// Bytes held by the window.
    pub fn bytes(&self) -> usize {
        self.segments.iter().map(Segment::bytes).sum()
    }

    /// Where the window ends, in milliseconds since the Unix epoch.
    pub(super) fn end_millis(&self) -> Option<i64> {
        let last = self.segments.back()?;
        Some(super::timeline::to_millis(last.end(), last.timescale))
    }

    /// The discontinuity sequence number of the newest segment.
    pub(super) fn discontinuities(&self) -> u64 {
        self.discontinuity_sequence(u64::MAX)
    }

    pub(super) fn open_segment(&self) -> Option<&Segment> {
        self.segments.back().filter(|segment| !segment.closed)
    }

    /// A new configuration, from the next segment on.
    pub(super) fn reconfigure(
        &mut self,
        config: CodecConfig,
        version: u64,
    ) -> Result<(), InitError> {
        let data = init_segment(&config)?;
        self.inits.push_back(Init {
            version,
            config: config.clone(),
            data,
        });
        self.config = config;
        Ok(())
    }

    pub(super) fn open(&mut self, opening: Opening, start: u64) {
        self.segments.push_back(Segment {
            number: opening.number,
            discontinuity: opening.discontinuity,
            period: opening.period,
            init: None,
            timescale: self.config.timescale(),
            start,
            duration: 0,
            parts: Vec::new(),
            listable: 0,
            closed: false,
        });
    }

    /// Adds the part of these samples to the open segment. Their decode times are `reorder` ticks
    /// before `start`, which is on the presentation timeline.
    pub(super) fn push(&mut self, start: u64, reorder: u64, duration: u64, samples: &[Sample]) {
        let Some(segment) = self.segments.back_mut().filter(|segment| !segment.closed) else {
            return;
        };
        let Some(first) = samples.first() else { return };
        self.fragments = self.fragments.wrapping_add(1);
        if segment.parts.is_empty() {
            segment.start = start;
            segment.init = self.inits.back().map(|init| init.version);
        }
        let target = self.part_target.map_or(u64::MAX, u64::from);
        let fits = duration.saturating_mul(1000) <= target.saturating_mul(segment.timescale.into());
        if fits && segment.listable == segment.parts.len() {
            segment.listable += 1;
        }
        segment.duration = start.saturating_add(duration).saturating_sub(segment.start);
        segment.parts.push(Part {
            data: fragment(self.fragments, start.saturating_sub(reorder), samples),
            duration,
            samples: samples.len(),
            independent: first.sync,
        });
    }

    /// Closes the open segment; one that holds nothing becomes a gap that lasts until `end`.
    pub(super) fn close(&mut self, end: u64) {
        if let Some(segment) = self.segments.back_mut().filter(|segment| !segment.closed) {
            segment.closed = true;
            if segment.parts.is_empty() {
                segment.duration = end.saturating_sub(segment.start).max(1);
            }
        }
    }

    /// The longest part, in ticks, for frames that last `interval` ticks.
    pub(super) fn part_limit(&mut self, interval: u64) -> u64 {
        let timescale = u64::from(self.config.timescale().max(1));
        let target = *self.part_target.get_or_insert_with(|| {
            let interval = interval.max(1);
            let nominal = PART * timescale / 1000;
            let frames = ((nominal + interval / 2) / interval).max(1);
            // The interval is known to a millisecond: leave that much for every frame.
            let millis = frames * interval * 1000 / timescale + frames + 1;
            u32::try_from(millis.min(LONGEST_PART)).unwrap_or(u32::MAX)
        });
        u64::from(target) * timescale / 1000
    }

    /// Forgets the segments before `first`, and init segments that nothing needs any more.
    pub(super) fn trim(&mut self, first: u64) {
        while let Some(segment) = self
            .segments
            .pop_front_if(|segment| segment.number < first && segment.closed)
        {
            self.discontinuity_sequence += u64::from(segment.discontinuity);
        }
        let needed = self.segments.iter().find_map(|segment| segment.init);
        while self.inits.len() > 1
            && self
                .inits
                .front()
                .is_some_and(|init| Some(init.version) < needed)
        {
            self.inits.pop_front();
        }
    }
}
