//! Shows recordings, to whoever may make them.

use greenroom_domain::access::Action;
use greenroom_domain::recording::Recording;
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::id::{RecordingId, StreamId};
use greenroom_domain::shared::page::{Page, PageRequest};

use crate::{App, Refusal};

/// Whether there is something to record with.
pub fn is_possible(app: &App) -> bool {
    app.ports.recorder.is_some()
}

/// One recording.
pub async fn one(app: &App, actor: &Actor, id: RecordingId) -> Result<Recording, Refusal> {
    Ok(app.recording(actor, id).await?.0.value)
}

/// A stream's recordings, the newest first.
pub async fn of_stream(
    app: &App,
    actor: &Actor,
    stream: StreamId,
    page: &PageRequest,
) -> Result<Page<Recording>, Refusal> {
    let (_, channel) = app.stream(stream).await?;
    app.authorize(actor, &channel.value, Action::Record).await?;
    Ok(app.ports.recordings.of_stream(stream, page).await??)
}
