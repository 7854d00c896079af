//! `cargo xtask check-deps`: the rules of the house that the compiler does not know.
//!
//! [`house`] is the table to read and to change; [`rules`] holds the checks, as
//! pure functions; [`workspace`] reads what they look at.

use thiserror::Error;

mod house;
mod rules;
mod workspace;

/// Why the rules could not be confirmed.
#[derive(Debug, Error)]
pub(crate) enum CheckError {
    #[error("the workspace can't be read")]
    Unreadable(#[source] workspace::ReadError),
    #[error("{0} rule(s) of the house broken")]
    Broken(usize),
}

/// Reads the workspace and prints every broken rule.
///
/// `flags` go to `cargo metadata` (`--locked`, `--offline`).
pub(crate) fn run(flags: &[&str]) -> Result<(), CheckError> {
    let workspace = workspace::read(flags).map_err(CheckError::Unreadable)?;
    let broken = rules::check(&workspace);

    if broken.is_empty() {
        println!(
            "check-deps: {} members and {} packages keep the rules of the house",
            workspace.members.len(),
            workspace.tree.len(),
        );
        return Ok(());
    }
    for violation in &broken {
        eprintln!("{violation}\n");
    }
    Err(CheckError::Broken(broken.len()))
}
