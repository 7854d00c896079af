//! Promises of `Passwords` and
//! `SecretBox`.

use greenroom_domain::account::{Password, Passwords};
use greenroom_domain::shared::secret::{OpenError, Purpose, Sealed, SecretBox};

const PURPOSES: [Purpose; 4] = [
    Purpose::StreamKey,
    Purpose::Session,
    Purpose::Grant,
    Purpose::Guest,
];

/// The right password is recognised and no other; the hash says nothing of it.
pub async fn passwords(passwords: &dyn Passwords) {
    let right = "correct horse battery";
    let hash = passwords.hash(password(right), [1; 16]).await;
    let hash = hash.expect("hashed");
    let same_salt = passwords.hash(password(right), [1; 16]).await;
    assert!(same_salt.expect("hashed") == hash, "only the salt differs");
    let other_salt = passwords.hash(password(right), [2; 16]).await;
    let other_salt = other_salt.expect("hashed");
    assert!(other_salt != hash, "the salt is used");
    assert!(hash.0.starts_with('$'), "PHC string format");
    assert!(!hash.0.contains("horse"));

    let verify = async |text: &str, hash| {
        let verified = passwords.verify(password(text), hash).await;
        verified.expect("verified")
    };
    for hash in [&hash, &other_salt] {
        assert!(verify(right, Some(hash.clone())).await);
    }
    for wrong in [
        "correct horse batterz",
        "Correct horse battery",
        "correct horse battery ",
        "correct horse battery\0",
        "correct hors",
    ] {
        assert!(!verify(wrong, Some(hash.clone())).await, "{wrong:?}");
    }
    assert!(!verify(right, None).await, "nobody's password is right");

    let longest = "é".repeat(128);
    let hash = passwords.hash(password(&longest), [3; 16]).await;
    let hash = hash.expect("hashed");
    assert!(verify(&longest, Some(hash.clone())).await);
    let all_but_the_end = format!("{}xx", "é".repeat(127));
    assert!(
        !verify(&all_but_the_end, Some(hash)).await,
        "all of it counts"
    );
}

/// What was sealed is opened by the same master key for the same purpose, and by nothing else.
/// `again` holds the same master key as `this`, `other` another one.
pub fn secret_box(this: &dyn SecretBox, again: &dyn SecretBox, other: &dyn SecretBox) {
    for plain in [&b""[..], b"a", b"gk_0123456789", &[0xA5; 4096]] {
        for purpose in PURPOSES {
            let sealed = this.seal(purpose, plain);
            for same in [this, again] {
                assert_eq!(same.open(purpose, &sealed).as_deref(), Ok(plain));
            }
            assert_eq!(other.open(purpose, &sealed), Err(OpenError::OtherKey));
            for another in PURPOSES.into_iter().filter(|it| *it != purpose) {
                assert_eq!(
                    this.open(another, &sealed),
                    Err(OpenError::Damaged),
                    "sealed for {purpose:?}, opened for {another:?}"
                );
            }
        }
    }
    sealed_secrets_are_not_readable(this);
    altered_secrets_are_refused(this);
    macs_are_stable_and_apart(this, again, other);
}

fn sealed_secrets_are_not_readable(this: &dyn SecretBox) {
    let plain = b"a stream key that must not be read";
    let Sealed(bytes) = this.seal(Purpose::StreamKey, plain);
    let readable = bytes.windows(8).any(|window| {
        let mut parts = plain.windows(8);
        parts.any(|part| part == window)
    });
    assert!(!readable, "a part of the secret stands in what was sealed");
}

fn altered_secrets_are_refused(this: &dyn SecretBox) {
    let sealed = this.seal(Purpose::StreamKey, b"secret");
    let open = |bytes: Vec<u8>| this.open(Purpose::StreamKey, &Sealed(bytes));
    for at in 0..sealed.0.len() {
        for bit in [0x01, 0x80] {
            let mut altered = sealed.0.clone();
            altered[at] ^= bit;
            // In the name of the master key it looks like one of another's.
            open(altered).expect_err("an altered secret was opened");
        }
        open(sealed.0[..at].to_vec()).expect_err("a part of a secret was opened");
    }
    let mut altered = sealed.0.clone();
    let last = altered.last_mut().expect("a sealed secret has bytes");
    *last ^= 1;
    assert_eq!(open(altered), Err(OpenError::Damaged));
    let mut longer = sealed.0.clone();
    longer.push(0);
    assert_eq!(open(longer), Err(OpenError::Damaged));
    assert_eq!(open(Vec::new()), Err(OpenError::Damaged));
}

fn macs_are_stable_and_apart(this: &dyn SecretBox, again: &dyn SecretBox, other: &dyn SecretBox) {
    for bytes in [&b""[..], b"gk_0123456789", &[7; 4096]] {
        for purpose in PURPOSES {
            let mac = this.mac(purpose, bytes);
            assert!(mac == this.mac(purpose, bytes), "the same twice");
            assert!(mac == again.mac(purpose, bytes), "the same after a restart");
            assert!(mac != other.mac(purpose, bytes), "another master key's");
            assert!(mac != this.mac(purpose, b"something else"));
            for another in PURPOSES.into_iter().filter(|it| *it != purpose) {
                assert!(mac != this.mac(another, bytes), "another purpose's");
            }
        }
    }
}

fn password(text: &str) -> Password {
    Password::parse(text.to_owned()).expect("a password that fits")
}
