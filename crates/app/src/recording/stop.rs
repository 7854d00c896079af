//! Ends a recording.

use std::sync::Arc;

use greenroom_domain::recording::{Recording, RecordingError};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::id::{RecordingId, StreamId};
use greenroom_domain::shared::page::{PageLimit, PageRequest};

use crate::recording::{ask, keep, view};
use crate::{App, Refusal};

/// What was kept is made ready from now on. Again is no change.
pub async fn execute(app: &Arc<App>, actor: &Actor, id: RecordingId) -> Result<Recording, Refusal> {
    let (recording, _) = app.recording(actor, id).await?;
    if !recording.value.is_open() {
        return Err(RecordingError::Over.into());
    }
    // The recorder first: what was said to be stopped has stopped.
    ask(app.recorder()?.stop(id)).await?;
    app.retry(|| async {
        let (recording, _) = app.recording(actor, id).await?;
        if !recording.value.is_open() {
            // The recorder was ready before we were.
            return Ok(recording.value);
        }
        let decision = recording.value.stop(&app.settings.recordings, app.now())?;
        keep(app, actor, recording.version, decision).await
    })
    .await
}

/// The same of a stream's last recording, which is the one that runs, if one does.
pub async fn last_of(
    app: &Arc<App>,
    actor: &Actor,
    stream: StreamId,
) -> Result<Recording, Refusal> {
    let one = PageRequest::first(PageLimit::new(1).unwrap_or_default());
    let recordings = view::of_stream(app, actor, stream, &one).await?;
    let last = recordings.items.first().ok_or(Refusal::NoSuchRecording)?;
    execute(app, actor, last.id).await
}
