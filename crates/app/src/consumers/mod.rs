//! Consumers of the feed: what has to happen because of what happened, until it has.

pub(crate) mod effects;
pub(crate) mod follower;
pub(crate) mod runner;
