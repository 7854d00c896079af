//! A movie fragment: `moof` and `mdat` of one part (ISO/IEC 14496-12 §8.8).
//!
//! Written by hand because it is the one thing made four times a second per track and stream:
//! one allocation, and each payload byte is copied once.

use bytes::{BufMut, Bytes, BytesMut};

/// One access unit inside a part, its times in ticks of the track's timescale.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) duration: u32,
    /// Presentation time minus decode time.
    pub(super) composition: i32,
    pub(super) sync: bool,
    pub(super) data: Bytes,
}

/// ISO/IEC 14496-12 §8.8.3.1: depends on no other sample, may be a random access point.
const SYNC: u32 = 0x0200_0000;
/// Depends on others and is no random access point.
const NON_SYNC: u32 = 0x0101_0000;

const MFHD: usize = 16;
const TFHD: usize = 16;
const TFDT: usize = 20;
const TRUN_HEAD: usize = 20;
const TRUN_ENTRY: usize = 16;

/// Writes the part that starts at `decode_time` and holds `samples` in decode order.
pub(super) fn fragment(number: u32, decode_time: u64, samples: &[Sample]) -> Bytes {
    let payload: usize = samples.iter().map(|sample| sample.data.len()).sum();
    let trun = TRUN_HEAD + TRUN_ENTRY * samples.len();
    let traf = 8 + TFHD + TFDT + trun;
    let moof = 8 + MFHD + traf;

    let mut out = BytesMut::with_capacity(moof + 8 + payload);
    header(&mut out, moof, *b"moof");
    header(&mut out, MFHD, *b"mfhd");
    out.put_u32(0);
    out.put_u32(number);
    header(&mut out, traf, *b"traf");
    header(&mut out, TFHD, *b"tfhd");
    out.put_u32(0x02_0000); // default-base-is-moof
    out.put_u32(super::init::TRACK_ID);
    header(&mut out, TFDT, *b"tfdt");
    out.put_u32(0x0100_0000); // version 1: 64 bits
    out.put_u64(decode_time);
    header(&mut out, trun, *b"trun");
    // Version 1 (signed composition offsets); offset, duration, size, flags and composition given.
    out.put_u32(0x0100_0f01);
    out.put_u32(size32(samples.len()));
    out.put_u32(size32(moof + 8));
    for sample in samples {
        out.put_u32(sample.duration);
        out.put_u32(size32(sample.data.len()));
        out.put_u32(if sample.sync { SYNC } else { NON_SYNC });
        out.put_i32(sample.composition);
    }
    header(&mut out, 8 + payload, *b"mdat");
    for sample in samples {
        out.put_slice(&sample.data);
    }
    out.freeze()
}

fn header(out: &mut BytesMut, size: usize, kind: [u8; 4]) {
    out.put_u32(size32(size));
    out.put_slice(&kind);
}

/// The packager's byte limits keep every part far below 4 GiB.
fn size32(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mp4_atom::{Decode, Mdat, Moof, TrunSamples};

    #[test]
    fn reads_back_with_an_independent_parser() {
        let sample = |sync, composition, data: &'static [u8]| Sample {
            duration: 3000,
            composition,
            sync,
            data: Bytes::from_static(data),
        };
        let part = fragment(
            7,
            1 << 40,
            &[sample(true, 0, b"key"), sample(false, -3000, b"b")],
        );
        let mut rest = &part[..];
        let moof = Moof::decode(&mut rest).expect("moof");
        let offset = part.len() - rest.len() + 8;
        let mdat = Mdat::decode(&mut rest).expect("mdat");
        assert_eq!(mdat.data, b"keyb");
        assert!(rest.is_empty());
        assert_eq!(moof.mfhd.sequence_number, 7);
        let traf = &moof.traf[0];
        assert_eq!(
            traf.tfdt.as_ref().map(|t| t.base_media_decode_time),
            Some(1 << 40)
        );
        assert_eq!(traf.trun[0].data_offset, i32::try_from(offset).ok());
        let TrunSamples::Explicit(entries) = &traf.trun[0].samples else {
            panic!("explicit samples expected")
        };
        assert_eq!(entries[1].cts, Some(-3000));
        assert_eq!(entries[0].flags, Some(SYNC));
        assert_eq!(entries[1].size, Some(1));
    }
}
