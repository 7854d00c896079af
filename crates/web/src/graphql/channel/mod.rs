//! Channels and their stream keys.

mod channels;
mod keys;
mod types;

use async_graphql::MergedObject;

pub(in crate::graphql) use types::addresses;
pub use types::{
    Channel, Gate, HeldGate, Ingest, KeyStatus, LockedGate, OpenGate, RevealedKey, StreamKey,
};

/// What is asked of channels.
#[derive(MergedObject, Default)]
pub struct ChannelQuery(channels::OneChannelQuery);

/// What is done with channels.
#[derive(MergedObject, Default)]
pub struct ChannelMutation(channels::OneChannelMutation, keys::KeyMutation);
