//! Decoder configurations: parsed and checked once, at ingest.

mod aac;
mod av1;
mod avc;
mod bits;
mod hevc;
mod opus;

use bytes::Bytes;

use crate::frame::TrackKind;

/// The longest decoder configuration that is accepted, in bytes. Real ones are
/// a few dozen to a few hundred.
pub const MAX_RECORD: usize = 64 * 1024;

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
        /// Width in pixels, after cropping.
        width: u16,
        /// Height in pixels, after cropping.
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
    /// Parses a configuration as RTMP and FLV carry it: the body of the box for
    /// video, an `AudioSpecificConfig` for AAC, an `OpusHead` for Opus.
    ///
    /// # Errors
    /// Whatever a packager or a player would stumble over later.
    pub fn parse(codec: Codec, record: &[u8]) -> Result<Self, CodecConfigError> {
        if record.len() > MAX_RECORD {
            return Err(CodecConfigError::TooLong(record.len()));
        }
        match codec {
            Codec::Avc => avc::parse(record),
            Codec::Hevc => hevc::parse(record),
            Codec::Av1 => av1::parse(record),
            Codec::Aac => aac::parse(record),
            Codec::Opus => opus::parse(record),
        }
    }

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

/// Why a decoder configuration was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CodecConfigError {
    /// More than [`MAX_RECORD`] bytes.
    #[error("the decoder configuration of {0} bytes is too long")]
    TooLong(usize),
    /// It ends inside a field.
    #[error("the decoder configuration ends early")]
    Truncated,
    /// A variable-length number is larger than its field can be.
    #[error("a number in the decoder configuration is out of range")]
    OutOfRange,
    /// It holds no sequence parameter set or sequence header.
    #[error("the decoder configuration holds no sequence header")]
    NoSequenceHeader,
    /// The picture is empty, or larger than 16 bits can say.
    #[error("a picture of {width} by {height} cannot be packaged")]
    Dimensions {
        /// In pixels, after cropping.
        width: i64,
        /// In pixels, after cropping.
        height: i64,
    },
    /// Length prefixes of NAL units must be 1, 2 or 4 bytes.
    #[error("NAL units cannot have a length prefix of {0} bytes")]
    NalLengthSize(u8),
    /// An AAC object type other than LC (with or without SBR and PS).
    #[error("the AAC object type {0} is not carried")]
    AacObjectType(u32),
    /// A sample rate that no AAC stream has.
    #[error("a sample rate of {0} Hz is not carried")]
    SampleRate(u32),
    /// No, or an unknown number of, channels.
    #[error("the channel configuration {0} is not carried")]
    Channels(u32),
    /// Not an `OpusHead` of a version that we know.
    #[error("the configuration is not an OpusHead of version 1")]
    NotOpusHead,
    /// The box that would carry it cannot be read or written.
    #[error("the decoder configuration does not fit its box")]
    Box(#[source] mp4_atom::Error),
}

/// The cropped size of a picture, if it is one that a track can have.
fn dimensions(width: i64, height: i64) -> Result<(u16, u16), CodecConfigError> {
    match (u16::try_from(width), u16::try_from(height)) {
        (Ok(w @ 1..), Ok(h @ 1..)) => Ok((w, h)),
        _ => Err(CodecConfigError::Dimensions { width, height }),
    }
}

/// Reads the body of a box and proves that it can be written again.
fn checked_box<A: mp4_atom::Atom>(record: &[u8]) -> Result<A, CodecConfigError> {
    let mut rest = record;
    let atom = A::decode_body(&mut rest).map_err(CodecConfigError::Box)?;
    atom.encode_body(&mut Vec::with_capacity(record.len()))
        .map_err(CodecConfigError::Box)?;
    Ok(atom)
}

/// `units / per_frame` as a frame rate, if it is a plausible one.
fn frame_rate(units: f64, per_frame: f64) -> Option<f32> {
    let rate = units / per_frame;
    #[expect(clippy::cast_possible_truncation, reason = "between 1 and 1000")]
    (1.0..=1000.0).contains(&rate).then_some(rate as f32)
}

#[cfg(test)]
mod tests;
