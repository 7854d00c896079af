//! What every capability shares: ids, time, who is asking, pages, and the way a write goes.

pub mod actor;
pub mod archive;
pub mod bus;
pub mod clock;
pub mod commit;
pub mod decision;
pub mod event;
pub mod feed;
pub mod id;
pub mod lease;
pub mod node;
pub mod object;
pub mod once;
pub mod page;
pub mod picture;
pub mod rate;
pub mod secret;
pub mod store;
pub mod text;
