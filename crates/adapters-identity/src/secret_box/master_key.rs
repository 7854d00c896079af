//! The key that all others are derived from.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

/// What the file in the data folder is called.
pub const KEY_FILE: &str = "secret.key";

/// A key file is one line; whatever is longer is something else.
const MAX_FILE_LEN: u64 = 1024;

/// 32 random bytes that everything secret at rest depends on.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

/// There is no master key to work with.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// The text is something else.
    #[error("a master key is 32 bytes, written as 64 hexadecimal digits or in base64")]
    Malformed,
    /// The file holds something else.
    #[error("{} does not hold a master key; put the right one back from a backup", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
    },
    /// What the store holds was sealed with a key that is not there.
    #[error(
        "{} is missing, and the store beside it cannot be read without it; \
         put it back from a backup, or give the key in the configuration",
        path.display()
    )]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// Every account of the machine can read or write it.
    #[error(
        "{} is open to everybody (mode {mode:o}); make it yours alone (chmod 600)",
        path.display()
    )]
    Exposed {
        /// Which file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The file could not be read or written.
    #[error("{} cannot be read or written", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

impl MasterKey {
    /// Takes a key from the configuration: 64 hexadecimal digits, or base64 of either
    /// alphabet, padded or not.
    pub fn parse(text: &str) -> Result<Self, MasterKeyError> {
        let text = text.trim();
        let mut key = Zeroizing::new([0; 32]);
        if text.len() == 64 {
            for (byte, digits) in key.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
                *byte = hex_digit(digits[0])? << 4 | hex_digit(digits[1])?;
            }
            return Ok(Self(key));
        }
        let text = text.strip_suffix('=').unwrap_or(text);
        let bytes = STANDARD_NO_PAD
            .decode(text)
            .or_else(|_| URL_SAFE_NO_PAD.decode(text))
            .map(Zeroizing::new)
            .map_err(|_| MasterKeyError::Malformed)?;
        if bytes.len() != key.len() {
            return Err(MasterKeyError::Malformed);
        }
        key.copy_from_slice(&bytes);
        Ok(Self(key))
    }

    /// Reads the key of a data folder, or makes one where the store is still empty: nothing
    /// is sealed yet that only a lost key could open.
    ///
    /// The caller holds the folder's lock.
    pub fn load_or_create(folder: &Path, store_is_empty: bool) -> Result<Self, MasterKeyError> {
        let path = folder.join(KEY_FILE);
        match File::open(&path) {
            Ok(file) => Self::read(&path, file),
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(MasterKeyError::Io {
                path,
                source: error,
            }),
            Err(_) if store_is_empty => {
                let key = Self::generate();
                match key.write(folder, &path) {
                    Ok(()) => Ok(key),
                    Err(source) => Err(MasterKeyError::Io { path, source }),
                }
            }
            Err(_) => Err(MasterKeyError::Missing { path }),
        }
    }

    /// Which key this is, without telling the key: 16 hexadecimal digits. It stands in
    /// exports and beside everything that was sealed.
    pub fn fingerprint(&self) -> String {
        hex(&super::key_id(&super::root(self)))
    }

    pub(super) fn expose(&self) -> &[u8] {
        &*self.0
    }

    /// A new key, for what need not outlive the process.
    ///
    /// # Panics
    /// Never: AWS-LC's generator ends the process rather than fail.
    pub fn generate() -> Self {
        let mut key = Zeroizing::new([0; 32]);
        rand::fill(&mut *key).expect("AWS-LC's generator ends the process rather than fail");
        Self(key)
    }

    fn read(path: &Path, file: File) -> Result<Self, MasterKeyError> {
        let failed = |source| MasterKeyError::Io {
            path: path.to_owned(),
            source,
        };
        refuse_exposed(path, &file.metadata().map_err(failed)?)?;
        let mut text = Zeroizing::new(Vec::new());
        file.take(MAX_FILE_LEN)
            .read_to_end(&mut text)
            .map_err(failed)?;
        str::from_utf8(&text)
            .ok()
            .and_then(|text| Self::parse(text).ok())
            .ok_or_else(|| MasterKeyError::Damaged {
                path: path.to_owned(),
            })
    }

    /// Writes it beside its place and moves it there, so that a crash leaves a whole key or
    /// none.
    fn write(&self, folder: &Path, path: &Path) -> io::Result<()> {
        let beside = folder.join("secret.key.new");
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&beside)?;
        let mut line = Zeroizing::new(hex(&*self.0));
        line.push('\n');
        file.write_all(line.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        // The name, too, must outlive a power cut: what is sealed from now on needs the key.
        File::open(folder)?.sync_all()
    }
}

/// A group may see it: volumes of container platforms are set up like that.
#[cfg(unix)]
fn refuse_exposed(path: &Path, metadata: &fs::Metadata) -> Result<(), MasterKeyError> {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o007 != 0 {
        return Err(MasterKeyError::Exposed {
            path: path.to_owned(),
            mode,
        });
    }
    Ok(())
}

#[cfg(not(unix))]
fn refuse_exposed(_: &Path, _: &fs::Metadata) -> Result<(), MasterKeyError> {
    Ok(())
}

pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2 + 1);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

fn hex_digit(digit: u8) -> Result<u8, MasterKeyError> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
        .ok_or(MasterKeyError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_a_key_reads_the_same() {
        let bytes: [u8; 32] = std::array::from_fn(|at| 0xf8 | u8::try_from(at % 8).unwrap());
        let expected = MasterKey(Zeroizing::new(bytes)).fingerprint();
        for text in [
            hex(&bytes),
            hex(&bytes).to_uppercase(),
            format!("{}\n", hex(&bytes)),
            STANDARD_NO_PAD.encode(bytes),
            format!("{}=", STANDARD_NO_PAD.encode(bytes)),
            URL_SAFE_NO_PAD.encode(bytes),
            format!("{}=", URL_SAFE_NO_PAD.encode(bytes)),
        ] {
            assert_eq!(MasterKey::parse(&text).unwrap().fingerprint(), expected);
        }
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_repeated() {
        for text in [
            "",
            "secret",
            &"0".repeat(63),
            &"g".repeat(64),
            &"é".repeat(32),
            &"A".repeat(42),
            &"A".repeat(100_000),
        ] {
            let refused = MasterKey::parse(text).unwrap_err();
            assert!(matches!(refused, MasterKeyError::Malformed), "{refused}");
            assert!(text.is_empty() || !refused.to_string().contains(text));
        }
    }

    #[test]
    fn an_empty_store_gets_a_key_and_keeps_it() {
        let folder = tempfile::tempdir().unwrap();
        let made = MasterKey::load_or_create(folder.path(), true).unwrap();
        let read = MasterKey::load_or_create(folder.path(), false).unwrap();
        let again = MasterKey::load_or_create(folder.path(), true).unwrap();
        assert_eq!(made.fingerprint(), read.fingerprint());
        assert_eq!(made.fingerprint(), again.fingerprint());
        assert_eq!(made.fingerprint().len(), 16);

        let names: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(names, [KEY_FILE]);

        let elsewhere = tempfile::tempdir().unwrap();
        let other = MasterKey::load_or_create(elsewhere.path(), true).unwrap();
        assert_ne!(made.fingerprint(), other.fingerprint());
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        MasterKey::load_or_create(folder.path(), true).unwrap();
        let path = folder.path().join(KEY_FILE);
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);

        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(
            MasterKey::load_or_create(folder.path(), false),
            Err(MasterKeyError::Exposed { mode: 0o644, .. })
        ));
    }

    #[test]
    fn a_store_without_its_key_is_not_given_a_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let refused = MasterKey::load_or_create(folder.path(), false).unwrap_err();
        assert!(matches!(refused, MasterKeyError::Missing { .. }));
        assert!(refused.to_string().contains(KEY_FILE));
        assert!(fs::read_dir(folder.path()).unwrap().next().is_none());
    }

    #[test]
    fn a_damaged_file_is_neither_used_nor_replaced() {
        let folder = tempfile::tempdir().unwrap();
        MasterKey::load_or_create(folder.path(), true).unwrap();
        let path = folder.path().join(KEY_FILE);
        for content in [&b""[..], b"0011", &[0xff; 64], &[b'0'; 2048]] {
            // In place: the file's mode stays.
            fs::write(&path, content).unwrap();
            assert!(matches!(
                MasterKey::load_or_create(folder.path(), true),
                Err(MasterKeyError::Damaged { .. })
            ));
            assert_eq!(fs::read(&path).unwrap(), content);
        }
    }

    #[test]
    fn a_key_half_written_by_a_crash_is_written_anew() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("secret.key.new"), "0011").unwrap();
        let made = MasterKey::load_or_create(folder.path(), true).unwrap();
        let read = MasterKey::load_or_create(folder.path(), false).unwrap();
        assert_eq!(made.fingerprint(), read.fingerprint());
    }

    #[test]
    fn debug_shows_nothing() {
        let key = MasterKey::parse(&"01".repeat(32)).unwrap();
        assert_eq!(format!("{key:?}"), "MasterKey(…)");
    }
}
