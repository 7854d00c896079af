//! Streams, their audience and playback.

mod control;
mod listing;
mod live;
mod types;
mod watch;

use async_graphql::MergedObject;

pub(in crate::graphql) use live::StreamSubscription;
pub use live::ViewerCount;
pub use types::{Audience, Encoder, EndReason, IngestState, Stream};
pub use watch::JoinedStream;

/// What is asked of streams.
#[derive(MergedObject, Default)]
pub struct StreamQuery(listing::ListingQuery);

/// What is done with streams.
#[derive(MergedObject, Default)]
pub struct StreamMutation(control::ControlMutation, watch::WatchMutation);
