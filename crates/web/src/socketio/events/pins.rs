//! What a room keeps in view.

use std::sync::Arc;

use greenroom_app::chat::pin;
use greenroom_domain::chat::Seq;
use serde::Deserialize;

use super::chat::room_of;
use super::connection::Connection;
use super::payload::{Payload, stream_id};
use super::speech::Speech;
use super::{Answer, Events, Nothing, Problem, done};
use crate::dialects::pawfectmatch;

/// A message, as we name it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Pinned {
    stream_id: Option<String>,
    handle: Option<String>,
    /// The number of its line.
    seq: u64,
}

/// As `PawfectMatch`'s document does.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PinnedByDocument {
    stream_id: String,
    message_id: String,
}

pub(super) async fn pin(
    events: &Events,
    connection: &Arc<Connection>,
    payload: &Payload<'_>,
) -> Result<Answer, Problem> {
    let (app, actor) = (&events.app, &connection.actor);
    match connection.speech {
        Speech::Ours => {
            let Pinned {
                stream_id,
                handle,
                seq,
            } = payload.read()?;
            let channel = room_of(events, connection, stream_id, handle).await?;
            pin::execute(app, actor, channel, Seq(seq)).await?;
        }
        Speech::Of(_) => {
            let payload: PinnedByDocument = payload.read()?;
            let stream = stream_id(&payload.stream_id)?;
            pawfectmatch::pin(app, actor, stream, &payload.message_id).await?;
        }
    }
    done(&Nothing {})
}

pub(super) async fn unpin(
    events: &Events,
    connection: &Arc<Connection>,
    payload: Pinned,
) -> Result<Answer, Problem> {
    let Pinned {
        stream_id,
        handle,
        seq,
    } = payload;
    let channel = room_of(events, connection, stream_id, handle).await?;
    pin::end(&events.app, &connection.actor, channel, Seq(seq)).await?;
    done(&Nothing {})
}
