//! What a transition answers with.

use crate::shared::event::Happening;

/// The next state of an entity and what is to be told of it.
///
/// A command that asks for what is so already answers with the state unchanged and nothing
/// to tell: [`Decision::is_unchanged`]; there is nothing to commit then.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Decision<T> {
    /// The entity as it is now.
    pub next: T,
    /// What happened, in order.
    pub happened: Vec<Happening>,
}

impl<T> Decision<T> {
    /// Something happened.
    pub fn changed(next: T, happened: impl Into<Happening>) -> Self {
        Self {
            next,
            happened: vec![happened.into()],
        }
    }

    /// It is so already.
    pub fn unchanged(next: T) -> Self {
        Self {
            next,
            happened: Vec::new(),
        }
    }

    /// Whether there is nothing to commit.
    pub fn is_unchanged(&self) -> bool {
        self.happened.is_empty()
    }
}
