//! Opus: an `OpusHead` (RFC 7845 section 5.1, little endian), which Enhanced
//! RTMP sends, becomes the body of a `dOps` box (Opus in ISOBMFF section 4.3.2,
//! big endian).

use bytes::{Buf as _, Bytes};
use mp4_atom::{Atom as _, Dops, OpusChannelMapping};

use super::{Codec, CodecConfig, CodecConfigError, MediaParams};

const MAGIC: &[u8] = b"OpusHead";
/// Version, channels, pre-skip, input rate, gain, mapping family.
const FIXED: usize = 1 + 1 + 2 + 4 + 2 + 1;

pub(super) fn parse(record: &[u8]) -> Result<CodecConfig, CodecConfigError> {
    let mut head = record
        .strip_prefix(MAGIC)
        .ok_or(CodecConfigError::NotOpusHead)?;
    if head.len() < FIXED {
        return Err(CodecConfigError::Truncated);
    }
    // The upper half is the incompatible version, and must be 0.
    if head.get_u8() >> 4 != 0 {
        return Err(CodecConfigError::NotOpusHead);
    }
    let channels = head.get_u8();
    let pre_skip = head.get_u16_le();
    let input_sample_rate = head.get_u32_le();
    let output_gain = head.get_i16_le();
    let family = head.get_u8();
    let channel_mapping = match family {
        0 if (1..=2).contains(&channels) => None,
        0 => return Err(CodecConfigError::Channels(channels.into())),
        family => {
            if head.len() < 2 + usize::from(channels) {
                return Err(CodecConfigError::Truncated);
            }
            Some(OpusChannelMapping {
                family,
                stream_count: head.get_u8(),
                coupled_count: head.get_u8(),
                channel_mapping: head[..usize::from(channels)].to_vec(),
            })
        }
    };
    let dops = Dops {
        output_channel_count: channels,
        pre_skip,
        input_sample_rate,
        output_gain,
        channel_mapping,
    };
    let mut body = Vec::new();
    dops.encode_body(&mut body).map_err(CodecConfigError::Box)?;
    super::checked_box::<Dops>(&body)?;
    Ok(CodecConfig {
        codec: Codec::Opus,
        record: Bytes::from(body),
        rfc6381: "opus".to_owned(),
        media: MediaParams::Audio {
            sample_rate: 48_000,
            channels: channels.into(),
            samples_per_frame: 960,
        },
    })
}
