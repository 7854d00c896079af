//! Recordings: ask for one, end it, see what has become of it.

pub mod follow;
mod listen;
pub mod start;
pub mod stop;
pub mod view;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use greenroom_domain::access::Action;
use greenroom_domain::channel::Channel;
use greenroom_domain::recording::{Recorder, RecorderError, Recording, RecordingError};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::commit::{Claim, ClaimChange, Holder, StateChange};
use greenroom_domain::shared::decision::Decision;
use greenroom_domain::shared::id::RecordingId;
use greenroom_domain::shared::store::{Stored, Version};

use crate::commit::{Attempt, write};
use crate::{App, Refusal};

pub(crate) use listen::Happenings;

/// A recorder that takes longer is not there.
const LIMIT: Duration = Duration::from_secs(5);

impl App {
    /// The recorder, or a refusal where there is none.
    fn recorder(&self) -> Result<&dyn Recorder, Refusal> {
        self.ports.recorder.as_deref().ok_or(Refusal::NoRecorder)
    }

    /// The recording and its channel, for whoever may see them; to anybody else it does not
    /// exist.
    async fn recording(
        &self,
        actor: &Actor,
        id: RecordingId,
    ) -> Result<(Stored<Recording>, Channel), Refusal> {
        let known = self.ports.recordings.get(id).await?;
        let recording = known.ok_or(Refusal::NoSuchRecording)?;
        let channel = self.channel(recording.value.channel).await?.value;
        if self.standing(actor, &channel).await?.may(Action::Record) {
            Ok((recording, channel))
        } else {
            Err(Refusal::NoSuchRecording)
        }
    }
}

/// Waits for the recorder, for a while.
async fn ask<T>(answer: impl Future<Output = Result<T, RecorderError>>) -> Result<T, Refusal> {
    match tokio::time::timeout(LIMIT, answer).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(RecorderError::NothingToRecord)) => Err(RecordingError::NotPublishing.into()),
        Ok(Err(error)) => Err(Refusal::Recorder(error)),
        Err(elapsed) => Err(Refusal::Recorder(RecorderError::Unavailable(Box::new(
            elapsed,
        )))),
    }
}

/// Keeps what was decided. Whatever runs no longer makes room for another.
async fn keep(
    app: &Arc<App>,
    actor: &Actor,
    seen: Version,
    decision: Decision<Recording>,
) -> Result<Recording, Attempt> {
    if decision.is_unchanged() {
        return Ok(decision.next);
    }
    let recording = decision.next;
    let mut changes = app
        .tell(actor, decision.happened, app.now())
        .state(StateChange::Recording(write(recording.clone(), seen)));
    if !recording.is_running() {
        changes = changes.claim(ClaimChange::Release(
            Claim::RecordingOf(recording.stream),
            Holder::Recording(recording.id),
        ));
    }
    app.commit(changes).await?;
    Ok(recording)
}
