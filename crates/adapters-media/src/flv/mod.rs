//! Bodies of FLV tags, as RTMP messages carry them: the legacy layout (FLV 10.1
//! annex E) and Enhanced RTMP version 2. Payloads are slices of the message.

mod audio;
mod extended;
mod metadata;
mod video;

use bytes::{Buf as _, Bytes};

use crate::codec::{Codec, CodecConfig, CodecConfigError};

pub use metadata::Metadata;

/// What a tag says.
#[derive(Clone, Debug, PartialEq)]
pub enum Tag {
    /// A decoder configuration; frames of the track follow.
    Config(CodecConfig),
    /// A coded frame.
    Frame(CodedFrame),
    /// The encoder says that the sequence ends here.
    SequenceEnd(Codec),
    /// Nothing that is carried: seek marks, colour metadata, further tracks.
    Ignored,
}

/// A coded frame before it is put on the session's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodedFrame {
    /// What it is coded with.
    pub codec: Codec,
    /// Whether decoding can start here.
    pub keyframe: bool,
    /// Composition offset in milliseconds.
    pub cts: i32,
    /// The payload, not empty.
    pub data: Bytes,
}

/// Why a tag was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FlvError {
    /// The tag ends inside its header.
    #[error("an FLV tag ends early")]
    Truncated,
    /// A legacy video codec other than AVC (or HEVC as number 12).
    #[error("the FLV video codec {0} is not carried")]
    VideoCodec(u8),
    /// A legacy sound format other than AAC.
    #[error("the FLV sound format {0} is not carried")]
    SoundFormat(u8),
    /// A codec of Enhanced RTMP that is not carried.
    #[error("the codec {:?} is not carried", String::from_utf8_lossy(.0))]
    FourCc([u8; 4]),
    /// The decoder configuration is not usable.
    #[error("the decoder configuration was refused")]
    Config(#[from] CodecConfigError),
}

/// Reads the body of a video tag (RTMP message type 9).
pub fn video(body: Bytes) -> Result<Tag, FlvError> {
    video::parse(body)
}

/// Reads the body of an audio tag (RTMP message type 8).
pub fn audio(body: Bytes) -> Result<Tag, FlvError> {
    audio::parse(body)
}

/// Cuts `count` bytes off the front.
fn split(body: &mut Bytes, count: usize) -> Result<Bytes, FlvError> {
    if body.len() < count {
        return Err(FlvError::Truncated);
    }
    Ok(body.split_to(count))
}

/// Takes a field of `N` bytes off the front.
fn take<const N: usize>(body: &mut Bytes) -> Result<[u8; N], FlvError> {
    let field = *body.first_chunk().ok_or(FlvError::Truncated)?;
    body.advance(N);
    Ok(field)
}

fn byte(body: &mut Bytes) -> Result<u8, FlvError> {
    take::<1>(body).map(|[byte]| byte)
}

/// A signed 24-bit number: composition offsets.
fn i24(body: &mut Bytes) -> Result<i32, FlvError> {
    let [a, b, c] = take(body)?;
    Ok(i32::from_be_bytes([a, b, c, 0]) >> 8)
}

fn u24(body: &mut Bytes) -> Result<usize, FlvError> {
    let [a, b, c] = take(body)?;
    Ok(usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c))
}

/// A frame, or nothing if there are no bytes in it.
fn frame(codec: Codec, keyframe: bool, cts: i32, data: Bytes) -> Tag {
    if data.is_empty() {
        return Tag::Ignored;
    }
    Tag::Frame(CodedFrame {
        codec,
        keyframe,
        cts,
        data,
    })
}

#[cfg(test)]
mod tests;
