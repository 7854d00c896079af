//! AAC: `AudioSpecificConfig` (ISO/IEC 14496-3 section 1.6.2.1).

use bytes::Bytes;

use super::bits::BitReader;
use super::{Codec, CodecConfig, CodecConfigError, MediaParams};

const LC: u32 = 2;
const SBR: u32 = 5;
const PS: u32 = 29;

/// Table 1.18: sampling frequency index.
const SAMPLE_RATES: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
];

pub(super) fn parse(record: &[u8]) -> Result<CodecConfig, CodecConfigError> {
    let mut bits = BitReader::new(record);
    let mut object_type = object_type_of(&mut bits)?;
    let sample_rate = sample_rate_of(&mut bits)?;
    let channel_configuration = bits.bits(4)?;
    // Hierarchical signalling: the outer type says SBR or PS, the inner one
    // what the core is.
    let mut extension = None;
    if object_type == SBR || object_type == PS {
        extension = Some(object_type);
        sample_rate_of(&mut bits)?; // after doubling; media time runs in the core's
        object_type = object_type_of(&mut bits)?;
    }
    if object_type != LC {
        return Err(CodecConfigError::AacObjectType(object_type));
    }
    // GASpecificConfig, section 4.4.1.
    let samples_per_frame = if bits.flag()? { 960 } else { 1024 };
    if bits.flag()? {
        bits.skip(14)?; // core coder delay
    }
    bits.flag()?; // extension flag
    let mut channels = match channel_configuration {
        0 => program_channels(&mut bits)?,
        n @ 1..=6 => n,
        7 | 12 | 14 => 8,
        11 => 7,
        n => return Err(CodecConfigError::Channels(n)),
    };
    if extension.is_none() {
        // Old decoders stop before this: the core plays without it.
        extension = backward_compatible_extension(&mut bits).ok().flatten();
    }
    if extension == Some(PS) && channels == 1 {
        channels = 2;
    }
    Ok(CodecConfig {
        codec: Codec::Aac,
        record: Bytes::copy_from_slice(record),
        rfc6381: format!("mp4a.40.{}", extension.unwrap_or(LC)),
        media: MediaParams::Audio {
            sample_rate,
            channels: u16::try_from(channels).map_err(|_| CodecConfigError::OutOfRange)?,
            samples_per_frame,
        },
    })
}

fn object_type_of(bits: &mut BitReader<'_>) -> Result<u32, CodecConfigError> {
    Ok(match bits.bits(5)? {
        31 => 32 + bits.bits(6)?,
        n => n,
    })
}

fn sample_rate_of(bits: &mut BitReader<'_>) -> Result<u32, CodecConfigError> {
    let rate = match bits.bits(4)? {
        15 => bits.bits(24)?,
        index => *SAMPLE_RATES
            .get(index as usize)
            .ok_or(CodecConfigError::OutOfRange)?,
    };
    if (7_350..=96_000).contains(&rate) {
        Ok(rate)
    } else {
        Err(CodecConfigError::SampleRate(rate))
    }
}

/// Channels of a `program_config_element` (section 4.4.1.1), which stands
/// where the channel configuration is 0.
fn program_channels(bits: &mut BitReader<'_>) -> Result<u32, CodecConfigError> {
    bits.skip(4 + 2 + 4)?;
    let elements = bits.bits(4)? + bits.bits(4)? + bits.bits(4)?; // front, side, back
    let low_frequency = bits.bits(2)?;
    bits.skip(3 + 4)?; // associated data, coupling
    for width in [4, 4, 3] {
        if bits.flag()? {
            bits.skip(width)?; // mixdown
        }
    }
    let mut channels = low_frequency;
    for _ in 0..elements {
        channels += if bits.flag()? { 2 } else { 1 };
        bits.skip(4)?;
    }
    if (1..=24).contains(&channels) {
        Ok(channels)
    } else {
        Err(CodecConfigError::Channels(channels))
    }
}

/// The extension that follows the core's configuration behind a sync word.
fn backward_compatible_extension(
    bits: &mut BitReader<'_>,
) -> Result<Option<u32>, CodecConfigError> {
    if bits.left() < 16 || bits.bits(11)? != 0x2b7 || object_type_of(bits)? != SBR {
        return Ok(None);
    }
    if !bits.flag()? {
        return Ok(None);
    }
    sample_rate_of(bits)?;
    if bits.left() >= 12 && bits.bits(11)? == 0x548 && bits.flag()? {
        return Ok(Some(PS));
    }
    Ok(Some(SBR))
}
