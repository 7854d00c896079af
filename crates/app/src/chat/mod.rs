//! Chat: post, read, moderate.

pub mod appoint;
pub mod audit;
pub mod clear;
pub mod command;
pub mod configure;
pub mod delete;
pub mod history;
pub mod pin;
pub mod post;
pub mod react;
pub mod restrict;
pub(crate) mod rules;
pub mod say;
pub mod typing;
