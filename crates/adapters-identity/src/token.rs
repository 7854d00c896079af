//! Tokens of the host platform (RFC 7519), verified by shared secrets or by its published
//! keys (RFC 7517).
//!
//! Which algorithm a key serves follows from the key, never from the token (RFC 8725, 3.1):
//! shared secrets serve HS256 alone, and a key set has no shared secrets.

mod claims;
mod jwks;
mod jws;
mod keys;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use greenroom_domain::account::{TokenError, TokenVerifier, VerifiedToken};
use greenroom_domain::shared::clock::Timestamp;
use zeroize::Zeroizing;

pub use claims::{ClaimNames, ClaimRule, ClaimRuleError};
pub use keys::KeysError;

use claims::Expected;
use jwks::{FetchedKeys, Source};
use jws::Jws;
use keys::{KeySet, Verdict};

/// The host platform as it is configured.
#[derive(Debug, Clone)]
pub struct HostTokensConfig {
    /// What `iss` must be.
    pub issuer: String,
    /// What `aud` must have one of; at least one.
    pub audience: Vec<String>,
    /// What tokens are verified with.
    pub keys: HostKeys,
    /// How far the platform's clock may be off; see [`HostTokensConfig::LEEWAY`].
    pub leeway: Duration,
    /// Where to find what Greenroom wants to know.
    pub claims: ClaimNames,
}

impl HostTokensConfig {
    /// How far clocks may be apart, where nothing else is configured.
    pub const LEEWAY: Duration = Duration::from_secs(30);
}

/// What tokens are verified with.
#[derive(Debug, Clone)]
pub enum HostKeys {
    /// HS256 under any of these, so that one can be replaced by the next without a gap.
    Secrets(Vec<HostSecret>),
    /// RS256, ES256 and `EdDSA` (Ed25519) under the keys of this JWK set.
    Jwks(String),
    /// The same, from a file that may be replaced while the server runs.
    JwksFile(PathBuf),
    /// The same, from the platform itself.
    JwksUrl {
        /// Where; a redirect is not followed.
        url: String,
        /// Allows `http` beyond this machine. Whoever can alter the answer on its way can
        /// sign in as anybody.
        allow_plain_http: bool,
    },
}

/// A secret shared with the host platform.
#[derive(Clone)]
pub struct HostSecret(Zeroizing<Vec<u8>>);

impl HostSecret {
    /// The shortest that is accepted, in bytes (RFC 7518, 3.2).
    pub const MIN_LEN: usize = 32;

    /// Takes a secret's bytes.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, HostTokensError> {
        let bytes = Zeroizing::new(bytes.into());
        if bytes.len() < Self::MIN_LEN {
            return Err(HostTokensError::ShortSecret);
        }
        Ok(Self(bytes))
    }
}

impl fmt::Debug for HostSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HostSecret(…)")
    }
}

/// The host platform is configured in a way that cannot work, or would not be safe.
#[derive(Debug, thiserror::Error)]
pub enum HostTokensError {
    /// Any token would do.
    #[error("the issuer of the host platform's tokens is missing")]
    NoIssuer,
    /// Tokens made for other services would do.
    #[error("the audience of the host platform's tokens is missing")]
    NoAudience,
    /// Nothing to verify with.
    #[error("there is no secret to verify the host platform's tokens with")]
    NoSecret,
    /// It can be guessed.
    #[error("a secret for HS256 has {} bytes or more", HostSecret::MIN_LEN)]
    ShortSecret,
    /// The address is none, or neither `https` nor `http`.
    #[error("the address of the JWK set is not an http address")]
    BadUrl,
    /// The answer could be altered on its way.
    #[error("the address of the JWK set is not https")]
    PlainHttp,
    /// There are no root certificates, for example.
    #[error("the HTTP client for the JWK set cannot be made")]
    Client(#[source] reqwest::Error),
    /// The JWK set is of no use.
    #[error("the JWK set cannot be used")]
    Keys(#[source] KeysError),
}

/// Verifies the host platform's tokens.
#[derive(Debug)]
pub struct HostTokens {
    keys: Keys,
    expected: Expected,
}

#[derive(Debug)]
enum Keys {
    Fixed(KeySet),
    Fetched(FetchedKeys),
}

impl HostTokens {
    /// Verifies as configured. A key set is read now where it is at hand (given, or in a
    /// file), so that a mistake shows at once; from an address it is fetched when the first
    /// token comes, because the platform may start after us.
    pub fn new(config: HostTokensConfig) -> Result<Self, HostTokensError> {
        let HostTokensConfig {
            issuer,
            audience,
            keys,
            leeway,
            claims,
        } = config;
        if issuer.is_empty() {
            return Err(HostTokensError::NoIssuer);
        }
        if audience.is_empty() || audience.iter().any(String::is_empty) {
            return Err(HostTokensError::NoAudience);
        }
        let keys = match keys {
            HostKeys::Secrets(secrets) if secrets.is_empty() => {
                return Err(HostTokensError::NoSecret);
            }
            HostKeys::Secrets(secrets) => Keys::Fixed(KeySet::of_secrets(
                secrets.iter().map(|secret| secret.0.as_slice()),
            )),
            HostKeys::Jwks(json) => {
                Keys::Fixed(KeySet::parse(json.as_bytes()).map_err(HostTokensError::Keys)?)
            }
            HostKeys::JwksFile(path) => {
                jwks::read_file(&path).map_err(HostTokensError::Keys)?;
                Keys::Fetched(FetchedKeys::new(Source::File(path)))
            }
            HostKeys::JwksUrl {
                url,
                allow_plain_http,
            } => Keys::Fetched(FetchedKeys::new(Source::at_url(&url, allow_plain_http)?)),
        };
        Ok(Self {
            keys,
            expected: Expected {
                issuer,
                audience,
                leeway,
                names: claims,
            },
        })
    }
}

#[async_trait]
impl TokenVerifier for HostTokens {
    async fn verify(&self, token: &str, now: Timestamp) -> Result<VerifiedToken, TokenError> {
        let jws = Jws::parse(token).ok_or(TokenError::Invalid)?;
        let verdict = match &self.keys {
            Keys::Fixed(keys) => keys.judge(&jws),
            Keys::Fetched(keys) => keys
                .judge(&jws, now)
                .await
                .map_err(|error| TokenError::Unavailable(Box::new(error)))?,
        };
        match verdict {
            Verdict::Signed => self.expected.check(&jws.claims, now),
            Verdict::Forged | Verdict::UnknownKey => Err(TokenError::Invalid),
        }
    }
}
