//! The recording itself: `starting -> recording -> processing -> available | failed`.

use std::time::Duration;

use crate::recording::{RecordingChange, RecordingError, RecordingEvent};
use crate::shared::clock::Timestamp;
use crate::shared::decision::Decision;
use crate::shared::id::{ChannelId, RecordingId, StreamId};
use crate::stream::Stream;

/// What is kept of a stream, from when somebody asks for it to when somebody or something ends
/// it.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    /// Its id.
    pub id: RecordingId,
    /// Whose.
    pub channel: ChannelId,
    /// Of what.
    pub stream: StreamId,
    /// How far it is.
    pub state: RecordingState,
    /// When it was asked for.
    pub created_at: Timestamp,
}

/// How far a recording is.
#[derive(Debug, Clone, PartialEq)]
pub enum RecordingState {
    /// It was asked for.
    Starting {
        /// It has failed if nothing has come of it then.
        until: Timestamp,
    },
    /// What is published is kept.
    Recording {
        /// Since when.
        started_at: Timestamp,
    },
    /// Nothing more comes to it; what was kept is made ready.
    Processing {
        /// Since when.
        since: Timestamp,
        /// It has failed if it is not ready then.
        until: Timestamp,
    },
    /// It can be played.
    Available(RecordedFile),
    /// There is nothing to play.
    Failed {
        /// Why.
        reason: RecordingFailure,
        /// Since when.
        at: Timestamp,
    },
}

/// What a recording has become.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RecordedFile {
    /// Where the recorder has put it: a path, or a key of an object store.
    pub location: String,
    /// In what.
    pub format: FileFormat,
    /// Its size in bytes.
    pub size: u64,
    /// The time of its first frame.
    pub started_at: Timestamp,
    /// How long it plays.
    pub duration: Duration,
    /// Whether a limit of size or time has closed it, rather than somebody's word or the
    /// stream's end.
    pub limit_reached: bool,
}

/// In what a recording is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum FileFormat {
    /// MPEG-4 (ISO/IEC 14496-14).
    Mp4,
}

/// Why there is nothing to play.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum RecordingFailure {
    /// The recorder could not do it; its log says why.
    Recorder,
    /// It was given up before anything was kept.
    Aborted,
    /// The recorder knows nothing of it, or did not get ready in time.
    Lost,
}

/// What a recorder tells of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordingProgress {
    /// It was asked for.
    Starting,
    /// What is published is kept.
    Recording {
        /// Since when.
        since: Timestamp,
    },
    /// Nothing more comes to it.
    Processing,
    /// It can be played.
    Available(RecordedFile),
    /// There is nothing to play.
    Failed(RecordingFailure),
}

/// Times that recordings keep to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordingRules {
    /// How long a recording may take to begin.
    pub begin: Duration,
    /// How long it may take to be made ready.
    pub finish: Duration,
}

impl Default for RecordingRules {
    fn default() -> Self {
        Self {
            begin: Duration::from_secs(60),
            finish: Duration::from_secs(60 * 60),
        }
    }
}

impl Recording {
    /// Asks for a recording of a stream.
    pub fn request(
        id: RecordingId,
        stream: &Stream,
        rules: &RecordingRules,
        now: Timestamp,
    ) -> Result<Decision<Self>, RecordingError> {
        if stream.publisher().is_none() {
            return Err(RecordingError::NotPublishing);
        }
        let recording = Self {
            id,
            channel: stream.channel,
            stream: stream.id,
            state: RecordingState::Starting {
                until: now + rules.begin,
            },
            created_at: now,
        };
        let event = recording.event(RecordingChange::Requested);
        Ok(Decision::changed(recording, event))
    }

    /// Whether something is still to come of it.
    pub fn is_open(&self) -> bool {
        !matches!(
            self.state,
            RecordingState::Available(_) | RecordingState::Failed { .. }
        )
    }

    /// Whether it keeps its stream from being recorded by another.
    pub fn is_running(&self) -> bool {
        matches!(
            self.state,
            RecordingState::Starting { .. } | RecordingState::Recording { .. }
        )
    }

    /// Nothing more comes to it, by somebody's word or by the stream's end. Again is no change.
    pub fn stop(
        self,
        rules: &RecordingRules,
        now: Timestamp,
    ) -> Result<Decision<Self>, RecordingError> {
        match self.state {
            RecordingState::Starting { .. } | RecordingState::Recording { .. } => {
                Ok(self.stopped(rules, now))
            }
            RecordingState::Processing { .. } => Ok(Decision::unchanged(self)),
            RecordingState::Available(_) | RecordingState::Failed { .. } => {
                Err(RecordingError::Over)
            }
        }
    }

    /// The recorder tells how far it is. What it told before, or out of order, changes nothing;
    /// what was believed [lost](RecordingFailure::Lost) may turn up.
    pub fn advance(
        self,
        progress: RecordingProgress,
        rules: &RecordingRules,
        now: Timestamp,
    ) -> Decision<Self> {
        use RecordingState as State;
        match (&self.state, progress) {
            (State::Starting { .. }, RecordingProgress::Recording { since }) => {
                let state = State::Recording { started_at: since };
                self.changed(state, RecordingChange::Began)
            }
            (State::Starting { .. } | State::Recording { .. }, RecordingProgress::Processing) => {
                self.stopped(rules, now)
            }
            (
                State::Starting { .. }
                | State::Recording { .. }
                | State::Processing { .. }
                | State::Failed {
                    reason: RecordingFailure::Lost,
                    ..
                },
                RecordingProgress::Available(file),
            ) => {
                let stopped = self
                    .is_running()
                    .then(|| self.event(RecordingChange::Stopped));
                let mut finished = self.changed(State::Available(file), RecordingChange::Finished);
                // Nobody has said so before.
                finished.happened.splice(0..0, stopped.map(Into::into));
                finished
            }
            (
                State::Starting { .. } | State::Recording { .. } | State::Processing { .. },
                RecordingProgress::Failed(reason),
            ) => self.failed(reason, now),
            _ => Decision::unchanged(self),
        }
    }

    /// The recorder was asked how far it is; `None` when it knows nothing of it. What it does
    /// not get done in time is lost.
    pub fn look(
        self,
        progress: Option<RecordingProgress>,
        rules: &RecordingRules,
        now: Timestamp,
    ) -> Decision<Self> {
        let unknown = progress.is_none();
        let seen = match progress {
            Some(progress) => self.advance(progress, rules, now),
            None => Decision::unchanged(self),
        };
        let lost = match seen.next.state {
            RecordingState::Starting { until } | RecordingState::Processing { until, .. } => {
                until <= now
            }
            RecordingState::Recording { .. } => unknown,
            RecordingState::Available(_) | RecordingState::Failed { .. } => false,
        };
        if lost {
            seen.next.failed(RecordingFailure::Lost, now)
        } else {
            seen
        }
    }

    fn stopped(self, rules: &RecordingRules, now: Timestamp) -> Decision<Self> {
        let state = RecordingState::Processing {
            since: now,
            until: now + rules.finish,
        };
        self.changed(state, RecordingChange::Stopped)
    }

    fn failed(self, reason: RecordingFailure, at: Timestamp) -> Decision<Self> {
        let state = RecordingState::Failed { reason, at };
        self.changed(state, RecordingChange::Failed(reason))
    }

    fn changed(self, state: RecordingState, what: RecordingChange) -> Decision<Self> {
        let event = self.event(what);
        Decision::changed(Self { state, ..self }, event)
    }

    fn event(&self, what: RecordingChange) -> RecordingEvent {
        RecordingEvent {
            recording: self.id,
            stream: self.stream,
            channel: self.channel,
            what,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::ChannelTitle;
    use crate::shared::event::Happening;
    use crate::shared::id::{NodeId, StreamKeyId};
    use crate::stream::{NewStream, Publisher, StreamRules};
    use proptest::prelude::*;
    use uuid::Uuid;

    const RULES: RecordingRules = RecordingRules {
        begin: Duration::from_secs(60),
        finish: Duration::from_secs(600),
    };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000)
    }

    fn stream() -> Stream {
        let new = NewStream {
            id: StreamId::from_uuid(Uuid::from_u128(1)),
            channel: ChannelId::from_uuid(Uuid::from_u128(2)),
            title: ChannelTitle::parse("Ada").unwrap(),
            category: None,
        };
        Stream::create(new, at(0)).next
    }

    fn published() -> Stream {
        let publisher = Publisher {
            node: NodeId::from_uuid(Uuid::from_u128(3)),
            key: StreamKeyId::from_uuid(Uuid::from_u128(4)),
            since: at(0),
        };
        let attached = stream().attach(publisher, None, &StreamRules::default(), at(0));
        attached.unwrap().next
    }

    fn requested() -> Recording {
        let id = RecordingId::from_uuid(Uuid::from_u128(5));
        Recording::request(id, &published(), &RULES, at(1))
            .unwrap()
            .next
    }

    fn file() -> RecordedFile {
        RecordedFile {
            location: "recordings/5.mp4".to_owned(),
            format: FileFormat::Mp4,
            size: 9,
            started_at: at(2),
            duration: Duration::from_secs(3),
            limit_reached: false,
        }
    }

    #[test]
    fn what_nobody_publishes_is_not_recorded() {
        let id = RecordingId::from_uuid(Uuid::from_u128(5));
        assert_eq!(
            Recording::request(id, &stream(), &RULES, at(1)),
            Err(RecordingError::NotPublishing)
        );
    }

    #[test]
    fn a_stop_again_changes_nothing_and_one_too_late_is_told() {
        let stopped = requested().stop(&RULES, at(5)).unwrap().next;
        assert!(!stopped.is_running() && stopped.is_open());
        let again = stopped.clone().stop(&RULES, at(6)).unwrap();
        assert!(again.is_unchanged());
        let over = stopped.advance(RecordingProgress::Available(file()), &RULES, at(7));
        assert_eq!(over.next.stop(&RULES, at(8)), Err(RecordingError::Over));
    }

    #[test]
    fn what_does_not_begin_or_end_in_time_is_lost_and_may_turn_up() {
        let starting = requested();
        assert!(starting.clone().look(None, &RULES, at(60)).is_unchanged());
        let late = Some(RecordingProgress::Starting);
        let lost = starting.look(late, &RULES, at(61)).next;
        assert_eq!(
            lost.state,
            RecordingState::Failed {
                reason: RecordingFailure::Lost,
                at: at(61)
            }
        );
        let found = lost.advance(RecordingProgress::Available(file()), &RULES, at(70));
        assert_eq!(found.next.state, RecordingState::Available(file()));
    }

    #[test]
    fn a_recorder_that_knows_nothing_of_it_has_lost_it() {
        let since = at(2);
        let progress = RecordingProgress::Recording { since };
        let running = requested().advance(progress.clone(), &RULES, at(2)).next;
        let kept = running.clone().look(Some(progress), &RULES, at(3));
        assert!(kept.is_unchanged());
        assert!(!running.look(None, &RULES, at(3)).next.is_open());
    }

    #[test]
    fn what_is_finished_has_stopped_before() {
        let finished = RecordingProgress::Available(file());
        let what = |decision: Decision<Recording>| {
            let happened = decision.happened.into_iter();
            let changes = happened.filter_map(|it| match it {
                Happening::Recording(event) => Some(event.what),
                _ => None,
            });
            changes.collect::<Vec<_>>()
        };
        let at_once = requested().advance(finished.clone(), &RULES, at(5));
        assert_eq!(
            what(at_once),
            [RecordingChange::Stopped, RecordingChange::Finished]
        );
        let stopped = requested().stop(&RULES, at(5)).unwrap().next;
        let then = stopped.advance(finished, &RULES, at(6));
        assert_eq!(what(then), [RecordingChange::Finished]);
    }

    fn told() -> impl Strategy<Value = Vec<RecordingProgress>> {
        use RecordingProgress::{Available, Processing, Recording, Starting};
        let whole = vec![
            Starting,
            Recording { since: at(2) },
            Processing,
            Available(file()),
        ];
        let some = proptest::sample::subsequence(whole.clone(), 0..=3);
        some.prop_map(move |again| [whole.clone(), again].concat())
            .prop_shuffle()
    }

    proptest! {
        #[test]
        fn no_order_and_no_repetition_bends_the_end(told in told()) {
            let mut recording = requested();
            for progress in told {
                recording = recording.advance(progress, &RULES, at(9)).next;
            }
            prop_assert_eq!(recording.state, RecordingState::Available(file()));
        }
    }
}
