//! Who follows whom, and who wants nothing to do with whom.

mod block;
mod error;
mod event;
mod follow;
mod port;

pub use block::Block;
pub use error::SocialError;
pub use event::SocialEvent;
pub use follow::{Follow, Notify};
pub use port::{Blocks, Follows};
#[cfg(feature = "mocks")]
pub use port::{MockBlocks, MockFollows};
