//! A token taken apart (RFC 7515, compact serialization), not believed yet.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, decode_header};
use serde_json::{Map, Value};

/// The longest token that is looked at, in bytes.
const MAX_LEN: usize = 8 * 1024;

pub(super) struct Jws<'a> {
    pub(super) algorithm: Algorithm,
    pub(super) key_id: Option<String>,
    /// Header and payload as they were signed.
    pub(super) message: &'a [u8],
    pub(super) signature: Vec<u8>,
    /// To be read once the signature is verified.
    pub(super) claims: Map<String, Value>,
}

impl<'a> Jws<'a> {
    /// `None` where it cannot be a token: too long, not three parts, an algorithm that
    /// nobody signs with here (`none` among them), an extension that must be understood and
    /// is not (RFC 7515, 4.1.11).
    pub(super) fn parse(token: &'a str) -> Option<Self> {
        if token.len() > MAX_LEN {
            return None;
        }
        let header = decode_header(token).ok()?;
        if header.crit.is_some() {
            return None;
        }
        let (message, signature) = token.rsplit_once('.')?;
        let (_, payload) = message.split_once('.')?;
        Some(Self {
            algorithm: header.alg,
            key_id: header.kid,
            message: message.as_bytes(),
            signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
            claims: serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?,
        })
    }
}
