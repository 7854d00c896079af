//! Configurations that real encoders made.

use super::*;

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

fn parse(codec: Codec, record: &str) -> CodecConfig {
    CodecConfig::parse(codec, &hex(record)).unwrap()
}

fn video(config: &CodecConfig) -> (&str, u16, u16, Option<f32>) {
    let MediaParams::Video {
        width,
        height,
        frame_rate,
    } = config.media
    else {
        panic!("a video configuration");
    };
    (&config.rfc6381, width, height, frame_rate)
}

fn audio(config: &CodecConfig) -> (&str, u32, u16, u32) {
    let MediaParams::Audio {
        sample_rate,
        channels,
        samples_per_frame,
    } = config.media
    else {
        panic!("an audio configuration");
    };
    (&config.rfc6381, sample_rate, channels, samples_per_frame)
}

/// x264, 1920 by 1080 at 30: cropped from 1088 lines.
const AVC_1080: &str = "01640028ffe1001b67640028acd940780227e5c044000003000400000300f03c60c65801000668ebe3cb22c0fdf8f800";
/// x264, baseline, 640 by 360 at 25: no extension behind the parameter sets.
const AVC_360: &str =
    "0142c01effe100196742c01ed900a02ff97011000003000100000300320f162e4801000568cb83cb20";
/// x264, interlaced 4:2:2, 720 by 576 at 25.
const AVC_INTERLACED: &str =
    "017a001effe10018677a001ebcd940b424d8088000000300800000190f8a14cb01000668fba3cb22c0fef8f800";
/// x265, 1280 by 720.
const HEVC_720: &str = "0101600000009000000000005df000fcfdf8f800000f03a00001001840010c01ffff01600000030090000003000003005d959809a10001002b42010101600000030090000003000003005da00280802d165959a4932bc05a020000030002000003003c10a2000100074401c172b46240";
/// x265, 10 bit, 1920 by 1080: cropped from 1088 lines.
const HEVC_1080: &str = "01022000000090000000000078f000fcfdfafa00000f03a00001001840010c01ffff022000000300900000030000030078959809a10001002c420101022000000300900000030000030078a003c08010e4d96566924caf016808000003000800000300f040a2000100074401c172b46240";
/// SVT-AV1, 640 by 360.
const AV1_360: &str = "81010c000a0b0000000cc4ff6700be0010";

#[test]
fn avc_tells_its_cropped_size_and_rate() {
    let config = parse(Codec::Avc, AVC_1080);
    assert_eq!(video(&config), ("avc1.640028", 1920, 1080, Some(30.0)));
    assert_eq!(config.timescale(), 90_000);
    assert_eq!(
        video(&parse(Codec::Avc, AVC_360)),
        ("avc1.42c01e", 640, 360, Some(25.0))
    );
    assert_eq!(
        video(&parse(Codec::Avc, AVC_INTERLACED)),
        ("avc1.7a001e", 720, 576, Some(25.0))
    );
}

#[test]
fn avc_with_bytes_behind_its_parameter_sets_goes_on_without_them() {
    let mut record = hex(AVC_360);
    let whole = record.len();
    record.extend([0xde, 0xad]);
    let config = CodecConfig::parse(Codec::Avc, &record).unwrap();
    assert_eq!(config.record.len(), whole);
}

#[test]
fn avc_that_crops_everything_away_is_refused() {
    // 16 by 16 in baseline, cropped by 2 * (0 + 100) columns.
    let bits = concat!(
        "01000010", // profile 66
        "00000000",
        "00011110", // level 30
        "1",
        "1",
        "1",
        "1", // id, frame numbers, order type 0, its length
        "1",
        "0",
        "1",
        "1", // references, gaps, width, height
        "1",
        "1",
        "1", // frames, inference, cropping
        "1",
        "0000001100101",
        "1",
        "1", // left 0, right 100, top, bottom
        "0",
        "10000000"
    );
    let mut sps = vec![0x67];
    for at in (0..bits.len() / 8 * 8).step_by(8) {
        sps.push(u8::from_str_radix(&bits[at..at + 8], 2).unwrap());
    }
    let length = u8::try_from(sps.len()).unwrap();
    let mut record = vec![1, 66, 0, 30, 0xff, 0xe1, 0, length];
    record.extend(sps);
    record.extend([1, 0, 1, 0x68]);
    assert!(matches!(
        CodecConfig::parse(Codec::Avc, &record),
        Err(CodecConfigError::Dimensions {
            width: -184,
            height: 16
        })
    ));
}

#[test]
fn hevc_tells_its_cropped_size() {
    assert_eq!(
        video(&parse(Codec::Hevc, HEVC_720)),
        ("hvc1.1.6.L93.90", 1280, 720, None)
    );
    assert_eq!(
        video(&parse(Codec::Hevc, HEVC_1080)),
        ("hvc1.2.4.L120.90", 1920, 1080, None)
    );
}

#[test]
fn av1_tells_its_size() {
    assert_eq!(
        video(&parse(Codec::Av1, AV1_360)),
        ("av01.0.01M.08", 640, 360, None)
    );
    // Without its sequence header nobody knows how large the picture is.
    assert!(matches!(
        CodecConfig::parse(Codec::Av1, &hex("81010c00")),
        Err(CodecConfigError::NoSequenceHeader)
    ));
}

#[test]
fn aac_tells_rate_and_channels() {
    for (record, expected) in [
        ("119056e500", ("mp4a.40.2", 48_000, 2, 1024)),
        ("1210", ("mp4a.40.2", 44_100, 2, 1024)),
        ("11b056e500", ("mp4a.40.2", 48_000, 6, 1024)),
        ("11b856e500", ("mp4a.40.2", 48_000, 8, 1024)),
        // The rate in full: index 15, 44 100 Hz, two channels.
        ("1780562210", ("mp4a.40.2", 44_100, 2, 1024)),
        // HE-AAC, hierarchical: a core of 24 kHz, output at 48.
        ("2b118800", ("mp4a.40.5", 24_000, 2, 1024)),
        // HE-AAC version 2, hierarchical: a mono core that comes out stereo.
        ("eb098800", ("mp4a.40.29", 24_000, 2, 1024)),
        // HE-AAC, backward compatible: the sync word says SBR at 48 kHz.
        ("131056e598", ("mp4a.40.5", 24_000, 2, 1024)),
    ] {
        assert_eq!(audio(&parse(Codec::Aac, record)), expected, "{record}");
    }
    // AAC Main, and a sample rate of zero.
    assert!(matches!(
        CodecConfig::parse(Codec::Aac, &hex("0990")),
        Err(CodecConfigError::AacObjectType(1))
    ));
    assert!(matches!(
        CodecConfig::parse(Codec::Aac, &hex("1780000010")),
        Err(CodecConfigError::SampleRate(0))
    ));
}

#[test]
fn opus_turns_from_little_to_big_endian() {
    let stereo = parse(Codec::Opus, "4f707573486561640102380180bb0000000000");
    assert_eq!(audio(&stereo), ("opus", 48_000, 2, 960));
    assert_eq!(stereo.record[..], hex("000201380000bb80000000"));
    let surround = parse(
        Codec::Opus,
        "4f707573486561640106380180bb00000000010402000401020305",
    );
    assert_eq!(audio(&surround), ("opus", 48_000, 6, 960));
    assert_eq!(
        surround.record[..],
        hex("000601380000bb800000010402000401020305")
    );
    // A table that names channels which no stream decodes to.
    assert!(
        CodecConfig::parse(
            Codec::Opus,
            &hex("4f707573486561640106380180bb00000000010402000401020399")
        )
        .is_err()
    );
}

#[test]
fn every_cut_of_a_configuration_is_an_error_or_still_sound() {
    for (codec, record) in [
        (Codec::Avc, AVC_1080),
        (Codec::Avc, AVC_INTERLACED),
        (Codec::Hevc, HEVC_720),
        (Codec::Av1, AV1_360),
        (Codec::Aac, "2b118800"),
        (Codec::Opus, "4f707573486561640102380180bb0000000000"),
    ] {
        let record = hex(record);
        for end in 0..record.len() {
            if let Ok(config) = CodecConfig::parse(codec, &record[..end]) {
                assert!(config.timescale() > 0);
            }
        }
    }
    assert!(matches!(
        CodecConfig::parse(Codec::Avc, &vec![0; MAX_RECORD + 1]),
        Err(CodecConfigError::TooLong(65_537))
    ));
}
