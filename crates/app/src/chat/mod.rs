//! Chat: post, read, moderate.

pub mod configure;
pub mod delete;
pub mod history;
pub mod post;
pub mod restrict;
pub(crate) mod rules;
pub mod typing;
