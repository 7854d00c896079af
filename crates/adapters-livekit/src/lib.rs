//! LiveKit as Greenroom's media engine: the same ports as the built-in one, on a cluster of
//! servers that run elsewhere.
//!
//! Each creator has a room, named for their user id. Who publishes there with a key of theirs
//! makes the stream live; who listens there is its audience. What is in the rooms is known from
//! LiveKit's webhooks, and every 15 s from its lists. Its egress service keeps what is published.
//!
//! The parts: [`Options`] says where LiveKit is; [`LiveKit`] is the engine, takes the
//! webhooks and has the recorder.
#![deny(missing_docs)]

mod api;
mod check;
mod credential;
mod engine;
mod identity;
mod messenger;
mod options;
mod reconcile;
mod recording;
mod rooms;
mod settle;
mod token;
mod wanted;
mod webhook;

pub use check::CheckError;
pub use engine::LiveKit;
pub use options::{Options, OptionsError};
pub use recording::{AudioCodec, Bucket, RecordingOptions, RecordingOptionsError};
