//! Sound into parts, cut where the pictures were cut.

use super::fragment::Sample;
use super::rendition::{Opening, Rendition};
use super::timeline::{Anchor, AudioClock};
use crate::codec::{Codec, CodecConfig, MediaParams};
use crate::frame::Frame;
use std::collections::VecDeque;

/// The sound track of an era.
#[derive(Debug)]
pub(super) struct AudioTrack {
    anchor: Anchor,
    clock: AudioClock,
    timescale: u32,
    opus: bool,
    samples_per_frame: u64,
    samples: Vec<Sample>,
    part_start: u64,
    part_ticks: u64,
    /// Where the next segments begin. Sound that comes late still goes where it belongs.
    boundaries: VecDeque<(u64, Opening)>,
    /// Sound that is too far ahead of the pictures.
    held: VecDeque<Frame>,
    /// Whether any sound came in this era.
    pub(super) heard: bool,
}

/// A segment's sound is given up when this many later segments have begun.
const PATIENCE: usize = 2;
/// Frames of sound that wait for pictures: 20 s and more.
const HELD: usize = 1024;

impl AudioTrack {
    pub(super) fn new(anchor: Anchor, config: &CodecConfig) -> Self {
        let samples_per_frame = match config.media {
            MediaParams::Audio {
                samples_per_frame, ..
            } => u64::from(samples_per_frame.max(1)),
            MediaParams::Video { .. } => 1024,
        };
        Self {
            anchor,
            clock: AudioClock::new(config.timescale()),
            timescale: config.timescale(),
            opus: config.codec == Codec::Opus,
            samples_per_frame,
            samples: Vec::new(),
            part_start: 0,
            part_ticks: 0,
            boundaries: VecDeque::new(),
            held: VecDeque::new(),
            heard: false,
        }
    }

    /// A segment begins at `start`. Answers whether the rendition changed.
    pub(super) fn cut(
        &mut self,
        start: u64,
        opening: Opening,
        rendition: &mut Rendition,
        limit: u64,
    ) -> bool {
        self.boundaries.push_back((start, opening));
        let mut changed = false;
        while self.boundaries.len() > PATIENCE {
            changed |= self.cross(rendition);
        }
        for frame in std::mem::take(&mut self.held) {
            changed |= self.push(frame, rendition, limit);
        }
        changed
    }

    /// A segment begins here, where the sound itself leads.
    pub(super) fn cut_here(&mut self, opening: Opening, rendition: &mut Rendition) {
        self.boundaries.push_back((self.reach(rendition), opening));
        self.cross(rendition);
    }

    /// Takes a frame; no segment grows beyond `limit` ticks. Answers whether the rendition changed.
    pub(super) fn push(&mut self, frame: Frame, rendition: &mut Rendition, limit: u64) -> bool {
        let ticks = self.anchor.ticks(frame.dts, self.timescale);
        let mut changed = false;
        while self
            .boundaries
            .front()
            .is_some_and(|(start, _)| *start <= ticks)
        {
            changed |= self.cross(rendition);
        }
        // Sound from before the first key frame.
        let Some(open) = rendition.open_segment() else {
            return changed;
        };
        let step = self.samples_of(&frame);
        let reached = (self.part_start + self.part_ticks)
            .max(open.end())
            .max(ticks);
        // A segment begins with its first sound.
        let empty = open.parts.is_empty() && self.samples.is_empty();
        let start = if empty { reached } else { open.start };
        let full = reached.saturating_sub(start) + step > limit;
        if (full || !self.held.is_empty()) && self.boundaries.is_empty() {
            if self.held.len() < HELD {
                self.held.push_back(frame);
            }
            return changed;
        }
        let earliest = if empty { open.start } else { 0 };
        let Some(at) = self.clock.place(ticks, step, earliest) else {
            return changed;
        };
        self.heard = true;
        let part_limit = rendition.part_limit(step);
        if at != self.part_start + self.part_ticks {
            changed |= self.flush(rendition);
        }
        if self.samples.is_empty() {
            self.part_start = at;
        }
        self.part_ticks += step;
        self.samples.push(Sample {
            duration: u32::try_from(step).unwrap_or(u32::MAX),
            composition: 0,
            sync: true,
            data: frame.data,
        });
        if self.part_ticks + step > part_limit {
            changed |= self.flush(rendition);
        }
        changed
    }

    /// How many samples a frame holds.
    pub(super) fn samples_of(&self, frame: &Frame) -> u64 {
        let told = if self.opus {
            opus_samples(&frame.data)
        } else {
            None
        };
        told.unwrap_or(self.samples_per_frame)
    }

    /// How far the open segment reaches, in ticks since the epoch.
    pub(super) fn reach(&self, rendition: &Rendition) -> u64 {
        let parts = rendition.open_segment().map_or(0, super::Segment::end);
        if self.samples.is_empty() {
            parts
        } else {
            self.part_start + self.part_ticks
        }
    }

    /// Ends the track at `end`, with a segment for every boundary.
    pub(super) fn finish(&mut self, end: u64, rendition: &mut Rendition) {
        self.held.clear();
        while !self.boundaries.is_empty() {
            self.cross(rendition);
        }
        self.flush(rendition);
        rendition.close(end);
    }

    /// Goes over the next boundary: the open segment ends there.
    fn cross(&mut self, rendition: &mut Rendition) -> bool {
        self.flush(rendition);
        let Some((start, opening)) = self.boundaries.pop_front() else {
            return false;
        };
        rendition.close(start);
        // Never before the end of the segment before, which may reach over the boundary.
        let start = rendition.segments.back().map_or(start, |segment| {
            if segment.timescale == self.timescale {
                start.max(segment.end())
            } else {
                start
            }
        });
        rendition.open(opening, start);
        true
    }

    fn flush(&mut self, rendition: &mut Rendition) -> bool {
        if self.samples.is_empty() {
            return false;
        }
        rendition.push(self.part_start, 0, self.part_ticks, &self.samples);
        self.samples.clear();
        // `part_start + part_ticks` stays the end of what was gathered.
        self.part_start += self.part_ticks;
        self.part_ticks = 0;
        true
    }
}

/// The samples at 48 kHz of an Opus packet (RFC 6716 §3.1), `None` for a packet no encoder makes.
fn opus_samples(packet: &[u8]) -> Option<u64> {
    let toc = *packet.first()?;
    let frame = match toc >> 3 {
        config @ 0..12 => [480, 960, 1920, 2880][usize::from(config & 3)],
        config @ 12..16 => [480, 960][usize::from(config & 1)],
        config => [120, 240, 480, 960][usize::from(config & 3)],
    };
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u64::from(*packet.get(1)? & 0x3f),
    };
    // At most 120 ms.
    Some(frame * frames).filter(|samples| (1..=5760).contains(samples))
}

#[cfg(test)]
mod tests {
    use super::opus_samples;

    #[test]
    fn opus_packets_tell_their_length() {
        assert_eq!(opus_samples(&[0xfc, 1]), Some(960));
        assert_eq!(opus_samples(&[0x78]), Some(960));
        assert_eq!(opus_samples(&[0x01]), Some(960));
        assert_eq!(opus_samples(&[0xff, 0x06]), Some(5760));
        assert_eq!(opus_samples(&[0xff, 0x3f]), None);
        assert_eq!(opus_samples(&[]), None);
    }
}
