//! Greenroom's domain.
//!
//! Entities decide, purely: `(state, command, now) -> next state + events`, or a typed
//! error. Ports say what the outside must do and what it must promise; every adapter is
//! held to those promises by the contract suites of `greenroom-testkit`.
//!
//! Nothing here does IO, knows a runtime, reads a clock or draws a random number: time and
//! randomness are arguments.
//!
//! Where to look: one folder a capability ([`account`], [`channel`], [`stream`], [`chat`],
//! [`social`], [`notification`], [`recording`], [`media`]), what they share in [`shared`], and who may do what
//! in [`access`].
#![deny(missing_docs)]

pub mod access;
pub mod account;
pub mod channel;
pub mod chat;
pub mod media;
pub mod notification;
pub mod recording;
pub mod shared;
pub mod social;
pub mod stream;
