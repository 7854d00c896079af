//! Keys, and what they say about a token.

use std::fmt;
use std::io;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::crypto::aws_lc;
use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse,
};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;

use super::jws::Jws;

/// The most keys a set may have: a token without a key id is tried against all of them.
const MAX_KEYS: usize = 64;

/// The keys cannot be had, or are of no use.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The file cannot be read.
    #[error("{} cannot be read", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// No answer, or none in time.
    #[error("the JWK set could not be fetched")]
    Request(#[source] reqwest::Error),
    /// An answer, but not the keys.
    #[error("the server of the JWK set answered with status {0}")]
    Status(u16),
    /// It is longer than any honest set.
    #[error("the JWK set is too long")]
    TooLong,
    /// It is no JWK set.
    #[error("the JWK set is malformed (line {line}, column {column})")]
    Malformed {
        /// Where, from 1.
        line: usize,
        /// Where in the line, from 1.
        column: usize,
    },
    /// None of its keys is an RSA key of 2048 to 8192 bits, a P-256 key or an Ed25519 key for
    /// signatures.
    #[error("the JWK set has no key for RS256, ES256 or EdDSA")]
    NoUsableKey,
    /// It has too many.
    #[error("the JWK set has more than {MAX_KEYS} keys")]
    TooManyKeys,
    /// The runtime ends.
    #[error("the server is stopping")]
    Stopping,
}

/// What a set of keys says about a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// One of them signed it.
    Signed,
    /// The one that it names did not sign it.
    Forged,
    /// The one that signed it may be one that is not here.
    UnknownKey,
}

#[derive(Debug)]
pub(super) struct KeySet(Vec<Key>);

struct Key {
    id: Option<String>,
    algorithm: Algorithm,
    verifying: DecodingKey,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({:?}, {:?})", self.id, self.algorithm)
    }
}

impl KeySet {
    pub(super) fn of_secrets<'a>(secrets: impl Iterator<Item = &'a [u8]>) -> Self {
        let key = |secret| Key {
            id: None,
            algorithm: Algorithm::HS256,
            verifying: DecodingKey::from_secret(secret),
        };
        Self(secrets.map(key).collect())
    }

    /// Takes the keys that it knows what to do with; the others are left out (RFC 7517, 5).
    pub(super) fn parse(json: &[u8]) -> Result<Self, KeysError> {
        #[derive(Deserialize)]
        struct Document {
            keys: Vec<serde_json::Value>,
        }

        let document: Document =
            serde_json::from_slice(json).map_err(|error| KeysError::Malformed {
                line: error.line(),
                column: error.column(),
            })?;
        if document.keys.len() > MAX_KEYS {
            return Err(KeysError::TooManyKeys);
        }
        let keys: Vec<_> = document
            .keys
            .into_iter()
            .filter_map(|key| serde_json::from_value(key).ok())
            .filter_map(|key| Key::of_jwk(&key))
            .collect();
        if keys.is_empty() {
            return Err(KeysError::NoUsableKey);
        }
        Ok(Self(keys))
    }

    pub(super) fn judge(&self, jws: &Jws<'_>) -> Verdict {
        let mut named = false;
        for key in self.0.iter().filter(|key| key.may_have_signed(jws)) {
            if key.signed(jws) {
                return Verdict::Signed;
            }
            named |= jws.key_id.is_some();
        }
        if named {
            Verdict::Forged
        } else {
            Verdict::UnknownKey
        }
    }
}

impl Key {
    fn of_jwk(jwk: &Jwk) -> Option<Self> {
        let common = &jwk.common;
        let signs = matches!(common.public_key_use, None | Some(PublicKeyUse::Signature))
            && common
                .key_operations
                .as_ref()
                .is_none_or(|operations| operations.contains(&KeyOperations::Verify));
        let algorithm = match &jwk.algorithm {
            AlgorithmParameters::RSA(key) if (256..=1024).contains(&length(&key.n)?) => {
                Algorithm::RS256
            }
            AlgorithmParameters::EllipticCurve(key)
                if key.curve == EllipticCurve::P256
                    && length(&key.x)? == 32
                    && length(&key.y)? == 32 =>
            {
                Algorithm::ES256
            }
            AlgorithmParameters::OctetKeyPair(key)
                if key.curve == EllipticCurve::Ed25519 && length(&key.x)? == 32 =>
            {
                Algorithm::EdDSA
            }
            // A shared secret has no place in what is published.
            _ => return None,
        };
        let serves = common
            .key_algorithm
            .is_none_or(|stated| stated == KeyAlgorithm::from(algorithm));
        if !(signs && serves) {
            return None;
        }
        Some(Self {
            id: common.key_id.clone(),
            algorithm,
            verifying: DecodingKey::from_jwk(jwk).ok()?,
        })
    }

    fn may_have_signed(&self, jws: &Jws<'_>) -> bool {
        self.algorithm == jws.algorithm
            && match (&self.id, &jws.key_id) {
                (Some(ours), Some(theirs)) => ours == theirs,
                _ => true,
            }
    }

    /// Asks AWS-LC by name: the crate's default is one for the whole process, and a program
    /// that we are embedded in may have chosen another or, through features, none at all.
    fn signed(&self, jws: &Jws<'_>) -> bool {
        (aws_lc::DEFAULT_PROVIDER.verifier_factory)(&self.algorithm, &self.verifying)
            .is_ok_and(|verifier| verifier.verify(jws.message, &jws.signature).is_ok())
    }
}

fn length(base64url: &str) -> Option<usize> {
    Some(URL_SAFE_NO_PAD.decode(base64url).ok()?.len())
}
