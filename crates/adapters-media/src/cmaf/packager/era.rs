//! How an era begins and ends.

use super::pictures::longest_pictures;
use super::{Changed, Era, LONGEST_GROUP, Packager, PackagerError, VIDEO};
use crate::cmaf::Segment;
use crate::cmaf::audio::AudioTrack;
use crate::cmaf::rendition::{Opening, Rendition};
use crate::cmaf::segment::Period;
use crate::cmaf::timeline::{Anchor, JumpDetector, to_millis, to_ticks};
use crate::cmaf::video::{VideoTrack, reorder};
use crate::codec::{CodecConfig, MediaParams};
use crate::frame::{Frame, TrackKind};

impl Packager {
    /// Starts an era with its first frame: new anchor, new numbers, a discontinuity everywhere.
    pub(super) fn begin_era(&mut self, first: &Frame, now: i64) -> Result<(), PackagerError> {
        let reorder = reorder(first);
        // Decode times are that much earlier, and go back no more than presentation times do.
        let wall = now.max(self.reached.saturating_add(reorder)).max(0);
        let anchor = Anchor {
            wall,
            media: first.dts.saturating_add(reorder),
        };
        let number = self.next;
        let period = Period {
            id: number,
            start: wall,
        };
        let opening = Opening {
            number,
            discontinuity: true,
            period,
        };
        let leads = first.track == TrackKind::Video;
        let mut era = Era {
            anchor,
            period,
            video: None,
            audio: None,
            stale: false,
            reconfigured: false,
        };
        let last = self
            .video
            .iter()
            .chain(&self.audio)
            .filter_map(Rendition::position)
            .map(|at| at.number)
            .max();
        let known = self
            .video
            .iter()
            .chain(&self.audio)
            .map(Rendition::discontinuities)
            .max();
        let discontinuities = known.unwrap_or(self.discontinuity_sequence);

        if let Some(config) = self.announced.video.clone().filter(|_| leads) {
            let interval = match config.media {
                MediaParams::Video {
                    frame_rate: Some(rate),
                    ..
                } if (1.0..=1000.0).contains(&rate) => frame_ticks(rate),
                _ => 0,
            };
            let rendition = prepare(&mut self.video, config, number, discontinuities, last)?;
            rendition.open(opening, anchor.ticks(anchor.media, VIDEO));
            era.video = Some(VideoTrack::new(anchor, first, VIDEO, interval));
        }
        if let Some(config) = self.announced.audio.clone() {
            let mut track = AudioTrack::new(anchor, &config);
            let start = anchor.ticks(anchor.media, config.timescale());
            let rendition = prepare(&mut self.audio, config, number, discontinuities, last)?;
            track.cut(start, opening, rendition, u64::MAX);
            era.audio = Some(track);
        }
        self.next += 1;
        self.waiting = None;
        self.interrupted = false;
        self.ended = false;
        self.era = Some(era);
        Ok(())
    }

    /// Ends the era that runs: everything is brought to an end at the same number everywhere.
    pub(super) fn end_era(&mut self) -> Changed {
        self.jumps = JumpDetector::default();
        self.waiting = None;
        let Some(mut era) = self.era.take() else {
            return Changed::default();
        };
        let limit = longest_pictures(self.target.unwrap_or(LONGEST_GROUP));
        let mut end = 0;
        if let (Some(track), Some(rendition)) = (&mut era.video, &mut self.video) {
            let ticks = track.finish(rendition, limit);
            rendition.close(ticks);
            end = to_millis(ticks, VIDEO);
            if era.audio.is_none() {
                fill(&mut self.audio, rendition);
            }
        }
        if let (Some(track), Some(rendition)) = (&mut era.audio, &mut self.audio) {
            track.finish(to_ticks(end, rendition.config.timescale()), rendition);
            if era.video.is_none() {
                fill(&mut self.video, rendition);
            }
        }
        for rendition in self.video.iter().chain(&self.audio) {
            self.reached = self.reached.max(rendition.end_millis().unwrap_or(0) + 1);
        }
        if self.target.is_none() {
            // No whole group was seen: nobody was told of this, and nobody will be.
            self.forget_unpublished();
        }
        Changed {
            video: self.video.is_some(),
            audio: self.audio.is_some(),
        }
    }

    /// Ends an era that is refused, without what would make its last segment too long.
    pub(super) fn abandon(&mut self) {
        if let Some(track) = self.era.as_mut().and_then(|era| era.video.as_mut()) {
            track.discard();
        }
        let changed = self.end_era();
        let _ = self.render(changed);
    }

    pub(super) fn forget_unpublished(&mut self) {
        for rendition in [self.video.take(), self.audio.take()].into_iter().flatten() {
            self.discontinuity_sequence =
                self.discontinuity_sequence.max(rendition.discontinuities());
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the rate is from 1 to 1000"
)]
fn frame_ticks(rate: f32) -> u64 {
    (f64::from(VIDEO) / f64::from(rate)).round() as u64
}

/// The rendition for a new era, its configuration brought up to date. One that was away, or is
/// new beside another that has numbers already, starts over.
fn prepare(
    slot: &mut Option<Rendition>,
    config: CodecConfig,
    version: u64,
    discontinuity_sequence: u64,
    last: Option<u64>,
) -> Result<&mut Rendition, PackagerError> {
    if slot
        .as_ref()
        .is_some_and(|rendition| rendition.position().map(|at| at.number) != last)
    {
        *slot = None;
    }
    let rendition = match slot.take() {
        Some(mut rendition) => {
            if rendition.config != config {
                rendition
                    .reconfigure(config, version)
                    .map_err(PackagerError::Config)?;
            }
            rendition
        }
        None => Rendition::new(config, version, discontinuity_sequence)
            .map_err(PackagerError::Config)?,
    };
    Ok(slot.insert(rendition))
}

/// Gives a rendition that has no media now the leading one's closed segments as gaps.
pub(super) fn fill(absent: &mut Option<Rendition>, leading: &Rendition) -> bool {
    let Some(absent) = absent else { return false };
    let after = absent.position().map_or(0, |at| at.number);
    let missing: Vec<&Segment> = leading
        .segments
        .iter()
        .filter(|segment| segment.closed && segment.number > after)
        .collect();
    for segment in &missing {
        let timescale = absent.config.timescale();
        let opening = Opening {
            number: segment.number,
            discontinuity: segment.discontinuity,
            period: segment.period,
        };
        absent.open(opening, to_ticks(segment.start_millis(), timescale));
        absent.close(to_ticks(
            to_millis(segment.end(), segment.timescale),
            timescale,
        ));
    }
    !missing.is_empty()
}
