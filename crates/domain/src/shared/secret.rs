//! Secrets at rest and keyed hashes.

use std::fmt;

/// What a key is derived for, so that a ciphertext or a MAC of one use is worth nothing in
/// another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Stream keys, sealed for their owner and hashed to be found.
    StreamKey,
    /// Tokens of local sessions, hashed to be found.
    Session,
    /// Tokens of local sessions that one request opens once, made so that it can be answered
    /// again.
    SignIn,
    /// Playback grants, signed.
    Grant,
    /// Guest cookies, signed.
    Guest,
}

impl Purpose {
    /// The label that the purpose's key is derived with.
    pub const fn label(self) -> &'static str {
        match self {
            Self::StreamKey => "stream-key",
            Self::Session => "session",
            Self::SignIn => "sign-in",
            Self::Grant => "grant",
            Self::Guest => "guest",
        }
    }
}

/// A ciphertext that names the key it was sealed with.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(pub Vec<u8>);

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(…)")
    }
}

/// A keyed hash: finds and proves what it was made of, and gives nothing away.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(transparent)
)]
pub struct Mac(pub [u8; 32]);

impl Mac {
    /// Whether `given` is how this begins, in a time that does not tell where they differ.
    pub fn begins_with(&self, given: &[u8]) -> bool {
        let differing = self
            .0
            .iter()
            .zip(given)
            .fold(0, |all, (a, b)| all | (a ^ b));
        given.len() <= self.0.len() && differing == 0
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mac(…)")
    }
}

/// Holds the master key and does what needs it.
///
/// Promises: nothing that it was given appears in an error or a log; `open` gives back only
/// what `seal` was given for the same purpose, or fails; equal input to `mac` gives equal
/// output as long as the master key is the same.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait SecretBox: Send + Sync {
    /// Encrypts and authenticates.
    fn seal(&self, purpose: Purpose, plain: &[u8]) -> Sealed;

    /// Decrypts what `seal` made.
    fn open(&self, purpose: Purpose, sealed: &Sealed) -> Result<Vec<u8>, OpenError>;

    /// HMAC of the bytes under the purpose's own key.
    fn mac(&self, purpose: Purpose, bytes: &[u8]) -> Mac;
}

/// The secret could not be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It was sealed under another master key.
    #[error("the secret was sealed under another master key")]
    OtherKey,
    /// It was altered, or was never a sealed secret of this purpose.
    #[error("the sealed secret is damaged")]
    Damaged,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mac_begins_with_its_own_bytes_only() {
        let mac = Mac(std::array::from_fn(|i| u8::try_from(i).unwrap()));
        assert!(mac.begins_with(&mac.0[..12]));
        assert!(!mac.begins_with(&[0; 12]));
        assert!(!mac.begins_with(&[mac.0.as_slice(), &[0]].concat()));
    }
}
