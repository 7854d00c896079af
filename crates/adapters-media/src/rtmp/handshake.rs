//! The plain handshake (section 5.2): no digests, which nobody but Flash
//! players asked for.

use bytes::{Buf as _, BufMut as _, BytesMut};

const VERSION: u8 = 3;
const BLOCK: usize = 1536;

/// Why a peer is not greeted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// The first byte is not version 3: no RTMP, or its encrypted variant.
    #[error("the peer does not speak plain RTMP (version byte {0:#04x})")]
    Version(u8),
}

/// Where the handshake is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Handshake {
    /// Waiting for C0 and C1.
    Hello,
    /// Answered; waiting for C2.
    Echo,
    /// Over.
    Done,
}

impl Handshake {
    /// Goes as far as the bytes allow; true when it is over.
    pub(super) fn advance(
        &mut self,
        input: &mut BytesMut,
        out: &mut BytesMut,
    ) -> Result<bool, HandshakeError> {
        if *self == Self::Hello {
            // Refused at the first byte already: an HTTP client waits otherwise.
            match input.first() {
                Some(&VERSION) => {}
                Some(&other) => return Err(HandshakeError::Version(other)),
                None => return Ok(false),
            }
            if input.len() < 1 + BLOCK {
                return Ok(false);
            }
            input.advance(1);
            out.reserve(1 + 2 * BLOCK);
            out.put_u8(VERSION);
            // S1: time and version zero, then bytes that peers only send back.
            out.put_bytes(0, 8);
            out.put_bytes(0x5a, BLOCK - 8);
            // S2 is C1.
            out.put_slice(&input[..BLOCK]);
            input.advance(BLOCK);
            *self = Self::Echo;
        }
        if *self == Self::Echo {
            if input.len() < BLOCK {
                return Ok(false);
            }
            input.advance(BLOCK);
            *self = Self::Done;
        }
        Ok(true)
    }
}
