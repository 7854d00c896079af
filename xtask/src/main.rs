//! Chores of the workspace. `cargo xtask` lists them.

use std::env;
use std::error::Error;
use std::process::ExitCode;

use public_api::Mode;

mod check_deps;
mod public_api;

const USAGE: &str = "\
Usage: cargo xtask <chore>

  check-deps [--locked] [--offline]   who may depend on whom, and the other rules of the house";

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();

    match args.as_slice() {
        ["check-deps", flags @ ..] => ended(check_deps::run(flags)),
        ["public-api"] => ended(public_api::run(Mode::Write)),
        ["public-api", "--check"] => ended(public_api::run(Mode::Check)),
        [] | ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            ExitCode::SUCCESS
        }
        [unknown, ..] => {
            eprintln!("xtask: there is no chore `{unknown}`\n\n{USAGE}");
            ExitCode::FAILURE
        }
    }
}

fn ended(chore: Result<(), impl Error>) -> ExitCode {
    match chore {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            ExitCode::FAILURE
        }
    }
}

fn report(error: &dyn Error) {
    eprintln!("xtask: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        eprintln!("  because: {cause}");
        source = cause.source();
    }
}
