//! `cargo xtask public-api`: what other crates can name of ours, as a text to be reviewed.
//!
//! It is read from the source, as the stable toolchain tells it nowhere else. So a type stands
//! in a signature as it is written there, and what a macro of our own makes is shown as the
//! macro and its uses.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

mod listing;
mod source;

/// The crates whose users we cannot ask, and where each begins.
const CRATES: &[(&str, &str)] = &[
    ("greenroom", "crates/greenroom/src/lib.rs"),
    ("greenroom_app", "crates/app/src/lib.rs"),
    ("greenroom_domain", "crates/domain/src/lib.rs"),
];

/// What to do with the listings.
#[derive(Clone, Copy)]
pub(crate) enum Mode {
    /// Write them to `api/public/`.
    Write,
    /// Compare them with what is there.
    Check,
}

/// Why the listings are not written, or not confirmed.
#[derive(Debug, Error)]
pub(crate) enum PublicApiError {
    #[error(transparent)]
    Source(#[from] source::ReadError),
    #[error("{} can't be read or written", .0.display())]
    File(PathBuf, #[source] io::Error),
    #[error(
        "the public surface of {0} is not the one in api/public; if it is meant, run \
         `cargo xtask public-api` and say in the commit what breaks"
    )]
    Differs(String),
}

/// Lists every crate of [`CRATES`].
pub(crate) fn run(mode: Mode) -> Result<(), PublicApiError> {
    let house = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut differing = Vec::new();
    for (name, root) in CRATES {
        let listing = listing::of(name, &source::read(&house.join(root))?);
        let file = house.join("api/public").join(format!("{name}.txt"));
        match mode {
            Mode::Write => {
                fs::write(&file, listing).map_err(|error| PublicApiError::File(file, error))?;
            }
            Mode::Check => {
                let known =
                    fs::read_to_string(&file).map_err(|error| PublicApiError::File(file, error))?;
                if !show_difference(&known, &listing) {
                    differing.push(*name);
                }
            }
        }
    }
    if differing.is_empty() {
        println!("public-api: {} crates", CRATES.len());
        return Ok(());
    }
    Err(PublicApiError::Differs(differing.join(", ")))
}

/// Prints which lines went and came; whether there are none.
fn show_difference(known: &str, listing: &str) -> bool {
    let before: BTreeSet<&str> = known.lines().collect();
    let now: BTreeSet<&str> = listing.lines().collect();
    for gone in before.difference(&now) {
        eprintln!("- {gone}");
    }
    for new in now.difference(&before) {
        eprintln!("+ {new}");
    }
    known == listing
}
