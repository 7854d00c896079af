//! From a session's media to frames on tracks.

use crate::codec::{CodecConfig, MediaParams};
use crate::flv::{self, CodedFrame, FlvError, Metadata, Tag};
use crate::frame::{Frame, TrackKind};
use crate::rtmp::Event;

/// What an encoder's stream consists of.
#[derive(Clone, Debug, PartialEq)]
pub enum Ingested {
    /// A track starts, or goes on differently. Never the same twice in a row.
    Config(CodecConfig),
    /// A frame of a track whose configuration came before it.
    Frame(Frame),
    /// What the encoder says of its stream.
    Metadata(Metadata),
    /// The encoder ended its stream in an orderly way.
    Ended,
}

/// Puts an encoder's tags onto at most one track of pictures and one of sound.
#[derive(Debug, Default)]
pub struct Ingest {
    video: Option<CodecConfig>,
    audio: Option<CodecConfig>,
    /// Frames that were not for a track; see [`Ingest::dropped`].
    dropped: u64,
    frame_rate: Option<f32>,
}

impl Ingest {
    /// A stream of which nothing is known.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes what a session tells; `None` where nothing comes of it.
    ///
    /// # Errors
    /// A codec that is not carried, or a broken tag. The stream cannot be
    /// served as it is: end the session with
    /// [`crate::rtmp::EndReason::UnusableMedia`].
    pub fn receive(&mut self, event: Event) -> Result<Option<Ingested>, FlvError> {
        match event {
            Event::Media {
                track,
                timestamp,
                body,
            } => {
                let tag = match track {
                    TrackKind::Video => flv::video(body),
                    TrackKind::Audio => flv::audio(body),
                };
                let tag = match tag {
                    // A stump of a tag is no reason to end a stream.
                    Err(FlvError::Truncated) => {
                        self.dropped += 1;
                        return Ok(None);
                    }
                    tag => tag?,
                };
                Ok(match tag {
                    Tag::Config(config) => self.config(config),
                    Tag::Frame(frame) => self.frame(timestamp, frame),
                    Tag::SequenceEnd(_) | Tag::Ignored => None,
                })
            }
            Event::Metadata(metadata) => {
                self.frame_rate = metadata.frame_rate;
                Ok(Some(Ingested::Metadata(metadata)))
            }
            Event::PublishEnded => Ok(Some(Ingested::Ended)),
            Event::PublishRequested { .. } => Ok(None),
        }
    }

    /// The configuration that a track has.
    pub fn config_of(&self, track: TrackKind) -> Option<&CodecConfig> {
        match track {
            TrackKind::Video => self.video.as_ref(),
            TrackKind::Audio => self.audio.as_ref(),
        }
    }

    /// How many frames came before a configuration, in a codec other than the
    /// configured one, or cut off inside their header.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    fn config(&mut self, mut config: CodecConfig) -> Option<Ingested> {
        if let MediaParams::Video { frame_rate, .. } = &mut config.media
            && frame_rate.is_none()
        {
            *frame_rate = self.frame_rate;
        }
        let current = match config.track() {
            TrackKind::Video => &mut self.video,
            TrackKind::Audio => &mut self.audio,
        };
        // The record alone: metadata may change without the stream changing.
        if current
            .as_ref()
            .is_some_and(|c| c.codec == config.codec && c.record == config.record)
        {
            return None;
        }
        *current = Some(config.clone());
        Some(Ingested::Config(config))
    }

    fn frame(&mut self, dts: i64, frame: CodedFrame) -> Option<Ingested> {
        let track = frame.codec.track();
        if self.config_of(track).map(|config| config.codec) != Some(frame.codec) {
            self.dropped += 1;
            return None;
        }
        Some(Ingested::Frame(Frame {
            track,
            dts,
            cts: frame.cts,
            keyframe: frame.keyframe,
            data: frame.data,
        }))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn sound(timestamp: i64, body: &'static [u8]) -> Event {
        Event::Media {
            track: TrackKind::Audio,
            timestamp,
            body: Bytes::from_static(body),
        }
    }

    const STEREO: &[u8] = &[0xaf, 0, 0x12, 0x10];
    const MONO: &[u8] = &[0xaf, 0, 0x12, 0x08];

    #[test]
    fn a_frame_without_a_configuration_is_dropped_and_counted() {
        let mut ingest = Ingest::new();
        assert_eq!(ingest.receive(sound(0, b"\xaf\x01aac")).unwrap(), None);
        assert_eq!(ingest.dropped(), 1);
        assert!(ingest.receive(sound(0, STEREO)).unwrap().is_some());
        let frame = ingest.receive(sound(23, b"\xaf\x01aac")).unwrap();
        let Some(Ingested::Frame(frame)) = frame else {
            panic!("a frame, not {frame:?}");
        };
        assert_eq!((frame.dts, &frame.data[..]), (23, &b"aac"[..]));
        assert!(frame.keyframe);
        // Opus on a track of AAC.
        assert_eq!(ingest.receive(sound(46, b"\x91Opusp")).unwrap(), None);
        assert_eq!(ingest.receive(sound(46, b"\xaf")).unwrap(), None);
        assert_eq!(ingest.dropped(), 3);
    }

    #[test]
    fn a_configuration_is_told_when_it_changes() {
        let mut ingest = Ingest::new();
        let told: Vec<bool> = [STEREO, STEREO, MONO, STEREO]
            .into_iter()
            .map(|body| ingest.receive(sound(0, body)).unwrap().is_some())
            .collect();
        assert_eq!(told, [true, false, true, true]);
    }

    #[test]
    fn what_cannot_be_carried_is_an_error() {
        assert!(Ingest::new().receive(sound(0, b"\x2fmp3")).is_err());
        assert!(Ingest::new().receive(sound(0, &[0xaf, 0, 0xff])).is_err());
    }
}
