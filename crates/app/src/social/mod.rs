//! Who follows whom, and who wants nothing to do with whom.

pub mod block;
pub mod follow;
pub mod list;
