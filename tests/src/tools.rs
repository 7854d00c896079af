//! Where the programs are that the fixtures start.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use rustix::process::Pid;
use serde_json::Value;
use tokio::process::Command;
use tokio::sync::OnceCell;

pub use rustix::process::Signal;

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

/// The folder of Python packages that holds schemathesis.
#[must_use]
pub fn schemathesis() -> PathBuf {
    let path = workspace().join("target/tools/schemathesis");
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

/// The folder of the client that is generated from the API's document.
#[must_use]
pub fn client() -> PathBuf {
    let folder = workspace().join("tests/client");
    assert!(
        folder.join("node_modules").exists(),
        "the packages of {} are missing: run scripts/install-test-tools",
        folder.display()
    );
    folder
}

/// The binary `greenroom` as it is in this checkout: built once per test run, unless
/// `TEST_GREENROOM` names one.
pub async fn greenroom() -> PathBuf {
    static BUILT: OnceCell<PathBuf> = OnceCell::const_new();
    let binary = BUILT.get_or_init(async || match std::env::var_os("TEST_GREENROOM") {
        Some(binary) => binary.into(),
        None => build_greenroom().await,
    });
    binary.await.clone()
}

/// Cargo does not give one package's binary to another's tests.
async fn build_greenroom() -> PathBuf {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .args(["build", "--quiet", "--package", "greenroom-cli"])
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(workspace())
        .stderr(Stdio::inherit())
        .kill_on_drop(true);
    let output = command.output().await.expect("cargo can be started");
    assert!(output.status.success(), "the binary can't be built");
    let messages = String::from_utf8_lossy(&output.stdout).into_owned();
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == "greenroom")
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .expect("cargo tells where the binary is")
}

/// Sends a signal to a process of this test: to freeze it, say.
pub fn signal(id: Option<u32>, signal: Signal) {
    let id = id.and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
    let id = id.expect("the process has not been waited for");
    rustix::process::kill_process(id, signal).expect("the process is this test's");
}
