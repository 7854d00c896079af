//! HEVC: `HEVCDecoderConfigurationRecord` (ISO/IEC 14496-15 section 8.3.3) and
//! the head of the sequence parameter set in it (H.265 section 7.3.2.2).

use std::fmt::Write as _;

use bytes::Bytes;
use mp4_atom::Hvcc;

use super::bits::{BitReader, without_emulation_prevention};
use super::{Codec, CodecConfig, CodecConfigError, MediaParams, checked_box, dimensions};

const SPS: u8 = 33;

pub(super) fn parse(record: &[u8]) -> Result<CodecConfig, CodecConfigError> {
    let hvcc = checked_box::<Hvcc>(record)?;
    if hvcc.length_size_minus_one == 2 {
        return Err(CodecConfigError::NalLengthSize(3));
    }
    let sps = hvcc
        .arrays
        .iter()
        .filter(|array| array.nal_unit_type == SPS)
        .find_map(|array| array.nalus.first())
        .ok_or(CodecConfigError::NoSequenceHeader)?;
    let (width, height) = picture_size(sps)?;
    let (width, height) = dimensions(width, height)?;
    Ok(CodecConfig {
        codec: Codec::Hevc,
        rfc6381: rfc6381(&hvcc),
        record: Bytes::copy_from_slice(record),
        media: MediaParams::Video {
            width,
            height,
            // In frames per 256 seconds; zero says nothing.
            frame_rate: super::frame_rate(f64::from(hvcc.avg_frame_rate), 256.0),
        },
    })
}

/// ISO/IEC 14496-15 section E.3.
fn rfc6381(hvcc: &Hvcc) -> String {
    let space = ["", "A", "B", "C"][usize::from(hvcc.general_profile_space & 3)];
    let compatibility = u32::from_be_bytes(hvcc.general_profile_compatibility_flags).reverse_bits();
    let tier = if hvcc.general_tier_flag { 'H' } else { 'L' };
    let mut out = format!(
        "hvc1.{space}{}.{compatibility:X}.{tier}{}",
        hvcc.general_profile_idc, hvcc.general_level_idc
    );
    let constraints = &hvcc.general_constraint_indicator_flags;
    let used = constraints
        .iter()
        .rposition(|&byte| byte != 0)
        .map_or(0, |last| last + 1);
    for byte in &constraints[..used] {
        // Writing to a string does not fail.
        let _ = write!(out, ".{byte:X}");
    }
    out
}

fn picture_size(nal: &[u8]) -> Result<(i64, i64), CodecConfigError> {
    let rbsp = without_emulation_prevention(nal);
    let mut bits = BitReader::new(&rbsp);
    if bits.bits(16)? >> 9 & 0x3f != u32::from(SPS) {
        return Err(CodecConfigError::NoSequenceHeader);
    }
    bits.skip(4)?; // id of the video parameter set
    let sub_layers = bits.bits(3)?; // minus one
    bits.flag()?; // temporal nesting
    skip_profile_tier_level(&mut bits, sub_layers)?;
    bits.ue()?; // its own id
    let chroma_format = bits.ue()?;
    if chroma_format == 3 {
        bits.flag()?; // separate colour planes
    }
    let (width, height) = (i64::from(bits.ue()?), i64::from(bits.ue()?));
    if !bits.flag()? {
        return Ok((width, height));
    }
    let (left, right) = (i64::from(bits.ue()?), i64::from(bits.ue()?));
    let (top, bottom) = (i64::from(bits.ue()?), i64::from(bits.ue()?));
    let (unit_x, unit_y) = match chroma_format {
        1 => (2, 2),
        2 => (2, 1),
        _ => (1, 1),
    };
    Ok((
        width - (left + right) * unit_x,
        height - (top + bottom) * unit_y,
    ))
}

/// Section 7.3.3, with the general profile present.
fn skip_profile_tier_level(
    bits: &mut BitReader<'_>,
    sub_layers: u32,
) -> Result<(), CodecConfigError> {
    bits.skip(88 + 8)?;
    let mut following = 0;
    for _ in 0..sub_layers {
        if bits.flag()? {
            following += 88;
        }
        if bits.flag()? {
            following += 8;
        }
    }
    if sub_layers > 0 {
        bits.skip(2 * (8 - sub_layers as usize))?;
    }
    bits.skip(following)
}
