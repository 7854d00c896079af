//! Passwords, secrets and tokens that cost nothing and protect nothing.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use greenroom_domain::account::{
    Password, PasswordError, PasswordHash, Passwords, Subject, TokenError, TokenVerifier,
    VerifiedToken,
};
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::secret::{Mac, OpenError, Purpose, Sealed, SecretBox};

use crate::ids::mix;

/// Keeps passwords as they are.
#[derive(Debug, Clone, Copy, Default)]
pub struct PlainPasswords;

#[async_trait]
impl Passwords for PlainPasswords {
    async fn hash(
        &self,
        password: Password,
        salt: [u8; 16],
    ) -> Result<PasswordHash, PasswordError> {
        let salt = u128::from_be_bytes(salt);
        Ok(PasswordHash(format!(
            "$plain${salt:032x}${}",
            password.expose()
        )))
    }

    async fn verify(
        &self,
        password: Password,
        hash: Option<PasswordHash>,
    ) -> Result<bool, PasswordError> {
        let right = hash.and_then(|hash| {
            let (_, kept) = hash.0.strip_prefix("$plain$")?.split_once('$')?;
            Some(kept == password.expose())
        });
        Ok(right.unwrap_or(false))
    }
}

/// Seals by turning bits over, and hashes with no key.
#[derive(Debug, Clone, Copy, Default)]
pub struct GlassBox;

impl SecretBox for GlassBox {
    fn seal(&self, purpose: Purpose, plain: &[u8]) -> Sealed {
        let mut bytes = purpose.label().as_bytes().to_vec();
        bytes.push(0);
        bytes.extend(plain.iter().map(|byte| !byte));
        Sealed(bytes)
    }

    fn open(&self, purpose: Purpose, sealed: &Sealed) -> Result<Vec<u8>, OpenError> {
        let rest = sealed.0.strip_prefix(purpose.label().as_bytes());
        let rest = rest.and_then(|rest| rest.strip_prefix(&[0]));
        let rest = rest.ok_or(OpenError::Damaged)?;
        Ok(rest.iter().map(|byte| !byte).collect())
    }

    fn mac(&self, purpose: Purpose, bytes: &[u8]) -> Mac {
        let mut mac = [0; 32];
        for (salt, part) in (0..).zip(mac.chunks_exact_mut(8)) {
            let hash = purpose
                .label()
                .bytes()
                .chain([0])
                .chain(bytes.iter().copied())
                .fold(mix(salt), |state, byte| mix(state ^ u64::from(byte)));
            part.copy_from_slice(&hash.to_be_bytes());
        }
        Mac(mac)
    }
}

/// Knows the tokens that the test has given it, and no other.
#[derive(Debug, Default)]
pub struct KnownTokens(Mutex<HashMap<String, VerifiedToken>>);

impl KnownTokens {
    /// From now on this token is good, and says this.
    pub fn add(&self, token: &str, says: VerifiedToken) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(token.to_owned(), says);
    }
}

/// What a token of this subject says, until then: no name, no rights.
pub fn says(subject: &str, expires_at: Timestamp) -> VerifiedToken {
    VerifiedToken {
        subject: Subject {
            issuer: "https://host.example".to_owned(),
            subject: subject.to_owned(),
        },
        name: None,
        is_admin: None,
        is_creator: false,
        expires_at,
    }
}

#[async_trait]
impl TokenVerifier for KnownTokens {
    async fn verify(&self, token: &str, now: Timestamp) -> Result<VerifiedToken, TokenError> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match known.get(token) {
            None => Err(TokenError::Invalid),
            Some(says) if says.expires_at <= now => Err(TokenError::Expired),
            Some(says) => Ok(says.clone()),
        }
    }
}
