//! Frames and the time in, the windows of every rendition out.
//!
//! An *era* is a stretch with one anchor of the timeline and one set of codecs. A reconnect, an
//! encoder whose timestamps jump and a change of codec end it; the next one begins with a
//! discontinuity in every rendition. The leading track (pictures, else sound) decides where
//! segments begin, and the other follows with the same numbers.

mod era;
mod pictures;
mod publish;
mod sound;

use super::InitError;
use super::audio::AudioTrack;
use super::rendition::Rendition;
use super::segment::Period;
use super::timeline::{Anchor, JumpDetector};
use super::video::VideoTrack;
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

    /// Numbers start from the Unix time and must not outrun it, or a restart would go back.
    fn numbers_left(&self, now: i64) -> bool {
        self.next <= u64::try_from(now / 1000).unwrap_or(0) + AHEAD
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
