//! Secrets at rest, sealed under keys derived from one master key.
//!
//! Each purpose has a key for sealing and one for keyed hashes, derived by HKDF-SHA256
//! (RFC 5869). Sealing is AES-256-GCM under a random nonce; a purpose's key may seal 2³²
//! secrets (NIST SP 800-38D, 8.3), far more than stream keys are ever made.

mod master_key;

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Prk, Salt};
use aws_lc_rs::hmac;
use greenroom_domain::shared::secret::{Mac, OpenError, Purpose, Sealed, SecretBox};
use zeroize::Zeroizing;

pub use master_key::{KEY_FILE, MasterKey, MasterKeyError};

/// The layout of what is sealed: this byte, the master key's id, the nonce, the ciphertext
/// with its tag. The first two are authenticated with the rest.
const VERSION: u8 = 1;
const KEY_ID_LEN: usize = 8;
const HEADER_LEN: usize = 1 + KEY_ID_LEN;

/// Seals, opens and hashes under a master key.
pub struct SealedBox {
    root: Prk,
    key_id: [u8; KEY_ID_LEN],
}

impl fmt::Debug for SealedBox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedBox(…)")
    }
}

impl SealedBox {
    /// Works under this master key.
    pub fn new(master: &MasterKey) -> Self {
        let root = root(master);
        let key_id = key_id(&root);
        Self { root, key_id }
    }

    fn sealing_key(&self, purpose: Purpose) -> RandomizedNonceKey {
        let key = derive(&self.root, &["seal", purpose.label()]);
        RandomizedNonceKey::new(&AES_256_GCM, &*key).expect("AES-256 takes a key of 32 bytes")
    }

    fn header(&self) -> [u8; HEADER_LEN] {
        let mut header = [VERSION; HEADER_LEN];
        header[1..].copy_from_slice(&self.key_id);
        header
    }
}

impl SecretBox for SealedBox {
    fn seal(&self, purpose: Purpose, plain: &[u8]) -> Sealed {
        let header = self.header();
        let mut text = plain.to_vec();
        let nonce = self
            .sealing_key(purpose)
            .seal_in_place_append_tag(Aad::from(&header), &mut text)
            .expect("GCM seals whatever fits into memory");
        let mut sealed = Vec::with_capacity(HEADER_LEN + NONCE_LEN + text.len());
        sealed.extend_from_slice(&header);
        sealed.extend_from_slice(nonce.as_ref());
        sealed.append(&mut text);
        Sealed(sealed)
    }

    fn open(&self, purpose: Purpose, sealed: &Sealed) -> Result<Vec<u8>, OpenError> {
        let (header, rest) = sealed
            .0
            .split_first_chunk::<HEADER_LEN>()
            .ok_or(OpenError::Damaged)?;
        let (nonce, text) = rest
            .split_first_chunk::<NONCE_LEN>()
            .ok_or(OpenError::Damaged)?;
        if header[0] != VERSION {
            return Err(OpenError::Damaged);
        }
        if header[1..] != self.key_id {
            return Err(OpenError::OtherKey);
        }
        let mut text = text.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let length = self
            .sealing_key(purpose)
            .open_in_place(nonce, Aad::from(header), &mut text)
            .map_err(|_| OpenError::Damaged)?
            .len();
        text.truncate(length);
        Ok(text)
    }

    fn mac(&self, purpose: Purpose, bytes: &[u8]) -> Mac {
        let key = derive(&self.root, &["mac", purpose.label()]);
        let key = hmac::Key::new(hmac::HMAC_SHA256, &*key);
        let tag = hmac::sign(&key, bytes);
        Mac(tag.as_ref().try_into().expect("SHA-256 makes 32 bytes"))
    }
}

fn root(master: &MasterKey) -> Prk {
    Salt::new(HKDF_SHA256, b"greenroom/1").extract(master.expose())
}

fn key_id(root: &Prk) -> [u8; KEY_ID_LEN] {
    let whole = derive(root, &["fingerprint"]);
    *whole.first_chunk().expect("32 bytes begin with 8")
}

/// The key of that path. Its parts are ended by a byte that none of them has in it, so no two
/// paths run together.
fn derive(root: &Prk, path: &[&str]) -> Zeroizing<[u8; 32]> {
    let info: Vec<&[u8]> = path
        .iter()
        .flat_map(|part| [part.as_bytes(), b"\0".as_slice()])
        .collect();
    let mut key = Zeroizing::new([0; 32]);
    root.expand(&info, HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut *key))
        .expect("HKDF-SHA256 makes up to 255 times 32 bytes");
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    const PURPOSES: [Purpose; 5] = [
        Purpose::StreamKey,
        Purpose::Session,
        Purpose::SignIn,
        Purpose::Grant,
        Purpose::Guest,
    ];

    fn sealed_box(byte: u8) -> SealedBox {
        SealedBox::new(&MasterKey::parse(&format!("{byte:02x}").repeat(32)).unwrap())
    }

    #[test]
    fn what_is_sealed_is_opened_for_its_purpose_alone() {
        let ours = sealed_box(1);
        for purpose in PURPOSES {
            for plain in [&b""[..], b"gk_secret", &[0xff; 4096]] {
                let sealed = ours.seal(purpose, plain);
                assert_eq!(ours.open(purpose, &sealed).unwrap(), plain);
                for other in PURPOSES.into_iter().filter(|other| *other != purpose) {
                    assert_eq!(ours.open(other, &sealed), Err(OpenError::Damaged));
                }
            }
        }
    }

    #[test]
    fn the_same_secret_never_looks_the_same_and_never_shows() {
        let ours = sealed_box(1);
        let one = ours.seal(Purpose::StreamKey, b"gk_secret");
        let two = ours.seal(Purpose::StreamKey, b"gk_secret");
        assert_ne!(one.0, two.0);
        assert!(!one.0.windows(6).any(|part| part == b"secret"));
    }

    #[test]
    fn another_master_key_is_named_as_such() {
        let sealed = sealed_box(1).seal(Purpose::StreamKey, b"gk_secret");
        let other = sealed_box(2);
        assert_eq!(
            other.open(Purpose::StreamKey, &sealed),
            Err(OpenError::OtherKey)
        );
    }

    #[test]
    fn every_altered_byte_and_every_cut_is_noticed() {
        let ours = sealed_box(1);
        let sealed = ours.seal(Purpose::StreamKey, b"gk_secret").0;
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(
                ours.open(Purpose::StreamKey, &Sealed(altered)).is_err(),
                "byte {at}"
            );
            let cut = Sealed(sealed[..at].to_vec());
            assert_eq!(
                ours.open(Purpose::StreamKey, &cut),
                Err(OpenError::Damaged),
                "cut at {at}"
            );
        }
        let longer = Sealed([&sealed[..], b"x"].concat());
        assert_eq!(
            ours.open(Purpose::StreamKey, &longer),
            Err(OpenError::Damaged)
        );
    }

    #[test]
    fn a_keyed_hash_depends_on_key_purpose_and_text_and_on_nothing_else() {
        let ours = sealed_box(1);
        let mac = ours.mac(Purpose::StreamKey, b"gk_secret");
        assert_eq!(mac, sealed_box(1).mac(Purpose::StreamKey, b"gk_secret"));
        assert_ne!(mac, sealed_box(2).mac(Purpose::StreamKey, b"gk_secret"));
        assert_ne!(mac, ours.mac(Purpose::Session, b"gk_secret"));
        assert_ne!(mac, ours.mac(Purpose::StreamKey, b"gk_secreu"));
    }

    /// What is on disk today must be found and opened by tomorrow's server. The expected
    /// bytes were computed by another implementation of RFC 5869, HMAC and GCM.
    #[test]
    fn the_derivation_stays_what_it_is() {
        let ours = sealed_box(1);
        assert_eq!(
            master_key::hex(&ours.mac(Purpose::StreamKey, b"gk_secret").0),
            "5b55bb38117106e062e474a274cdb7770ed7ebbac5ca0c988e3e0ec24b964023"
        );
        assert_eq!(
            MasterKey::parse(&"01".repeat(32)).unwrap().fingerprint(),
            "bca2fecccf78d5c7"
        );
        let sealed = "01bca2fecccf78d5c7000102030405060708090a0b2c9fe755f8c44b7ced7fb42d7eaa242a83b828a90883240baa";
        let sealed: Vec<u8> = (0..sealed.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&sealed[at..at + 2], 16).unwrap())
            .collect();
        let opened = ours.open(Purpose::StreamKey, &Sealed(sealed)).unwrap();
        assert_eq!(opened, b"gk_secret");
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", sealed_box(1)), "SealedBox(…)");
    }
}
