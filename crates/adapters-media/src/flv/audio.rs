//! Audio tags.

use bytes::Bytes;

use super::extended::{Medium, default_track, skip_modifiers};
use super::{FlvError, Tag, byte, frame};
use crate::codec::{Codec, CodecConfig};

/// Sound formats of the legacy header.
const EXTENDED: u8 = 9;
const AAC: u8 = 10;

/// Packet types of Enhanced RTMP.
const SEQUENCE_START: u8 = 0;
const CODED_FRAMES: u8 = 1;
const SEQUENCE_END: u8 = 2;

pub(super) fn parse(mut body: Bytes) -> Result<Tag, FlvError> {
    let head = byte(&mut body)?;
    match head >> 4 {
        AAC => match byte(&mut body)? {
            0 => Ok(Tag::Config(CodecConfig::parse(Codec::Aac, &body)?)),
            1 => Ok(frame(Codec::Aac, true, 0, body)),
            _ => Ok(Tag::Ignored),
        },
        EXTENDED => extended(head & 0x0f, body),
        other => Err(FlvError::SoundFormat(other)),
    }
}

fn extended(kind: u8, mut body: Bytes) -> Result<Tag, FlvError> {
    let kind = skip_modifiers(kind, &mut body)?;
    let Some(packet) = default_track(&Medium::Audio, kind, body)? else {
        return Ok(Tag::Ignored);
    };
    let codec = match &packet.four_cc {
        b"mp4a" => Codec::Aac,
        b"Opus" => Codec::Opus,
        other => return Err(FlvError::FourCc(*other)),
    };
    match packet.kind {
        SEQUENCE_START => Ok(Tag::Config(CodecConfig::parse(codec, &packet.data)?)),
        CODED_FRAMES => Ok(frame(codec, true, 0, packet.data)),
        SEQUENCE_END => Ok(Tag::SequenceEnd(codec)),
        _ => Ok(Tag::Ignored),
    }
}
