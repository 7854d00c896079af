//! Frames and the time in, the windows of every rendition out.
//!
//! An *era* is a stretch with one anchor of the timeline and one set of codecs. A reconnect, an
//! encoder whose timestamps jump and a change of codec end it; the next one begins with a
//! discontinuity in every rendition. The leading track (pictures, else sound) decides where
//! segments begin, and the other follows with the same numbers.

mod era;
mod publish;

use self::era::fill;
use super::audio::AudioTrack;
use super::rendition::{Opening, Rendition};
use super::segment::Period;
use super::timeline::{Anchor, JumpDetector, to_millis, to_ticks};
use super::video::VideoTrack;
use super::{InitError, Segment};
use crate::codec::CodecConfig;
use crate::frame::{Frame, TrackKind};
use bytes::Bytes;
use std::collections::BTreeMap;

/// What bounds a stream's memory.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of all segments together; the oldest go first.
    pub window_bytes: usize,
    /// Bytes of one segment of one rendition.
    pub segment_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            window_bytes: 96 << 20,
            segment_bytes: 48 << 20,
        }
    }
}

/// What an encoder sends cannot be packaged; its ingest is to be refused with this reason.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackagerError {
    /// Key frames are more than 12 s apart.
    #[error(
        "key frames are more than {LONGEST_GROUP} s apart; set the encoder's key frame interval to 2 s"
    )]
    GroupTooLong,
    /// A segment outgrew [`Limits::segment_bytes`].
    #[error("the bitrate is too high for this server")]
    BitrateTooHigh,
    /// The codec configuration does not fit in MP4.
    #[error("the codec configuration was refused")]
    Config(#[source] InitError),
}

/// Renditions whose window or playlist changed: their waiting readers are to be woken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[must_use]
pub struct Changed {
    /// The pictures.
    pub video: bool,
    /// The sound.
    pub audio: bool,
}

/// The longest group of pictures, in seconds.
const LONGEST_GROUP: u32 = 12;
/// The shortest target duration, in seconds.
const SHORTEST_TARGET: u32 = 2;
/// Closed segments that stay fetchable, the listed ones among them.
const KEPT: usize = 10;
/// When sound comes and its pictures don't for this long (milliseconds), it is a stream alone.
const PICTURES_MISSING: i64 = 5_000;

/// The one packaging of a channel's live stream. It lives on across reconnects of its encoder.
#[derive(Debug)]
pub struct Packager {
    limits: Limits,
    announced: Announced,
    era: Option<Era>,
    pub(crate) video: Option<Rendition>,
    pub(crate) audio: Option<Rendition>,
    jumps: JumpDetector,
    /// Sound that waits for a first key frame: since when, by its own clock.
    waiting: Option<i64>,
    next: u64,
    discontinuity_sequence: u64,
    /// The wall-clock time (milliseconds) before which no decode time may be given any more.
    reached: i64,
    target: Option<u32>,
    /// The last playlists of addresses that a longer group of pictures made unusable.
    retired: BTreeMap<(u32, bool), Bytes>,
    interrupted: bool,
    ended: bool,
}

#[derive(Debug, Default)]
struct Announced {
    video: Option<CodecConfig>,
    audio: Option<CodecConfig>,
}

#[derive(Debug)]
struct Era {
    anchor: Anchor,
    period: Period,
    video: Option<VideoTrack>,
    audio: Option<AudioTrack>,
    /// Another one is to begin at the next key frame.
    stale: bool,
    /// The picture's configuration changed and takes effect at the next key frame.
    reconfigured: bool,
}

/// Where discontinuities are counted from: later servers from higher up, but not far up, as
/// hls.js keeps an array that reaches from zero to the count and walks through all of it.
fn quarter_days(seconds: u64) -> u64 {
    const YEAR_2026: u64 = 1_767_225_600;
    seconds.saturating_sub(YEAR_2026) / (6 * 3600)
}

impl Packager {
    /// A packager whose numbers start from `now` (milliseconds since the Unix epoch), so that
    /// none is used twice, also not by a server that ran before.
    pub fn new(limits: Limits, now: i64) -> Self {
        let seconds = u64::try_from(now / 1000).unwrap_or(0);
        Self {
            limits,
            announced: Announced::default(),
            era: None,
            video: None,
            audio: None,
            jumps: JumpDetector::default(),
            waiting: None,
            next: seconds + AHEAD,
            discontinuity_sequence: quarter_days(seconds),
            reached: now,
            target: None,
            retired: BTreeMap::new(),
            interrupted: true,
            ended: false,
        }
    }

    /// Takes a track's codec configuration; one that is sent again changes nothing.
    pub fn config(&mut self, config: CodecConfig) {
        let slot = match config.track() {
            TrackKind::Video => &mut self.announced.video,
            TrackKind::Audio => &mut self.announced.audio,
        };
        if slot.as_ref() == Some(&config) {
            return;
        }
        if let Some(era) = &mut self.era {
            match slot.as_ref().map(|old| old.codec) {
                // Players take a new init segment without a discontinuity, if the codec stays.
                Some(codec) if codec == config.codec && config.track() == TrackKind::Video => {
                    era.reconfigured = true;
                }
                _ => era.stale = true,
            }
        }
        *slot = Some(config);
    }

    /// Takes a frame that arrived at `now` (milliseconds since the Unix epoch).
    ///
    /// # Errors
    /// The stream cannot go on; see [`PackagerError`].
    pub fn frame(&mut self, frame: Frame, now: i64) -> Result<Changed, PackagerError> {
        let mut changed = Changed::default();
        if self
            .jumps
            .jumped(frame.track == TrackKind::Video, frame.dts)
        {
            changed = self.end_era();
            let _ = self
                .jumps
                .jumped(frame.track == TrackKind::Video, frame.dts);
        }
        let more = match frame.track {
            TrackKind::Video => self.video_frame(frame, now)?,
            TrackKind::Audio => self.audio_frame(frame, now)?,
        };
        Ok(self.render(changed | more))
    }

    /// The encoder is gone, perhaps for a moment: what it sent is brought to an end. The next
    /// frame begins again.
    pub fn interrupt(&mut self) -> Changed {
        self.interrupted = true;
        // The next encoder says anew what it sends.
        self.announced = Announced::default();
        let changed = self.end_era();
        self.render(changed)
    }

    /// The stream is over: playlists say so. A next stream may begin with a next frame.
    pub fn end(&mut self) -> Changed {
        let _ = self.interrupt();
        self.ended = true;
        self.render(Changed {
            video: self.video.is_some(),
            audio: self.audio.is_some(),
        })
    }

    /// Whether an encoder is sending.
    pub fn is_interrupted(&self) -> bool {
        self.interrupted
    }

    /// Whether the stream is over.
    pub fn is_ended(&self) -> bool {
        self.ended
    }

    /// The target duration in seconds; `None` until a first whole group of pictures is there.
    pub fn target(&self) -> Option<u32> {
        self.target
    }

    /// How far the media is ahead of `now`, in milliseconds: an ingest that pauses reading while
    /// it is some seconds keeps an encoder that sends faster than real time in step.
    pub fn ahead(&self, now: i64) -> i64 {
        self.video
            .iter()
            .chain(&self.audio)
            .filter_map(Rendition::end_millis)
            .max()
            .map_or(0, |end| end.saturating_sub(now))
    }

    /// One of the renditions that are there.
    pub fn rendition(&self, track: TrackKind) -> Option<&Rendition> {
        match track {
            TrackKind::Video => self.video.as_ref(),
            TrackKind::Audio => self.audio.as_ref(),
        }
    }

    /// Whether this is the part that comes next, or the first of the segment after: the one a
    /// playlist hints at.
    pub(crate) fn is_next(&self, track: TrackKind, number: u64, part: usize) -> bool {
        let Some(last) = self
            .rendition(track)
            .and_then(|rendition| rendition.segments().next_back())
        else {
            return false;
        };
        !self.ended && !last.closed && last.number == number && last.parts.len() == part
    }

    /// Whether this is the start of the segment that is not closed yet.
    pub(crate) fn is_making(&self, track: TrackKind, start: u64) -> bool {
        let last = self
            .rendition(track)
            .and_then(|rendition| rendition.segments().next_back());
        !self.ended && last.is_some_and(|last| !last.closed && last.start == start)
    }

    fn video_frame(&mut self, frame: Frame, now: i64) -> Result<Changed, PackagerError> {
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

    fn audio_frame(&mut self, frame: Frame, now: i64) -> Result<Changed, PackagerError> {
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

    /// Numbers start from the Unix time and must not outrun it, or a restart would go back.
    fn numbers_left(&self, now: i64) -> bool {
        self.next <= u64::try_from(now / 1000).unwrap_or(0) + AHEAD
    }

    fn audio_limit(&self) -> u64 {
        let timescale = self
            .audio
            .as_ref()
            .map_or(1, |rendition| rendition.config.timescale());
        longest_sound(self.target.unwrap_or(LONGEST_GROUP), timescale)
    }
}

/// Ticks per second of every picture track.
const VIDEO: u32 = 90_000;
/// How far the numbers may be ahead of the Unix time, in seconds.
const AHEAD: u64 = 2;

impl std::ops::BitOr for Changed {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self {
            video: self.video || other.video,
            audio: self.audio || other.audio,
        }
    }
}

/// The longest segment of sound, in ticks: its duration still rounds to the target.
fn longest_sound(target: u32, timescale: u32) -> u64 {
    u64::from(target) * u64::from(timescale) + u64::from(timescale) * 49 / 100
}

/// The longest segment of pictures, in ticks: it leaves room for its sound, which is cut at the
/// next whole frame.
fn longest_pictures(target: u32) -> u64 {
    let spare = if target < LONGEST_GROUP {
        VIDEO * 3 / 10
    } else {
        VIDEO / 20
    };
    u64::from(target) * u64::from(VIDEO) + u64::from(spare)
}
