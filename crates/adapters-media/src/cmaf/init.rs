//! Init segments: `ftyp` and `moov` of one track (ISO/IEC 23000-19 §7).

use crate::codec::{Codec, CodecConfig, MediaParams};
use bytes::{Bytes, BytesMut};
use mp4_atom::{
    Atom as _, Audio, Av01, Av1c, Avc1, Avcc, Dinf, Dops, Dref, DrefEntry, Encode as _, Esds, Ftyp,
    Hdlr, Hvc1, Hvcc, Mdhd, Mdia, Minf, Moov, Mp4a, Mvex, Mvhd, Opus, Smhd, Stbl, Stco, Stsd, Tkhd,
    Trak, Trex, Visual, Vmhd, esds,
};

/// Every rendition is a file of its own, so that its only track has the same id everywhere.
pub(super) const TRACK_ID: u32 = 1;

/// A codec's configuration cannot be written as an MP4 sample entry.
#[derive(Debug, thiserror::Error)]
#[error("the codec configuration cannot be carried in MP4")]
pub struct InitError(#[source] mp4_atom::Error);

impl From<mp4_atom::Error> for InitError {
    fn from(error: mp4_atom::Error) -> Self {
        Self(error)
    }
}

/// Writes the init segment of a track with this configuration.
pub(super) fn init_segment(config: &CodecConfig) -> Result<Bytes, InitError> {
    let mut out = BytesMut::new();
    Ftyp {
        major_brand: b"iso6".into(),
        minor_version: 0,
        compatible_brands: vec![b"iso6".into(), b"cmfc".into(), b"mp41".into()],
    }
    .encode(&mut out)?;
    Moov {
        mvhd: Mvhd {
            timescale: 1000,
            rate: 1.into(),
            volume: 1.into(),
            next_track_id: TRACK_ID + 1,
            ..Default::default()
        },
        mvex: Some(Mvex {
            mehd: None,
            trex: vec![Trex {
                track_id: TRACK_ID,
                default_sample_description_index: 1,
                ..Default::default()
            }],
        }),
        trak: vec![track(config)?],
        ..Default::default()
    }
    .encode(&mut out)?;
    Ok(out.freeze())
}

fn track(config: &CodecConfig) -> Result<Trak, InitError> {
    let (width, height) = match config.media {
        MediaParams::Video { width, height, .. } => (width, height),
        MediaParams::Audio { .. } => (0, 0),
    };
    let video = matches!(config.media, MediaParams::Video { .. });
    Ok(Trak {
        tkhd: Tkhd {
            track_id: TRACK_ID,
            enabled: true,
            in_movie: true,
            width: width.into(),
            height: height.into(),
            volume: if video { 0.into() } else { 1.into() },
            ..Default::default()
        },
        mdia: Mdia {
            mdhd: Mdhd {
                timescale: config.timescale(),
                language: "und".into(),
                ..Default::default()
            },
            hdlr: Hdlr {
                handler: if video {
                    b"vide".into()
                } else {
                    b"soun".into()
                },
                name: if video {
                    "video".into()
                } else {
                    "audio".into()
                },
            },
            minf: Minf {
                vmhd: video.then(Vmhd::default),
                smhd: (!video).then(Smhd::default),
                // An empty data reference is refused by ffmpeg ("error reading header").
                dinf: Dinf {
                    dref: Dref {
                        entries: vec![DrefEntry::Url(mp4_atom::Url::default())],
                    },
                },
                stbl: Stbl {
                    stsd: Stsd {
                        codecs: vec![sample_entry(config)?],
                    },
                    stco: Some(Stco::default()),
                    ..Default::default()
                },
                ..Default::default()
            },
        },
        ..Default::default()
    })
}

fn sample_entry(config: &CodecConfig) -> Result<mp4_atom::Codec, InitError> {
    let mut record = &config.record[..];
    let visual = match config.media {
        MediaParams::Video { width, height, .. } => Visual {
            data_reference_index: 1,
            width,
            height,
            ..Default::default()
        },
        MediaParams::Audio { .. } => Visual::default(),
    };
    let audio = match config.media {
        MediaParams::Audio {
            sample_rate,
            channels,
            ..
        } => Audio {
            data_reference_index: 1,
            channel_count: channels,
            sample_size: 16,
            // The field has 16 bits; rates above are told by the codec's own record.
            sample_rate: u16::try_from(sample_rate).unwrap_or(0).into(),
        },
        MediaParams::Video { .. } => Audio {
            data_reference_index: 1,
            channel_count: 0,
            sample_size: 16,
            sample_rate: 0.into(),
        },
    };
    Ok(match config.codec {
        Codec::Avc => Avc1 {
            visual,
            avcc: Avcc::decode_body(&mut record)?,
            ..Default::default()
        }
        .into(),
        Codec::Hevc => Hvc1 {
            visual,
            hvcc: Hvcc::decode_body(&mut record)?,
            ..Default::default()
        }
        .into(),
        Codec::Av1 => Av01 {
            visual,
            av1c: Av1c::decode_body(&mut record)?,
            ..Default::default()
        }
        .into(),
        Codec::Aac => Mp4a {
            audio,
            esds: Esds {
                es_desc: esds::EsDescriptor {
                    es_id: 1,
                    dec_config: esds::DecoderConfig {
                        object_type_indication: 0x40, // MPEG-4 audio
                        stream_type: 5,               // audio
                        dec_specific: Some(esds::DecoderSpecific {
                            raw: config.record.to_vec(),
                            ..Default::default()
                        }),
                        ..Default::default()
                    },
                    ..Default::default()
                },
            },
            btrt: None,
            taic: None,
        }
        .into(),
        Codec::Opus => Opus {
            audio,
            dops: Dops::decode_body(&mut record)?,
            btrt: None,
        }
        .into(),
    })
}
