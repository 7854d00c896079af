//! Sound cut into segments.

use super::era::fill;
use super::{Changed, LONGEST_GROUP, PICTURES_MISSING, Packager, PackagerError, SHORTEST_TARGET};
use crate::cmaf::Segment;
use crate::cmaf::rendition::Opening;
use crate::frame::Frame;

impl Packager {
    pub(super) fn audio_frame(&mut self, frame: Frame, now: i64) -> Result<Changed, PackagerError> {
        let mut changed = Changed::default();
        if self.announced.audio.is_none() {
            return Ok(changed);
        }
        let pictures = self.announced.video.is_some();
        match &mut self.era {
            Some(era) if era.video.is_some() => {
                // Sound that was not there when the era began: the next key frame begins another.
                era.stale |= era.audio.is_none();
                if self.jumps.ahead_of_video(frame.dts) > PICTURES_MISSING {
                    changed = self.end_era();
                }
            }
            Some(era) if era.stale => changed = self.end_era(),
            _ => {}
        }
        if self.era.is_none() {
            let since = *self.waiting.get_or_insert(frame.dts);
            let patient = pictures && frame.dts.saturating_sub(since) < PICTURES_MISSING;
            if patient || !self.numbers_left(now) {
                return Ok(changed);
            }
            self.begin_era(&frame, now)?;
        }
        let limit = self.audio_limit();
        let (Some(era), Some(rendition)) = (&mut self.era, &mut self.audio) else {
            return Ok(changed);
        };
        let Some(track) = &mut era.audio else {
            return Ok(changed);
        };
        if rendition.open_segment().map_or(0, Segment::bytes) + frame.data.len()
            > self.limits.segment_bytes
        {
            self.abandon();
            return Err(PackagerError::BitrateTooHigh);
        }
        if era.video.is_none() {
            let reach = track.reach(rendition);
            let end = reach.max(era.anchor.ticks(frame.dts, rendition.config.timescale()));
            let start = rendition.open_segment().map_or(end, |open| open.start);
            let target = u64::from(SHORTEST_TARGET) * u64::from(rendition.config.timescale());
            let full = end.saturating_sub(start) + track.samples_of(&frame) > target;
            // A segment without any sound yet begins later instead.
            if full && reach > start {
                let opening = Opening {
                    number: self.next,
                    discontinuity: false,
                    period: era.period,
                };
                self.next += 1;
                track.cut_here(opening, rendition);
                track.push(frame, rendition, limit);
                fill(&mut self.video, rendition);
                self.publish();
                self.trim();
                return Ok(Changed {
                    video: self.video.is_some(),
                    audio: true,
                });
            }
        }
        changed.audio |= track.push(frame, rendition, limit);
        if self.target.is_none() && era.video.is_some() {
            self.publish();
        }
        Ok(changed)
    }

    pub(super) fn audio_limit(&self) -> u64 {
        let timescale = self
            .audio
            .as_ref()
            .map_or(1, |rendition| rendition.config.timescale());
        longest_sound(self.target.unwrap_or(LONGEST_GROUP), timescale)
    }
}

/// The longest segment of sound, in ticks: its duration still rounds to the target.
fn longest_sound(target: u32, timescale: u32) -> u64 {
    u64::from(target) * u64::from(timescale) + u64::from(timescale) * 49 / 100
}
