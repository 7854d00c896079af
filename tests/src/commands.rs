//! The binary's command line, with or without a server beside it.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::tools;

/// How long a command may take, on a busy machine: some hash a password.
const LIMIT: Duration = Duration::from_secs(30);

/// Commands on one data folder.
#[derive(Clone, Debug)]
pub struct Commands {
    binary: PathBuf,
    folder: PathBuf,
    environment: Vec<(String, String)>,
}

/// What a command came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Its exit status; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Commands {
    /// Commands on the data folder at `folder`, which need not be there yet.
    pub async fn on(folder: impl Into<PathBuf>) -> Self {
        Self {
            binary: tools::greenroom().await,
            folder: folder.into(),
            environment: Vec::new(),
        }
    }

    /// The same with a variable (`GREENROOM_…`) added to their environment.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The data folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A command as it can be started, on the data folder, killed when it is dropped.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .arg("--data-dir")
            .arg(&self.folder)
            .args(arguments)
            .env("NO_COLOR", "1")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Runs a command that reads nothing.
    pub async fn run(&self, arguments: &[&str]) -> Outcome {
        self.run_with(arguments, "").await
    }

    /// Runs a command that reads this line from standard input, such as a password.
    pub async fn run_with(&self, arguments: &[&str], line: &str) -> Outcome {
        let mut child = self
            .command(arguments)
            .spawn()
            .expect("the binary was built and can be started");
        let mut stdin = child.stdin.take().expect("standard input is piped");
        // A command that reads nothing may have ended already.
        stdin.write_all(format!("{line}\n").as_bytes()).await.ok();
        drop(stdin);
        let ended = tokio::time::timeout(LIMIT, child.wait_with_output()).await;
        let Ok(output) = ended else {
            panic!("{arguments:?} still runs after {LIMIT:?}");
        };
        Outcome::of(&output.expect("it can be waited for"))
    }
}

impl Outcome {
    /// What `output` holds.
    #[must_use]
    pub fn of(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Standard output, when the command was carried out; panics otherwise.
    pub fn done(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.stdout
    }

    /// Standard output as JSON, when the command was carried out; panics otherwise.
    pub fn json(self) -> Value {
        let stdout = self.done();
        serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("not JSON: {stdout}"))
    }

    /// Standard error, when the command failed with this status; panics otherwise.
    pub fn failed(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert_eq!(self.stdout, "", "{self:?}");
        self.stderr
    }
}
