//! Consumers of the feed: what has to happen because of what happened, until it has.

pub mod effects;
pub(crate) mod runner;
