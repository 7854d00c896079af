//! A server that ends with the test process, also when that is killed.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

/// How a server is told to end.
#[derive(Debug, Clone, Copy)]
pub(super) enum Signal {
    /// At once, without being asked.
    Kill,
    /// SIGINT.
    Interrupt,
    /// SIGQUIT.
    Quit,
}

impl Signal {
    fn name(self) -> &'static str {
        match self {
            Self::Kill => "KILL",
            Self::Interrupt => "INT",
            Self::Quit => "QUIT",
        }
    }
}

/// One server under a shell that waits for this process to end: statics are never dropped,
/// and nothing is when the process is killed, but its end of a pipe always closes.
#[derive(Debug)]
pub(super) struct Supervised {
    name: &'static str,
    shell: Child,
    answers: BufReader<ChildStdout>,
    folder: PathBuf,
}

impl Supervised {
    /// Prepares a folder, which will be the server's working directory. As root the server
    /// runs as somebody who is nobody, and owns that folder.
    pub(super) fn new(name: &'static str, at_the_end: Signal, command: &[&OsStr]) -> Self {
        let mut shell = Command::new("sh")
            .args(["-c", include_str!("supervised.sh"), "sh"])
            .args([name, at_the_end.name()])
            .args(command)
            // What ends this process by its group must not keep the shell from tidying up.
            .process_group(0)
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let stdout = shell.stdout.take().expect("it is piped");
        let mut supervised = Self {
            name,
            shell,
            answers: BufReader::new(stdout),
            folder: PathBuf::new(),
        };
        supervised.folder = supervised.answer().into();
        supervised
    }

    /// Starts it and waits until it can be asked; else says what it wrote.
    pub(super) fn start(&mut self) -> Result<(), String> {
        self.order("start");
        match self.answer().as_str() {
            "ready" => Ok(()),
            _ => Err(fs::read_to_string(self.folder.join("log")).unwrap_or_default()),
        }
    }

    /// Starts it once more, where it ran before.
    pub(super) fn start_again(&mut self) {
        if let Err(log) = self.start() {
            panic!("{} does not start again: {log}", self.name);
        }
    }

    /// Ends it and waits until it has ended. Nothing happens when it does not run.
    pub(super) fn stop(&mut self, signal: Signal) {
        self.order(&format!("stop {}", signal.name()));
        self.answer();
    }

    fn order(&mut self, order: &str) {
        let stdin = self.shell.stdin.as_mut().expect("it is piped");
        writeln!(stdin, "{order}").expect("the shell listens");
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        let read = self.answers.read_line(&mut line);
        read.expect("the shell answers");
        assert!(!line.is_empty(), "the shell of {} ended", self.name);
        line.trim_end().to_owned()
    }
}

impl Drop for Supervised {
    /// Waits until nothing is left.
    fn drop(&mut self) {
        // Closes the pipe first.
        let _ = self.shell.wait();
    }
}
