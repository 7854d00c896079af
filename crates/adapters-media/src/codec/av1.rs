//! AV1: `AV1CodecConfigurationRecord` (AV1 in ISOBMFF section 2.3) and the
//! sequence header OBU in it (AV1 section 5.5).

use bytes::Bytes;
use mp4_atom::Av1c;

use super::bits::BitReader;
use super::{Codec, CodecConfig, CodecConfigError, MediaParams, checked_box, dimensions};

const SEQUENCE_HEADER: u8 = 1;

pub(super) fn parse(record: &[u8]) -> Result<CodecConfig, CodecConfigError> {
    let av1c = checked_box::<Av1c>(record)?;
    let header =
        sequence_header_obu(&av1c.config_obus).ok_or(CodecConfigError::NoSequenceHeader)?;
    let sequence = sequence_header(header)?;
    let (width, height) = dimensions(sequence.width, sequence.height)?;
    let tier = if av1c.seq_tier_0 { 'H' } else { 'M' };
    let depth = match (av1c.high_bitdepth, av1c.twelve_bit) {
        (false, _) => 8,
        (true, false) => 10,
        (true, true) => 12,
    };
    Ok(CodecConfig {
        codec: Codec::Av1,
        rfc6381: format!(
            "av01.{}.{:02}{tier}.{depth:02}",
            av1c.seq_profile, av1c.seq_level_idx_0
        ),
        record: Bytes::copy_from_slice(record),
        media: MediaParams::Video {
            width,
            height,
            frame_rate: sequence.frame_rate,
        },
    })
}

/// The payload of the first sequence header among OBUs (section 5.3).
fn sequence_header_obu(mut obus: &[u8]) -> Option<&[u8]> {
    loop {
        let (&head, mut rest) = obus.split_first()?;
        if head & 0b100 != 0 {
            rest = rest.get(1..)?; // extension: temporal and spatial layer
        }
        let size = if head & 0b10 != 0 {
            leb128(&mut rest)?
        } else {
            rest.len()
        };
        let payload = rest.get(..size)?;
        if head >> 3 & 0xf == SEQUENCE_HEADER {
            return Some(payload);
        }
        obus = &rest[size..];
    }
}

fn leb128(data: &mut &[u8]) -> Option<usize> {
    let mut value = 0_u64;
    for shift in 0..8 {
        let (&byte, rest) = data.split_first()?;
        *data = rest;
        value |= u64::from(byte & 0x7f) << (7 * shift);
        if byte & 0x80 == 0 {
            return usize::try_from(value).ok();
        }
    }
    None
}

struct Sequence {
    width: i64,
    height: i64,
    frame_rate: Option<f32>,
}

fn sequence_header(payload: &[u8]) -> Result<Sequence, CodecConfigError> {
    let mut bits = BitReader::new(payload);
    bits.skip(3 + 1)?; // profile, still picture
    let reduced = bits.flag()?;
    let mut frame_rate = None;
    if reduced {
        bits.skip(5)?; // level
    } else {
        let mut decoder_model = None;
        if bits.flag()? {
            let tick = f64::from(bits.bits(32)?);
            let scale = f64::from(bits.bits(32)?);
            if bits.flag()? {
                let ticks = f64::from(bits.ue()?) + 1.0;
                frame_rate = super::frame_rate(scale, tick * ticks);
            }
            if bits.flag()? {
                decoder_model = Some(bits.bits(5)? as usize + 1);
                bits.skip(32 + 5 + 5)?;
            }
        }
        let display_delay = bits.flag()?;
        let operating_points = bits.bits(5)? + 1;
        for _ in 0..operating_points {
            bits.skip(12)?;
            if bits.bits(5)? > 7 {
                bits.flag()?; // tier
            }
            if let Some(length) = decoder_model
                && bits.flag()?
            {
                bits.skip(2 * length + 1)?;
            }
            if display_delay && bits.flag()? {
                bits.skip(4)?;
            }
        }
    }
    let width_bits = bits.bits(4)? + 1;
    let height_bits = bits.bits(4)? + 1;
    Ok(Sequence {
        width: i64::from(bits.bits(width_bits)?) + 1,
        height: i64::from(bits.bits(height_bits)?) + 1,
        frame_rate,
    })
}
