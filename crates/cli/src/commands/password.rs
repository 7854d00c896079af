//! Passwords as they are typed.

use std::io::{self, BufRead as _, IsTerminal as _, Stdin};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// One line of standard input, so that it stands in no process list or shell history. A
/// terminal does not show it.
pub(super) fn read() -> io::Result<String> {
    let stdin = io::stdin();
    let silence = Silence::of(&stdin)?;
    if silence.is_some() {
        eprint!("Password (not shown as you type): ");
    }
    let mut line = String::new();
    stdin.lock().read_line(&mut line)?;
    if silence.is_some() {
        eprintln!();
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// A terminal that does not show what is typed, until this is dropped.
struct Silence<'a> {
    terminal: &'a Stdin,
    before: Termios,
}

impl<'a> Silence<'a> {
    fn of(stdin: &'a Stdin) -> io::Result<Option<Self>> {
        if !stdin.is_terminal() {
            return Ok(None);
        }
        let before = tcgetattr(stdin)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        // What was typed before it was asked for has been shown: it is not the password.
        tcsetattr(stdin, OptionalActions::Flush, &silent)?;
        Ok(Some(Self {
            terminal: stdin,
            before,
        }))
    }
}

impl Drop for Silence<'_> {
    fn drop(&mut self) {
        // The terminal may be gone; then nobody misses it.
        let _ = tcsetattr(self.terminal, OptionalActions::Now, &self.before);
    }
}
