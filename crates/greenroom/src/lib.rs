//! Greenroom, put together.
//!
//! [`Platform::open`] reads a [`Config`], opens the adapters that it names and builds the
//! application on them; [`Platform::start`] listens. An embedding program that has a server
//! of its own mounts [`Platform::router`] instead, or builds an
//! [`App`] of its own [`Ports`](greenroom_app::Ports).
#![deny(missing_docs)]

pub mod archive;
mod backup;
mod config;
pub mod control;
mod http;
mod identity;
pub mod operator;
mod platform;
mod store;

pub use config::{Address, Config, ConfigError, Flags, LogFormat, REFERENCE, StoreKind};
pub use greenroom_app::{App, Refusal};
pub use platform::{OpenError, Platform, Running, StartError};
