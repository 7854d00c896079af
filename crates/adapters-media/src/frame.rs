//! Coded frames, as an ingest hands them to the packager.

use bytes::Bytes;

/// One coded picture, or one coded block of sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The track this frame belongs to.
    pub track: TrackKind,
    /// Decode time in milliseconds as RTMP carries it, unwrapped to 64 bit;
    /// monotonic within a session as far as the encoder sent it so.
    pub dts: i64,
    /// Composition offset in milliseconds: presentation time minus `dts`.
    pub cts: i32,
    /// Whether decoding can start here. Always true for audio.
    pub keyframe: bool,
    /// Length-prefixed NAL units (AVC, HEVC; prefix length as in the decoder
    /// configuration), an AV1 temporal unit of OBUs, a raw AAC frame, or an
    /// Opus packet. Never empty.
    pub data: Bytes,
}

/// What a track carries. A stream has at most one of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TrackKind {
    /// Pictures.
    Video,
    /// Sound.
    Audio,
}
