//! How an encoder is doing, over the last few seconds.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use greenroom_domain::media::{AudioStatus, IngestStatus, VideoStatus};
use greenroom_domain::stream::Generation;

use crate::codec::{CodecConfig, MediaParams};
use crate::frame::{Frame, TrackKind};

/// Over how long a rate is taken.
const WINDOW: u32 = 5;

/// Counts what an encoder sends, second by second.
pub(super) struct Meter {
    began: Instant,
    last_media: Instant,
    /// The last whole seconds and the running one.
    seconds: VecDeque<Second>,
    video: Option<CodecConfig>,
    audio: Option<CodecConfig>,
    last_key_frame: Option<i64>,
    key_frame_interval: Option<Duration>,
}

#[derive(Default)]
struct Second {
    number: u64,
    bytes: u64,
    pictures: u32,
}

impl Meter {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            began: now,
            last_media: now,
            seconds: VecDeque::new(),
            video: None,
            audio: None,
            last_key_frame: None,
            key_frame_interval: None,
        }
    }

    pub(super) fn config(&mut self, config: &CodecConfig) {
        match config.track() {
            TrackKind::Video => self.video = Some(config.clone()),
            TrackKind::Audio => self.audio = Some(config.clone()),
        }
    }

    pub(super) fn frame(&mut self, frame: &Frame, now: Instant) {
        self.last_media = now;
        let number = now.duration_since(self.began).as_secs();
        if self
            .seconds
            .back()
            .is_none_or(|second| second.number != number)
        {
            self.seconds.push_back(Second {
                number,
                ..Second::default()
            });
        }
        while self
            .seconds
            .front()
            .is_some_and(|second| second.number + u64::from(WINDOW) < number)
        {
            self.seconds.pop_front();
        }
        if let Some(second) = self.seconds.back_mut() {
            second.bytes += frame.data.len() as u64;
            second.pictures += u32::from(frame.track == TrackKind::Video);
        }
        if frame.track == TrackKind::Video && frame.keyframe {
            let distance = self
                .last_key_frame
                .map(|last| frame.dts.saturating_sub(last));
            self.key_frame_interval = distance
                .and_then(|ms| u64::try_from(ms).ok())
                .map(Duration::from_millis);
            self.last_key_frame = Some(frame.dts);
        }
    }

    pub(super) fn status(&self, generation: Generation, now: Instant) -> IngestStatus {
        let current = now.duration_since(self.began).as_secs();
        let whole = |second: &&Second| {
            second.number < current && second.number + u64::from(WINDOW) >= current
        };
        let (mut bytes, mut pictures) = (0, 0);
        for second in self.seconds.iter().filter(whole) {
            bytes += second.bytes;
            pictures += second.pictures;
        }
        let length = u64::from(WINDOW).min(current).max(1);
        IngestStatus {
            generation,
            silence: now.duration_since(self.last_media),
            bitrate: bytes * 8 / length,
            video: self
                .video
                .as_ref()
                .and_then(|config| self.video_status(config, pictures, length)),
            audio: self.audio.as_ref().and_then(audio_status),
        }
    }

    fn video_status(
        &self,
        config: &CodecConfig,
        pictures: u32,
        length: u64,
    ) -> Option<VideoStatus> {
        let MediaParams::Video { width, height, .. } = config.media else {
            return None;
        };
        #[expect(clippy::cast_precision_loss, reason = "a few seconds' pictures")]
        let frame_rate = pictures as f32 / length as f32;
        Some(VideoStatus {
            codec: config.rfc6381.clone(),
            width,
            height,
            frame_rate,
            key_frame_interval: self.key_frame_interval,
        })
    }
}

fn audio_status(config: &CodecConfig) -> Option<AudioStatus> {
    match config.media {
        MediaParams::Audio {
            sample_rate,
            channels,
            ..
        } => Some(AudioStatus {
            codec: config.rfc6381.clone(),
            sample_rate,
            channels,
        }),
        MediaParams::Video { .. } => None,
    }
}
