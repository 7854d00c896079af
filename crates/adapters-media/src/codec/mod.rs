//! Decoder configurations: parsed and checked once, at ingest.

use bytes::Bytes;

use crate::frame::TrackKind;

/// A codec that Greenroom passes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// H.264.
    Avc,
    /// H.265.
    Hevc,
    /// AV1.
    Av1,
    /// MPEG-4 AAC: LC, HE, HE version 2.
    Aac,
    /// Opus.
    Opus,
}

impl Codec {
    /// The kind of track this codec makes.
    pub fn track(self) -> TrackKind {
        match self {
            Self::Avc | Self::Hevc | Self::Av1 => TrackKind::Video,
            Self::Aac | Self::Opus => TrackKind::Audio,
        }
    }
}

/// A decoder configuration, parsed and checked once; later stages never fail
/// on it.
#[derive(Clone, Debug, PartialEq)]
pub struct CodecConfig {
    /// Which codec it configures.
    pub codec: Codec,
    /// Body of the `avcC`, `hvcC` or `av1C` box (without the box header), an
    /// `AudioSpecificConfig`, or the body of the `dOps` box (big endian).
    pub record: Bytes,
    /// The codec as players are told it (RFC 6381): `avc1.64001f`,
    /// `hvc1.1.6.L93.B0`, `av01.0.08M.08`, `mp4a.40.2`, `opus`.
    pub rfc6381: String,
    /// What a track header needs.
    pub media: MediaParams,
}

/// Parameters of the track that a configuration describes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MediaParams {
    /// Of a video track.
    Video {
        /// Displayed width in pixels, after cropping.
        width: u16,
        /// Displayed height in pixels, after cropping.
        height: u16,
        /// Frames a second, where the configuration tells.
        frame_rate: Option<f32>,
    },
    /// Of an audio track.
    Audio {
        /// Samples a second: the timescale of the track. For HE-AAC the core
        /// rate, for Opus 48 000.
        sample_rate: u32,
        /// Channels, at least one.
        channels: u16,
        /// Samples in one frame at `sample_rate`; for Opus the usual 960.
        samples_per_frame: u32,
    },
}

impl CodecConfig {
    /// The kind of track it configures.
    pub fn track(&self) -> TrackKind {
        self.codec.track()
    }

    /// Ticks a second of the track's media time: 90 000 for video, the sample
    /// rate for audio (48 000 for Opus).
    pub fn timescale(&self) -> u32 {
        match self.media {
            MediaParams::Video { .. } => 90_000,
            MediaParams::Audio { sample_rate, .. } => sample_rate,
        }
    }
}
