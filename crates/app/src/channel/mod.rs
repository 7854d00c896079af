//! Channels and their stream keys.

pub mod cover;
pub mod create;
pub mod edit;
pub mod keys;
pub mod lock;
pub mod relation;
pub mod view;
