//! Signs tokens of every kind: what a host platform, or an attacker, would do.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

#[derive(Clone)]
pub(crate) enum Signer {
    Hs256 {
        id: Option<String>,
        secret: Vec<u8>,
    },
    Rs256 {
        id: Option<String>,
        key: Arc<RsaKeyPair>,
    },
    Es256 {
        id: Option<String>,
        key: Arc<EcdsaKeyPair>,
    },
    EdDsa {
        id: Option<String>,
        key: Arc<Ed25519KeyPair>,
    },
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.algorithm())
    }
}

impl Signer {
    pub(crate) fn hs256(secret: &[u8]) -> Self {
        let secret = secret.to_vec();
        Self::Hs256 { id: None, secret }
    }

    pub(crate) fn rs256(id: &str) -> Self {
        let key = Arc::new(RsaKeyPair::generate(KeySize::Rsa2048).unwrap());
        let id = Some(id.to_owned());
        Self::Rs256 { id, key }
    }

    pub(crate) fn es256(id: &str) -> Self {
        let key = Arc::new(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap());
        let id = Some(id.to_owned());
        Self::Es256 { id, key }
    }

    pub(crate) fn eddsa(id: &str) -> Self {
        let key = Arc::new(Ed25519KeyPair::generate().unwrap());
        let id = Some(id.to_owned());
        Self::EdDsa { id, key }
    }

    pub(crate) fn with_id(mut self, new: Option<&str>) -> Self {
        match &mut self {
            Self::Hs256 { id, .. }
            | Self::Rs256 { id, .. }
            | Self::Es256 { id, .. }
            | Self::EdDsa { id, .. } => *id = new.map(str::to_owned),
        }
        self
    }

    pub(crate) fn clone_without_id(&self) -> Self {
        self.clone().with_id(None)
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        let mut header = json!({ "alg": self.algorithm(), "typ": "JWT" });
        if let Some(id) = self.id() {
            header["kid"] = json!(id);
        }
        self.sign_as(&header, claims)
    }

    /// Signs whatever the header says.
    pub(crate) fn sign_as(&self, header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", encode(header), encode(claims));
        let bytes = message.as_bytes();
        let random = SystemRandom::new();
        let signature = match self {
            Self::Hs256 { secret, .. } => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
                hmac::sign(&key, bytes).as_ref().to_vec()
            }
            Self::Rs256 { key, .. } => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, bytes, &mut signature)
                    .unwrap();
                signature
            }
            Self::Es256 { key, .. } => key.sign(&random, bytes).unwrap().as_ref().to_vec(),
            Self::EdDsa { key, .. } => key.sign(bytes).as_ref().to_vec(),
        };
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// As a key set publishes it.
    pub(crate) fn jwk(&self) -> Value {
        let base64 = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut jwk = match self {
            Self::Hs256 { secret, .. } => json!({ "kty": "oct", "k": base64(secret) }),
            Self::Rs256 { key, .. } => {
                let public = key.public_key();
                json!({
                    "kty": "RSA",
                    "n": base64(public.modulus().big_endian_without_leading_zero()),
                    "e": base64(public.exponent().big_endian_without_leading_zero()),
                })
            }
            Self::Es256 { key, .. } => {
                let (x, y) = key.public_key().as_ref()[1..].split_at(32);
                json!({ "kty": "EC", "crv": "P-256", "x": base64(x), "y": base64(y) })
            }
            Self::EdDsa { key, .. } => {
                json!({ "kty": "OKP", "crv": "Ed25519", "x": base64(key.public_key().as_ref()) })
            }
        };
        jwk["use"] = json!("sig");
        jwk["alg"] = json!(self.algorithm());
        if let Some(id) = self.id() {
            jwk["kid"] = json!(id);
        }
        jwk
    }

    /// The public key as X.509 writes it.
    pub(crate) fn public_der(&self) -> Vec<u8> {
        match self {
            Self::Hs256 { .. } => panic!("a secret has no public part"),
            Self::Rs256 { key, .. } => key.public_key().as_der().unwrap().as_ref().to_vec(),
            Self::Es256 { key, .. } => key.public_key().as_der().unwrap().as_ref().to_vec(),
            Self::EdDsa { key, .. } => key.public_key().as_der().unwrap().as_ref().to_vec(),
        }
    }

    fn algorithm(&self) -> &'static str {
        match self {
            Self::Hs256 { .. } => "HS256",
            Self::Rs256 { .. } => "RS256",
            Self::Es256 { .. } => "ES256",
            Self::EdDsa { .. } => "EdDSA",
        }
    }

    fn id(&self) -> Option<&str> {
        match self {
            Self::Hs256 { id, .. }
            | Self::Rs256 { id, .. }
            | Self::Es256 { id, .. }
            | Self::EdDsa { id, .. } => id.as_deref(),
        }
    }
}

/// A part of a token.
pub(crate) fn encode(json: &Value) -> String {
    URL_SAFE_NO_PAD.encode(json.to_string())
}
