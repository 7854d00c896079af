//! Pictures cut into segments.

use super::era::fill;
use super::{Changed, Era, LONGEST_GROUP, Packager, PackagerError, SHORTEST_TARGET, VIDEO};
use crate::cmaf::rendition::Opening;
use crate::cmaf::segment::Period;
use crate::cmaf::timeline::{to_millis, to_ticks};
use crate::frame::Frame;

impl Packager {
    pub(super) fn video_frame(&mut self, frame: Frame, now: i64) -> Result<Changed, PackagerError> {
        let mut changed = Changed::default();
        if self.announced.video.is_none() {
            return Ok(changed);
        }
        let running = self
            .era
            .as_ref()
            .is_some_and(|era| era.video.is_some() && !era.stale);
        if frame.keyframe && !running {
            if !self.numbers_left(now) {
                return Ok(changed);
            }
            changed = self.end_era();
            self.begin_era(&frame, now)?;
            changed.video = true;
        }
        let Some(era) = &mut self.era else {
            return Ok(changed);
        };
        let (Some(track), Some(rendition)) = (&mut era.video, &mut self.video) else {
            return Ok(changed);
        };
        let at = track.place(&frame);
        let (start, bytes) = rendition
            .open_segment()
            .map_or((at, 0), |open| (open.start, open.bytes()));
        if bytes + track.gathered + frame.data.len() > self.limits.segment_bytes {
            self.abandon();
            return Err(PackagerError::BitrateTooHigh);
        }
        let length = at.saturating_sub(start);
        if length > longest_pictures(self.target.unwrap_or(LONGEST_GROUP)) {
            if track.is_late(at) {
                // Not the encoder's groups are too long, but frames are missing.
                let mut changed = changed | self.end_era();
                if frame.keyframe {
                    changed = changed | self.video_frame(frame, now)?;
                }
                return Ok(changed);
            }
            if length > longest_pictures(LONGEST_GROUP) {
                self.abandon();
                return Err(PackagerError::GroupTooLong);
            }
            self.retire();
            changed.audio = true;
        }
        if let (
            Some(Era {
                video: Some(track), ..
            }),
            Some(rendition),
        ) = (&mut self.era, &mut self.video)
        {
            changed.video |= track.advance(at, rendition);
        }
        if frame.keyframe && length > 0 {
            changed = changed | self.key_frame(at, length, now)?;
        }
        if let Some(track) = self.era.as_mut().and_then(|era| era.video.as_mut()) {
            track.keep(at, frame);
        }
        Ok(changed)
    }

    /// A key frame in a running era: a new segment, unless another group still fits in this one.
    fn key_frame(&mut self, at: u64, length: u64, now: i64) -> Result<Changed, PackagerError> {
        let left = self.numbers_left(now);
        let Some(Era {
            video: Some(track),
            reconfigured,
            period,
            ..
        }) = &mut self.era
        else {
            return Ok(Changed::default());
        };
        track.longest_group = track
            .longest_group
            .max(at.saturating_sub(track.group_start));
        track.group_start = at;
        let room = u64::from(self.target.unwrap_or(SHORTEST_TARGET)) * u64::from(VIDEO)
            + u64::from(VIDEO) / 4;
        let full = length + track.longest_group > room;
        // Segments much shorter than a second use up more numbers than a restart skips.
        if !*reconfigured && !(full && (left || length >= u64::from(VIDEO))) {
            return Ok(Changed::default());
        }
        let mut period = *period;
        if *reconfigured {
            *reconfigured = false;
            period = Period {
                id: self.next,
                start: to_millis(at, VIDEO),
            };
            if let Some(rendition) = &mut self.video {
                track.flush(rendition);
                if let Some(config) = self.announced.video.clone() {
                    rendition
                        .reconfigure(config, self.next)
                        .map_err(PackagerError::Config)?;
                }
            }
            if let Some(era) = &mut self.era {
                era.period = period;
            }
        }
        Ok(self.cut_video(at, period))
    }

    fn cut_video(&mut self, at: u64, period: Period) -> Changed {
        let opening = Opening {
            number: self.next,
            discontinuity: false,
            period,
        };
        self.next += 1;
        let limit = self.audio_limit();
        let mut changed = Changed {
            video: true,
            audio: false,
        };
        if let (Some(era), Some(rendition)) = (&mut self.era, &mut self.video) {
            if let Some(track) = &mut era.video {
                track.flush(rendition);
            }
            rendition.close(at);
            if era.audio.is_none() {
                changed.audio |= fill(&mut self.audio, rendition);
            }
            rendition.open(opening, at);
            if let (Some(track), Some(sound)) = (&mut era.audio, &mut self.audio) {
                let start = to_ticks(to_millis(at, VIDEO), sound.config.timescale());
                changed.audio |= track.cut(start, opening, sound, limit);
            }
        }
        self.publish();
        self.trim();
        changed
    }
}

/// The longest segment of pictures, in ticks: it leaves room for its sound, which is cut at the
/// next whole frame.
pub(super) fn longest_pictures(target: u32) -> u64 {
    let spare = if target < LONGEST_GROUP {
        VIDEO * 3 / 10
    } else {
        VIDEO / 20
    };
    u64::from(target) * u64::from(VIDEO) + u64::from(spare)
}
