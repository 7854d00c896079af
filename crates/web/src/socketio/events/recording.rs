//! Recordings: start, stop, and what becomes of them.

use std::sync::Arc;

use greenroom_app::Refusal;
use greenroom_app::recording::{start, stop};
use greenroom_domain::access::{Action, Standing, Tie};
use greenroom_domain::recording::{Recording, RecordingChange, RecordingEvent};
use greenroom_domain::shared::id::UserId;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use super::connection::Connection;
use super::payload::stream_id;
use super::speech::{Document, Speech};
use super::vocabulary::Event;
use super::{Answer, Events, Problem, done};
use crate::dialects::{harmoniecore, pawfectmatch};
use crate::wire::RecordingJson;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct OfStream {
    stream_id: String,
}

#[derive(Serialize)]
struct OneRecording {
    recording: Shape,
}

/// A recording, as who asks reads it.
#[derive(Serialize)]
#[serde(untagged)]
enum Shape {
    Ours(RecordingJson),
    HarmonieCore(harmoniecore::RecordingJson),
    PawfectMatch(pawfectmatch::RecordingJson),
}

impl Shape {
    fn of(speech: Speech, recording: &Recording) -> Self {
        match speech {
            Speech::Ours => Self::Ours(recording.into()),
            Speech::Of(Document::HarmonieCore) => Self::HarmonieCore(recording.into()),
            Speech::Of(Document::PawfectMatch) => Self::PawfectMatch(recording.into()),
        }
    }
}

pub(super) async fn begin(
    events: &Events,
    connection: &Arc<Connection>,
    payload: OfStream,
) -> Result<Answer, Problem> {
    let (app, actor) = (&events.app, &connection.actor);
    let stream = stream_id(&payload.stream_id)?;
    let recording = match connection.speech {
        Speech::Of(Document::PawfectMatch) => pawfectmatch::record(app, actor, stream).await?,
        Speech::Of(Document::HarmonieCore) | Speech::Ours => {
            start::execute(app, actor, stream).await?
        }
    };
    answer(connection, &recording)
}

pub(super) async fn end(
    events: &Events,
    connection: &Arc<Connection>,
    payload: OfStream,
) -> Result<Answer, Problem> {
    let (app, actor) = (&events.app, &connection.actor);
    let stream = stream_id(&payload.stream_id)?;
    let recording = match connection.speech {
        Speech::Of(Document::PawfectMatch) => {
            pawfectmatch::stop_recording(app, actor, stream).await?
        }
        Speech::Of(Document::HarmonieCore) | Speech::Ours => {
            stop::last_of(app, actor, stream).await?
        }
    };
    answer(connection, &recording)
}

fn answer(connection: &Connection, recording: &Recording) -> Result<Answer, Problem> {
    done(&OneRecording {
        recording: Shape::of(connection.speech, recording),
    })
}

/// Tells those who are concerned what becomes of recordings, until shutdown.
pub(super) async fn follow(
    events: Arc<Events>,
    mut happened: Receiver<RecordingEvent>,
    shutdown: CancellationToken,
) {
    let telling = async {
        loop {
            match happened.recv().await {
                Ok(event) => tell_in_time(&events, event).await,
                Err(RecvError::Lagged(missed)) => {
                    tracing::warn!(missed, "what became of recordings was not told");
                }
                Err(RecvError::Closed) => return,
            }
        }
    };
    shutdown.run_until_cancelled(telling).await;
}

async fn tell_in_time(events: &Events, event: RecordingEvent) {
    let limit = events.config.request_timeout;
    match tokio::time::timeout(limit, tell(events, event)).await {
        Ok(Ok(())) => {}
        Ok(Err(problem)) => super::log(&problem),
        Err(_) => tracing::warn!("what became of a recording takes too long and is not told"),
    }
}

/// The recording as it is by now.
async fn tell(events: &Events, event: RecordingEvent) -> Result<(), Problem> {
    let ports = &events.app.ports;
    let recording = ports.recordings.get(event.recording).await;
    let recording = recording.map_err(Refusal::from)?;
    let channel = ports.channels.get(event.channel).await;
    let channel = channel.map_err(Refusal::from)?;
    let (Some(recording), Some(channel)) = (recording, channel) else {
        return Ok(());
    };
    for connection in events.connections() {
        tell_one(&connection, event, channel.value.owner, &recording.value)?;
    }
    Ok(())
}

fn tell_one(
    connection: &Connection,
    event: RecordingEvent,
    owner: UserId,
    recording: &Recording,
) -> Result<(), Problem> {
    let turn = match event.what {
        RecordingChange::Requested | RecordingChange::Finished => None,
        RecordingChange::Began => Some(Event::RecordingStarted),
        RecordingChange::Stopped | RecordingChange::Failed(_) => Some(Event::RecordingStopped),
    };
    match connection.speech {
        // Whoever watches is told that they are recorded, and no more than that.
        Speech::Of(Document::PawfectMatch) => match turn {
            Some(turn) if connection.room_watched_for(event.stream).is_some() => {
                connection.tell(turn, &pawfectmatch::WatchedRecordingJson::from(recording))
            }
            _ => Ok(()),
        },
        Speech::Of(Document::HarmonieCore) | Speech::Ours => {
            if !is_theirs(connection, event, owner) {
                return Ok(());
            }
            let shape = Shape::of(connection.speech, recording);
            if let Some(turn) = turn {
                connection.tell(turn, &shape)?;
            }
            connection.tell(Event::RecordingStatus, &shape)
        }
    }
}

/// Its owner, wherever they are; an administrator who is in the channel's room.
fn is_theirs(connection: &Connection, event: RecordingEvent, owner: UserId) -> bool {
    let standing = Standing::of(&connection.actor, owner, Tie::None);
    standing.may(Action::Record) && (standing == Standing::Owner || connection.is_in(event.channel))
}
