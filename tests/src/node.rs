//! A script of `tests/node`, spoken to by JSON lines.

use std::collections::VecDeque;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{ChildStdin, Command};
use tokio::sync::mpsc;

use crate::child::Running;
use crate::tools;

/// Lines that may wait to be read before the script has to wait.
const QUEUE: usize = 4096;

/// A running script; dropping it kills it.
#[derive(Debug)]
pub struct Node {
    script: String,
    running: Running,
    stdin: Option<ChildStdin>,
    lines: mpsc::Receiver<Value>,
    /// Lines that [`Node::until`] has passed over.
    passed: VecDeque<Value>,
    /// Its `TMPDIR`, gone with it. Declared last: the process goes first.
    _files: TempDir,
}

impl Node {
    /// Starts `tests/node/<script>` with these variables added to its environment.
    ///
    /// Must be called within a Tokio runtime.
    #[must_use]
    pub fn run(script: &str, environment: &[(&str, &str)]) -> Self {
        let files = tempfile::tempdir().expect("a folder for temporary files can be made");
        let mut command = Command::new("node");
        command
            .arg(tools::node_script(script))
            .env("TMPDIR", files.path())
            .envs(environment.iter().copied());
        let mut running = Running::start(command);
        let stdin = running.stdin();
        let stdout = running.stdout().expect("standard output is piped");
        let (sender, lines) = mpsc::channel(QUEUE);
        tokio::spawn(async move {
            let mut from = BufReader::new(stdout).lines();
            while let Ok(Some(line)) = from.next_line().await {
                let value = serde_json::from_str(&line).unwrap_or(Value::String(line));
                if sender.send(value).await.is_err() {
                    break;
                }
            }
        });
        Self {
            script: script.to_owned(),
            running,
            stdin,
            lines,
            passed: VecDeque::new(),
            _files: files,
        }
    }

    /// Writes one line to the script.
    pub async fn send(&mut self, value: &Value) {
        let mut line = value.to_string();
        line.push('\n');
        let stdin = self
            .stdin
            .as_mut()
            .expect("its input was not closed before");
        let written = stdin.write_all(line.as_bytes()).await;
        assert!(
            written.is_ok(),
            "{} has ended:\n{}",
            self.script,
            self.running.tail()
        );
    }

    /// The next line; `None` when the script has ended or `limit` is over.
    pub async fn next(&mut self, limit: Duration) -> Option<Value> {
        tokio::time::timeout(limit, self.lines.recv()).await.ok()?
    }

    /// Reads until a line is what `wanted` looks for. Panics after `limit` with `what`,
    /// the last lines that came, and the script's complaints.
    pub async fn until<T>(
        &mut self,
        what: &str,
        limit: Duration,
        mut wanted: impl FnMut(&Value) -> Option<T>,
    ) -> T {
        let start = Instant::now();
        while let Some(line) = self.next(limit.saturating_sub(start.elapsed())).await {
            if let Some(found) = wanted(&line) {
                return found;
            }
            if self.passed.len() == 8 {
                self.passed.pop_front();
            }
            self.passed.push_back(line);
        }
        let last: Vec<String> = self.passed.iter().map(Value::to_string).collect();
        panic!(
            "{}: waited {limit:?} in vain: {what}\nlast lines:\n{}\nstandard error:\n{}",
            self.script,
            last.join("\n"),
            self.running.tail()
        );
    }

    /// Closes its input, which asks it to end, and waits for that (10 s).
    pub async fn close(mut self) -> ExitStatus {
        drop(self.stdin.take());
        // Nobody reads any more: the script must not wait for us.
        self.lines.close();
        let limit = Duration::from_secs(10);
        let Some(status) = self.running.ended(limit).await else {
            panic!(
                "{} still runs after {limit:?}:\n{}",
                self.script,
                self.running.tail()
            );
        };
        status
    }

    /// What it wrote to standard error last.
    #[must_use]
    pub fn stderr_tail(&self) -> String {
        self.running.tail()
    }
}

impl Drop for Node {
    /// Gives a browser the time to go and to take its profile with it: killed at once,
    /// it would write into the folder that is being removed.
    fn drop(&mut self) {
        drop(self.stdin.take());
        self.lines.close();
        let start = Instant::now();
        while self.running.is_running() && start.elapsed() < Duration::from_secs(3) {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
