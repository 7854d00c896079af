//! Pictures into parts.

use super::fragment::Sample;
use super::rendition::Rendition;
use super::timeline::Anchor;
use crate::frame::Frame;
use bytes::Bytes;

/// The picture track of an era.
#[derive(Debug)]
pub(super) struct VideoTrack {
    anchor: Anchor,
    /// The first key frame's composition offset, in milliseconds. Frames are placed by their
    /// decode time plus this, so that a segment begins at its key frame's presentation time. In
    /// the fragments it is taken off again: composition offsets that stay positive are the only
    /// ones that every player shows at the same time as the sound (libavformat adds the largest
    /// negative one to all).
    reorder: i64,
    timescale: u32,
    /// The newest frame, whose duration only the next one tells.
    pending: Option<Pending>,
    samples: Vec<Sample>,
    part_start: u64,
    part_ticks: u64,
    interval: u64,
    pub(super) group_start: u64,
    pub(super) longest_group: u64,
    /// Payload gathered since the last part.
    pub(super) gathered: usize,
}

/// No encoder reorders pictures by more, in milliseconds.
const MAX_REORDER: i32 = 5_000;

/// How much later than its decode time the first key frame of an era is shown, in milliseconds.
pub(super) fn reorder(first: &Frame) -> i64 {
    first.cts.clamp(0, MAX_REORDER).into()
}

#[derive(Debug)]
struct Pending {
    at: u64,
    composition: i32,
    sync: bool,
    data: Bytes,
}

impl VideoTrack {
    /// A track that starts with this key frame; `interval` is a frame's duration in ticks, or 0
    /// when it is not known yet.
    pub(super) fn new(anchor: Anchor, first: &Frame, timescale: u32, interval: u64) -> Self {
        let group_start = anchor.ticks(anchor.media, timescale);
        Self {
            anchor,
            reorder: reorder(first),
            timescale,
            pending: None,
            samples: Vec::new(),
            part_start: group_start,
            part_ticks: 0,
            interval,
            group_start,
            longest_group: 0,
            gathered: 0,
        }
    }

    /// The decode time of a frame: its own, but always later than the last one.
    pub(super) fn place(&self, frame: &Frame) -> u64 {
        let at = self
            .anchor
            .ticks(frame.dts.saturating_add(self.reorder), self.timescale);
        self.pending.as_ref().map_or(at, |last| at.max(last.at + 1))
    }

    /// Whether a frame at `at` comes so late that frames before it are missing.
    pub(super) fn is_late(&self, at: u64) -> bool {
        let usual = (3 * self.interval).max(u64::from(self.timescale) / 2);
        self.pending
            .as_ref()
            .is_some_and(|last| at.saturating_sub(last.at) > usual)
    }

    /// Forgets what is not in a part yet.
    pub(super) fn discard(&mut self) {
        self.pending = None;
        self.samples.clear();
        self.part_ticks = 0;
    }

    /// Ends the frame before `at`; says whether that completed a part.
    pub(super) fn advance(&mut self, at: u64, rendition: &mut Rendition) -> bool {
        let Some(pending) = self.pending.take() else {
            return false;
        };
        let duration = at.saturating_sub(pending.at).max(1);
        if self.interval == 0 {
            self.interval = duration;
        }
        let limit = rendition.part_limit(self.interval);
        // A frame that lasts longer than was foreseen must not lengthen the part it would end.
        let mut flushed = self.part_ticks + duration > limit && self.flush(rendition);
        self.gather(pending, duration);
        if self.part_ticks + self.interval > limit {
            flushed |= self.flush(rendition);
        }
        self.interval = duration.min(limit);
        flushed
    }

    /// Keeps a frame until the next one tells how long it lasts.
    pub(super) fn keep(&mut self, at: u64, frame: Frame) {
        let millis = i64::from(frame.cts.clamp(-MAX_REORDER, MAX_REORDER));
        let composition = millis * i64::from(self.timescale) / 1000;
        self.gathered += frame.data.len();
        self.pending = Some(Pending {
            at,
            composition: i32::try_from(composition).unwrap_or(0),
            sync: frame.keyframe,
            data: frame.data,
        });
    }

    /// Makes a part of what was gathered, if anything was.
    pub(super) fn flush(&mut self, rendition: &mut Rendition) -> bool {
        if self.samples.is_empty() {
            return false;
        }
        let reorder = super::timeline::to_ticks(self.reorder, self.timescale);
        rendition.push(self.part_start, reorder, self.part_ticks, &self.samples);
        self.samples.clear();
        self.part_ticks = 0;
        self.gathered = self
            .pending
            .as_ref()
            .map_or(0, |pending| pending.data.len());
        true
    }

    /// Ends the track: the last frame lasts as long as the one before, if its segment does not
    /// grow beyond `limit` ticks. Answers the track's end.
    pub(super) fn finish(&mut self, rendition: &mut Rendition, limit: u64) -> u64 {
        if let Some(at) = self.pending.as_ref().map(|pending| pending.at) {
            let usual = if self.interval == 0 {
                u64::from(self.timescale) / 30
            } else {
                self.interval
            };
            let start = rendition.open_segment().map_or(at, |open| open.start);
            self.advance((at + usual).min(start.saturating_add(limit)), rendition);
        }
        self.flush(rendition);
        rendition
            .segments
            .back()
            .map_or(self.part_start, super::Segment::end)
    }

    fn gather(&mut self, pending: Pending, duration: u64) {
        if self.samples.is_empty() {
            self.part_start = pending.at;
        }
        self.part_ticks += duration;
        self.samples.push(Sample {
            duration: u32::try_from(duration).unwrap_or(u32::MAX),
            composition: pending.composition,
            sync: pending.sync,
            data: pending.data,
        });
    }
}
