//! Follows what becomes of recordings: by what recorders tell, and by asking them for what they
//! have not told.

use std::sync::Arc;

use greenroom_domain::recording::{Recording, RecordingProgress};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::decision::Decision;
use greenroom_domain::shared::id::RecordingId;
use greenroom_domain::shared::store::Stored;

use crate::commit::Attempt;
use crate::recording::{ask, keep};
use crate::{App, Refusal};

/// A recorder tells how far a recording is. One that goes on though it is over here is stopped.
pub(crate) async fn told(
    app: &Arc<App>,
    id: RecordingId,
    progress: RecordingProgress,
) -> Result<(), Refusal> {
    let goes_on = matches!(
        progress,
        RecordingProgress::Starting | RecordingProgress::Recording { .. }
    );
    let rules = &app.settings.recordings;
    let now = app
        .retry(|| decide(app, id, |it| it.advance(progress.clone(), rules, app.now())))
        .await?;
    if goes_on && now.is_some_and(|it| !it.is_running()) {
        ask(app.recorder()?.stop(id)).await?;
    }
    Ok(())
}

/// Asks how far the open recordings are, and ends those whose stream is over.
pub async fn open(app: &Arc<App>) -> Result<(), Refusal> {
    let Some(recorder) = app.ports.recorder.as_deref() else {
        return Ok(());
    };
    let open = app.ports.recordings.open().await?;
    if open.is_empty() {
        return Ok(());
    }
    let ids: Vec<RecordingId> = open.iter().map(|it| it.value.id).collect();
    let progress = ask(recorder.progress(&ids)).await?;
    let mut failed = None;
    for (recording, progress) in open.into_iter().zip(progress) {
        // One that cannot be followed now does not hold up the others.
        if let Err(refusal) = look(app, recording.value, progress).await {
            failed = Some(refusal);
        }
    }
    failed.map_or(Ok(()), Err)
}

async fn look(
    app: &Arc<App>,
    recording: Recording,
    progress: Option<RecordingProgress>,
) -> Result<(), Refusal> {
    let rules = &app.settings.recordings;
    let id = recording.id;
    let seen = app
        .retry(|| decide(app, id, |it| it.look(progress.clone(), rules, app.now())))
        .await?;
    let stream = app.ports.streams.get(recording.stream).await?;
    let is_live = stream.is_some_and(|stream| stream.value.is_live());
    if !is_live && seen.is_some_and(|it| it.is_running()) {
        ask(app.recorder()?.stop(id)).await?;
        told(app, id, RecordingProgress::Processing).await?;
    }
    Ok(())
}

/// What is decided of a recording as it is now; `None` when there is none.
async fn decide(
    app: &Arc<App>,
    id: RecordingId,
    decide: impl Fn(Recording) -> Decision<Recording>,
) -> Result<Option<Recording>, Attempt> {
    let Some(Stored { value, version }) = app.ports.recordings.get(id).await? else {
        return Ok(None);
    };
    keep(app, &Actor::System, version, decide(value))
        .await
        .map(Some)
}
