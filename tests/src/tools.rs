//! Where the programs are that the fixtures start.

use std::path::{Path, PathBuf};

/// The workspace's folder.
#[must_use]
pub fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent()
        .expect("the member `tests` is a folder of the workspace")
        .to_owned()
}

/// An ffmpeg that can put HEVC, AV1 and Opus into FLV, which Debian's can't.
#[must_use]
pub fn enhanced_ffmpeg() -> PathBuf {
    let path = workspace().join("target/tools/ffmpeg-enhanced");
    assert!(
        path.exists(),
        "{} is missing: run scripts/install-test-tools",
        path.display()
    );
    path
}

/// A script of `tests/node`.
#[must_use]
pub fn node_script(name: &str) -> PathBuf {
    let folder = workspace().join("tests/node");
    assert!(
        folder.join("node_modules").exists(),
        "the packages of {} are missing: run scripts/install-test-tools",
        folder.display()
    );
    folder.join(name)
}
