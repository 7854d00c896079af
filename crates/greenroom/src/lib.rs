//! Greenroom, put together.
//!
//! A program that has a server, users or a store of its own [builds](Greenroom::builder) a
//! [`Greenroom`] on its own ports, and nests its routes; `docs/embedding.md` shows how.
//!
//! A server of nothing else is a [`Platform`]: [`Platform::open`] reads a [`Config`], opens the
//! adapters that it names and builds the application on them; [`Platform::start`] listens.
#![deny(missing_docs)]

pub mod archive;
mod backup;
mod builder;
mod config;
pub mod control;
mod engine;
mod http;
mod identity;
mod no_media;
mod node;
pub mod operator;
mod platform;
mod shared;
mod store;
mod tls;

#[doc(no_inline)]
pub use {
    greenroom_adapters_livekit as livekit, greenroom_adapters_media as media,
    greenroom_adapters_memory as memory, greenroom_app as app, greenroom_domain as domain,
    greenroom_web as web,
};

pub use greenroom_adapters_postgres::OpenError as PgOpenError;

pub use builder::{Builder, Greenroom};
pub use config::{
    Address, BucketConfig, Config, ConfigError, Flags, LiveKitConfig, LogFormat, REFERENCE,
    RecordingConfig, SoundKind, StoreKind,
};
pub use engine::{CheckMediaError, MediaKind};
pub use greenroom_app::{App, Ports, Refusal, Roles, Settings, Store};
pub use greenroom_web::WebConfig;
pub use node::IdentityError;
pub use platform::{OpenError, Platform, Running, StartError};
pub use tls::TlsError;
