//! Channels and their stream keys.

pub mod cover;
pub mod create;
pub mod edit;
pub mod keys;
pub mod lock;
pub(crate) mod shown;
pub mod view;
