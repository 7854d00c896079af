//! What Enhanced RTMP's video and audio headers have in common: modifiers in
//! front of the packet, and several tracks in one packet.

use bytes::Bytes;

use super::{FlvError, byte, split, take, u24};

const MULTITRACK_VIDEO: u8 = 6;
const MULTITRACK_AUDIO: u8 = 5;
const MOD_EX: u8 = 7;

/// One packet of one track: its type, codec and payload.
pub(super) struct Packet {
    pub(super) kind: u8,
    pub(super) four_cc: [u8; 4],
    pub(super) data: Bytes,
}

pub(super) enum Medium {
    Video,
    Audio,
}

/// Reads past modifiers. They carry nanosecond offsets, which a millisecond
/// clock has no place for, and whatever comes later; all are skippable.
pub(super) fn skip_modifiers(mut kind: u8, body: &mut Bytes) -> Result<u8, FlvError> {
    while kind == MOD_EX {
        let mut size = usize::from(byte(body)?) + 1;
        if size == 256 {
            size = usize::from(u16::from_be_bytes(take(body)?)) + 1;
        }
        split(body, size)?;
        kind = byte(body)? & 0x0f;
    }
    Ok(kind)
}

/// The packet of track 0, which is the default one; `None` where the tag holds
/// other tracks only.
pub(super) fn default_track(
    medium: &Medium,
    kind: u8,
    mut body: Bytes,
) -> Result<Option<Packet>, FlvError> {
    let multitrack = match medium {
        Medium::Video => MULTITRACK_VIDEO,
        Medium::Audio => MULTITRACK_AUDIO,
    };
    if kind != multitrack {
        let four_cc = take(&mut body)?;
        return Ok(Some(Packet {
            kind,
            four_cc,
            data: body,
        }));
    }
    let head = byte(&mut body)?;
    let (layout, kind) = (head >> 4, head & 0x0f);
    // 0: one track. 1: many of one codec. 2: many, each with its codec.
    let shared = if layout == 2 {
        None
    } else {
        Some(take(&mut body)?)
    };
    while !body.is_empty() {
        let four_cc = match shared {
            Some(four_cc) => four_cc,
            None => take(&mut body)?,
        };
        let track = byte(&mut body)?;
        let data = if layout == 0 {
            body.split_off(0)
        } else {
            let size = u24(&mut body)?;
            split(&mut body, size)?
        };
        if track == 0 {
            return Ok(Some(Packet {
                kind,
                four_cc,
                data,
            }));
        }
    }
    Ok(None)
}
