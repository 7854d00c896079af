//! Asks for a recording of a stream.

use std::sync::Arc;

use greenroom_domain::access::Action;
use greenroom_domain::recording::{
    Recording, RecordingFailure, RecordingOrder, RecordingProgress, RecordingState,
};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::commit::{Claim, ClaimChange, Holder, StateChange};
use greenroom_domain::shared::id::{RecordingId, StreamId};
use greenroom_domain::shared::once::Once;
use greenroom_domain::shared::store::Version;

use crate::commit::{Attempt, write};
use crate::once::reply;
use crate::recording::{ask, follow};
use crate::{App, Refusal};

/// One recording of a stream runs at a time.
pub async fn execute(
    app: &Arc<App>,
    actor: &Actor,
    stream: StreamId,
) -> Result<Recording, Refusal> {
    execute_once(app, actor, stream, None).await
}

/// The same; the same request again answers with the recording that it has asked for.
pub async fn execute_once(
    app: &Arc<App>,
    actor: &Actor,
    stream: StreamId,
    once: Option<&Once>,
) -> Result<Recording, Refusal> {
    app.recorder()?;
    let asked_for = |made| async move {
        let id = RecordingId::from_uuid(made);
        Ok(app.recording(actor, id).await?.0.value)
    };
    let recording = app
        .once(actor, once, || attempt(app, actor, stream, once), asked_for)
        .await?;
    if !matches!(recording.state, RecordingState::Starting { .. }) {
        return Ok(recording);
    }
    begin(app, &recording).await?;
    Ok(recording)
}

async fn attempt(
    app: &Arc<App>,
    actor: &Actor,
    id: StreamId,
    once: Option<&Once>,
) -> Result<Recording, Attempt> {
    let (stream, channel) = app.stream(id).await?;
    app.authorize(actor, &channel.value, Action::Record).await?;
    let now = app.now();
    let id = RecordingId::from_uuid(app.ports.ids.uuid());
    let decision = Recording::request(id, &stream.value, &app.settings.recordings, now)?;
    let recording = decision.next;
    let mut changes = app
        .tell(actor, decision.happened, now)
        .state(StateChange::Recording(write(
            recording.clone(),
            Version::NEW,
        )))
        .claim(ClaimChange::Take(
            Claim::RecordingOf(recording.stream),
            Holder::Recording(id),
        ));
    changes.reply = reply(actor, once, id.uuid(), now);
    app.commit(changes).await?;
    Ok(recording)
}

/// What the recorder does not take is given up at once, so that it can be asked for again.
async fn begin(app: &Arc<App>, recording: &Recording) -> Result<(), Refusal> {
    let order = RecordingOrder {
        recording: recording.id,
        channel: recording.channel,
        stream: recording.stream,
    };
    let begun = ask(app.recorder()?.start(order)).await;
    let failure = match &begun {
        Ok(()) => return Ok(()),
        Err(Refusal::Recording(_)) => RecordingFailure::Aborted,
        // It may have begun all the same.
        Err(_) => RecordingFailure::Lost,
    };
    follow::told(app, recording.id, RecordingProgress::Failed(failure)).await?;
    begun
}
