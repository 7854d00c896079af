//! Video tags.

use bytes::{Buf as _, Bytes};

use super::extended::{Medium, default_track, skip_modifiers};
use super::{FlvError, Tag, byte, frame, i24};
use crate::codec::{Codec, CodecConfig};

const KEY_FRAME: u8 = 1;
const COMMAND_FRAME: u8 = 5;

/// Packet types of Enhanced RTMP.
const SEQUENCE_START: u8 = 0;
const CODED_FRAMES: u8 = 1;
const SEQUENCE_END: u8 = 2;
const CODED_FRAMES_X: u8 = 3;

pub(super) fn parse(mut body: Bytes) -> Result<Tag, FlvError> {
    let head = byte(&mut body)?;
    let frame_type = head >> 4 & 0b111;
    if head & 0x80 != 0 {
        return extended(frame_type, head & 0x0f, body);
    }
    if frame_type == COMMAND_FRAME {
        return Ok(Tag::Ignored);
    }
    let codec = match head & 0x0f {
        7 => Codec::Avc,
        // Never standardised, but what encoders sent before Enhanced RTMP.
        12 => Codec::Hevc,
        other => return Err(FlvError::VideoCodec(other)),
    };
    let kind = byte(&mut body)?;
    let cts = i24(&mut body)?;
    match kind {
        0 => Ok(Tag::Config(CodecConfig::parse(codec, &body)?)),
        1 => Ok(frame(codec, frame_type == KEY_FRAME, cts, body)),
        2 => Ok(Tag::SequenceEnd(codec)),
        _ => Ok(Tag::Ignored),
    }
}

fn extended(frame_type: u8, kind: u8, mut body: Bytes) -> Result<Tag, FlvError> {
    let kind = skip_modifiers(kind, &mut body)?;
    if frame_type == COMMAND_FRAME {
        return Ok(Tag::Ignored);
    }
    let Some(mut packet) = default_track(&Medium::Video, kind, body)? else {
        return Ok(Tag::Ignored);
    };
    let codec = match &packet.four_cc {
        b"avc1" => Codec::Avc,
        b"hvc1" => Codec::Hevc,
        b"av01" => Codec::Av1,
        other => return Err(FlvError::FourCc(*other)),
    };
    let keyframe = frame_type == KEY_FRAME;
    match packet.kind {
        SEQUENCE_START => Ok(Tag::Config(CodecConfig::parse(codec, &packet.data)?)),
        CODED_FRAMES => {
            // AV1 has no composition offset.
            let cts = match codec {
                Codec::Av1 => 0,
                _ => i24(&mut packet.data)?,
            };
            Ok(frame(codec, keyframe, cts, samples(codec, packet.data)))
        }
        CODED_FRAMES_X => Ok(frame(codec, keyframe, 0, samples(codec, packet.data))),
        SEQUENCE_END => Ok(Tag::SequenceEnd(codec)),
        _ => Ok(Tag::Ignored),
    }
}

/// The payload as a sample of the file format: in AV1 without the temporal
/// delimiter, which should not be stored (AV1 in ISOBMFF section 2.4).
fn samples(codec: Codec, mut data: Bytes) -> Bytes {
    if codec == Codec::Av1 && data.starts_with(&[0x12, 0x00]) {
        data.advance(2);
    }
    data
}
