//! A bit reader for parameter sets, with the variable-length codes of AVC,
//! HEVC and AV1. It never panics and never reads past the end.

use super::CodecConfigError;

pub(super) struct BitReader<'a> {
    data: &'a [u8],
    /// In bits from the start.
    at: usize,
}

impl<'a> BitReader<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0 }
    }

    pub(super) fn flag(&mut self) -> Result<bool, CodecConfigError> {
        let byte = self
            .data
            .get(self.at / 8)
            .ok_or(CodecConfigError::Truncated)?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Ok(bit == 1)
    }

    /// The next `count` bits, at most 32.
    pub(super) fn bits(&mut self, count: u32) -> Result<u32, CodecConfigError> {
        debug_assert!(count <= 32, "the caller asks for a field of the standard");
        let mut value = 0;
        for _ in 0..count {
            value = value << 1 | u32::from(self.flag()?);
        }
        Ok(value)
    }

    pub(super) fn skip(&mut self, count: usize) -> Result<(), CodecConfigError> {
        let at = self.at + count;
        if at > self.data.len() * 8 {
            return Err(CodecConfigError::Truncated);
        }
        self.at = at;
        Ok(())
    }

    /// Bits that are left.
    pub(super) fn left(&self) -> usize {
        self.data.len() * 8 - self.at
    }

    /// Unsigned Exp-Golomb code, `ue(v)` (H.264 section 9.1); also AV1's
    /// `uvlc()` for every value that occurs.
    pub(super) fn ue(&mut self) -> Result<u32, CodecConfigError> {
        let mut zeros = 0;
        while !self.flag()? {
            zeros += 1;
            if zeros > 31 {
                return Err(CodecConfigError::OutOfRange);
            }
        }
        Ok((1_u32 << zeros) - 1 + self.bits(zeros)?)
    }

    /// Signed Exp-Golomb code, `se(v)`.
    pub(super) fn se(&mut self) -> Result<i64, CodecConfigError> {
        let code = i64::from(self.ue()?);
        Ok(if code % 2 == 0 {
            -code / 2
        } else {
            code / 2 + 1
        })
    }
}

/// The payload of a NAL unit without its emulation prevention bytes (H.264
/// section 7.4.1.1: `00 00 03` stands for `00 00`).
pub(super) fn without_emulation_prevention(nal: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(nal.len());
    let mut zeros = 0;
    for &byte in nal {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        out.push(byte);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_golomb_codes_of_the_standards_table() {
        // 1 | 010 | 011 | 00100 | 00101 -> 0 1 2 3 4
        let data = [0b1010_0110, 0b0100_0010, 0b1000_0000];
        let mut bits = BitReader::new(&data);
        let values: Vec<_> = (0..5).map(|_| bits.ue().unwrap()).collect();
        assert_eq!(values, [0, 1, 2, 3, 4]);
        let mut bits = BitReader::new(&data);
        let values: Vec<_> = (0..5).map(|_| bits.se().unwrap()).collect();
        assert_eq!(values, [0, 1, -1, 2, -2]);
    }

    #[test]
    fn endless_zeros_are_out_of_range_and_not_a_panic() {
        let mut bits = BitReader::new(&[0; 64]);
        assert!(matches!(bits.ue(), Err(CodecConfigError::OutOfRange)));
    }

    #[test]
    fn emulation_prevention_is_removed_once_per_run() {
        assert_eq!(
            without_emulation_prevention(&[0, 0, 3, 0, 0, 3, 1, 3]),
            [0, 0, 0, 0, 1, 3]
        );
    }
}
