//! Recordings of streams, for whoever runs the channel.

mod types;

use async_graphql::{Context, ID, Object};
use greenroom_app::recording::{start, stop};

use super::asking;
use super::id::local;
use super::page::READ;
use crate::problem::Problem;

pub use types::Recording;

/// What is done with recordings.
#[derive(Default)]
pub struct RecordingMutation;

/// What is done with recordings.
#[Object]
impl RecordingMutation {
    /// Has a stream recorded while it is published. One recording of it runs at a time; it ends
    /// with the stream at the latest.
    #[graphql(complexity = "READ + child_complexity")]
    async fn start_recording(
        &self,
        ctx: &Context<'_>,
        stream_id: ID,
    ) -> Result<Recording, Problem> {
        let asking = asking(ctx)?;
        let recording = start::execute(&asking.app, &asking.actor, local(&stream_id)?).await?;
        Ok(recording.into())
    }

    /// Ends a recording; what was kept is made ready. Again is no change until it is over.
    #[graphql(complexity = "READ + child_complexity")]
    async fn stop_recording(&self, ctx: &Context<'_>, id: ID) -> Result<Recording, Problem> {
        let asking = asking(ctx)?;
        let recording = stop::execute(&asking.app, &asking.actor, local(&id)?).await?;
        Ok(recording.into())
    }
}
