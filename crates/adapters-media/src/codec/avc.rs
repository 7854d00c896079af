//! AVC: `AVCDecoderConfigurationRecord` (ISO/IEC 14496-15 section 5.3.3) and
//! the sequence parameter set in it (H.264 section 7.3.2.1).

use bytes::Bytes;
use mp4_atom::Avcc;

use super::bits::{BitReader, without_emulation_prevention};
use super::{Codec, CodecConfig, CodecConfigError, MediaParams, checked_box, dimensions};

/// Profiles whose parameter set tells the chroma format (section 7.3.2.1.1).
const WITH_CHROMA_FORMAT: [u32; 13] =
    [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];

pub(super) fn parse(record: &[u8]) -> Result<CodecConfig, CodecConfigError> {
    // Some encoders leave bytes behind the parameter sets that are not the
    // extension of the high profiles: the record goes on without them.
    let (avcc, record) = match checked_box::<Avcc>(record) {
        Ok(avcc) => (avcc, record),
        Err(error) => {
            let core = &record[..end_of_parameter_sets(record).ok_or(error)?];
            (checked_box::<Avcc>(core)?, core)
        }
    };
    if !matches!(avcc.length_size, 1 | 2 | 4) {
        return Err(CodecConfigError::NalLengthSize(avcc.length_size));
    }
    let sps = avcc
        .sequence_parameter_sets
        .first()
        .ok_or(CodecConfigError::NoSequenceHeader)?;
    if avcc.picture_parameter_sets.is_empty() {
        return Err(CodecConfigError::NoSequenceHeader);
    }
    let sps = sequence_parameter_set(sps)?;
    let (width, height) = dimensions(sps.width, sps.height)?;
    Ok(CodecConfig {
        codec: Codec::Avc,
        rfc6381: format!(
            "avc1.{:02x}{:02x}{:02x}",
            avcc.avc_profile_indication, avcc.profile_compatibility, avcc.avc_level_indication
        ),
        record: Bytes::copy_from_slice(record),
        media: MediaParams::Video {
            width,
            height,
            frame_rate: sps.frame_rate,
        },
    })
}

/// Where the picture parameter sets end, if the record is whole until there.
fn end_of_parameter_sets(record: &[u8]) -> Option<usize> {
    let mut at = 5;
    for mask in [0x1f, 0xff] {
        let count = record.get(at)? & mask;
        at += 1;
        for _ in 0..count {
            let length = u16::from_be_bytes([*record.get(at)?, *record.get(at + 1)?]);
            at += 2 + usize::from(length);
        }
    }
    (at <= record.len()).then_some(at)
}

struct Sps {
    width: i64,
    height: i64,
    frame_rate: Option<f32>,
}

fn sequence_parameter_set(nal: &[u8]) -> Result<Sps, CodecConfigError> {
    let rbsp = without_emulation_prevention(nal);
    let mut bits = BitReader::new(&rbsp);
    if bits.bits(8)? & 0x1f != 7 {
        return Err(CodecConfigError::NoSequenceHeader);
    }
    let profile = bits.bits(8)?;
    bits.skip(16)?; // constraint flags, level
    bits.ue()?; // its id
    let mut chroma_format = 1;
    if WITH_CHROMA_FORMAT.contains(&profile) {
        chroma_format = bits.ue()?;
        if chroma_format == 3 {
            bits.flag()?; // separate colour planes: cropping units as for 4:4:4
        }
        bits.ue()?; // bit depth of luma
        bits.ue()?; // and of chroma
        bits.flag()?; // transform bypass
        if bits.flag()? {
            let lists = if chroma_format == 3 { 12 } else { 8 };
            for list in 0..lists {
                if bits.flag()? {
                    skip_scaling_list(&mut bits, if list < 6 { 16 } else { 64 })?;
                }
            }
        }
    }
    bits.ue()?; // frame numbers
    match bits.ue()? {
        0 => {
            bits.ue()?;
        }
        1 => {
            bits.flag()?;
            bits.se()?;
            bits.se()?;
            let cycle = bits.ue()?;
            if cycle > 255 {
                return Err(CodecConfigError::OutOfRange);
            }
            for _ in 0..cycle {
                bits.se()?;
            }
        }
        _ => {}
    }
    bits.ue()?; // reference frames
    bits.flag()?; // gaps allowed
    let width_in_mbs = i64::from(bits.ue()?) + 1;
    let height_in_units = i64::from(bits.ue()?) + 1;
    let frames_only = bits.flag()?;
    if !frames_only {
        bits.flag()?; // adaptive frame and field
    }
    bits.flag()?; // direct 8x8 inference
    let field_factor = if frames_only { 1 } else { 2 };
    let (mut crop_x, mut crop_y) = (0, 0);
    if bits.flag()? {
        let (left, right) = (i64::from(bits.ue()?), i64::from(bits.ue()?));
        let (top, bottom) = (i64::from(bits.ue()?), i64::from(bits.ue()?));
        let (unit_x, unit_y) = match chroma_format {
            1 => (2, 2),
            2 => (2, 1),
            _ => (1, 1),
        };
        crop_x = (left + right) * unit_x;
        crop_y = (top + bottom) * unit_y * field_factor;
    }
    Ok(Sps {
        width: width_in_mbs * 16 - crop_x,
        height: height_in_units * 16 * field_factor - crop_y,
        // What follows is information only: a broken end costs the frame rate.
        frame_rate: frame_rate(&mut bits).ok().flatten(),
    })
}

fn skip_scaling_list(bits: &mut BitReader<'_>, size: u32) -> Result<(), CodecConfigError> {
    let (mut last, mut next) = (8_i64, 8_i64);
    for _ in 0..size {
        if next != 0 {
            next = (last + bits.se()?).rem_euclid(256);
        }
        if next != 0 {
            last = next;
        }
    }
    Ok(())
}

/// Reads the usability information as far as its timing (section E.1.1).
fn frame_rate(bits: &mut BitReader<'_>) -> Result<Option<f32>, CodecConfigError> {
    if !bits.flag()? {
        return Ok(None);
    }
    if bits.flag()? && bits.bits(8)? == 255 {
        bits.skip(32)?; // sample aspect ratio
    }
    if bits.flag()? {
        bits.flag()?; // overscan
    }
    if bits.flag()? {
        bits.skip(4)?; // video format, full range
        if bits.flag()? {
            bits.skip(24)?; // colour description
        }
    }
    if bits.flag()? {
        bits.ue()?; // chroma location
        bits.ue()?;
    }
    if !bits.flag()? {
        return Ok(None);
    }
    let ticks = f64::from(bits.bits(32)?);
    let scale = f64::from(bits.bits(32)?);
    Ok(super::frame_rate(scale, ticks * 2.0))
}
