//! Recordings, made and written again.

use greenroom_domain::recording::{RecordedFile, Recording, RecordingFailure, RecordingState};
use greenroom_domain::shared::commit::{Changes, Claim, Holder, StateChange};

use super::Seen;
use super::changes::pass_on;
use crate::builders::{NOON, noon_plus, recorded_file, recording, seen, stream_id};
use crate::contract::Subject;

/// A recording as it is to be. Names are those of the builders, and times are seconds after
/// [`NOON`](crate::builders::NOON).
#[derive(Debug, Clone, Copy)]
pub struct Recorded {
    /// Of which channel.
    pub of: &'static str,
    /// The how manieth.
    pub n: u32,
    /// Which version was seen.
    pub seen: Seen,
    /// Of which of the channel's streams.
    pub stream: u32,
    /// How far it is.
    pub stage: Stage,
    /// When it was asked for.
    pub at: u64,
}

/// How far a recording is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It was asked for, and has failed if nothing has come of it then.
    Starting(u64),
    /// It runs since then.
    Recording(u64),
    /// It has stopped then.
    Processing(u64),
    /// It can be played, and is as large.
    Available(u64),
    /// There is nothing to play.
    Failed(RecordingFailure),
}

impl Recorded {
    /// What a commit changes at most once.
    pub(super) fn thing(&self) -> String {
        format!("recording {} {}", self.of, self.n)
    }

    /// Adds it to a commit, with its stream's one place while it runs.
    pub(super) async fn put_into(&self, mut changes: Changes, reference: &Subject) -> Changes {
        let next = Recording {
            stream: stream_id(self.of, self.stream),
            state: self.state(),
            created_at: noon_plus(self.at),
            ..recording(self.of, self.n)
        };
        let there = reference.recordings().get(next.id).await.expect("a read");
        let names = |recording: &Recording| {
            let running = recording.is_running().then_some(recording.stream);
            running.map(Claim::RecordingOf).into_iter().collect()
        };
        let old = there.as_ref().map(|it| names(&it.value));
        changes = pass_on(
            changes,
            old.unwrap_or_default(),
            names(&next),
            Holder::Recording(next.id),
        );
        changes.state(StateChange::Recording(seen(next, self.seen.of(there))))
    }

    fn state(&self) -> RecordingState {
        match self.stage {
            Stage::Starting(until) => RecordingState::Starting {
                until: noon_plus(until),
            },
            Stage::Recording(since) => RecordingState::Recording {
                started_at: noon_plus(since),
            },
            Stage::Processing(since) => RecordingState::Processing {
                since: noon_plus(since),
                until: noon_plus(since + 10),
            },
            Stage::Available(size) => RecordingState::Available(RecordedFile {
                size,
                ..recorded_file(self.of, self.n)
            }),
            Stage::Failed(reason) => RecordingState::Failed { reason, at: NOON },
        }
    }
}
