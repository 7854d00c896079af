//! A recorder without media.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use greenroom_domain::recording::{Recorder, RecorderError, RecordingOrder, RecordingProgress};
use greenroom_domain::shared::id::RecordingId;

/// What an [`InMemoryRecorder`] was told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecorderCall {
    /// Begin this.
    Start(RecordingOrder),
    /// End this.
    Stop(RecordingId),
}

/// What an [`InMemoryRecorder`] fails with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// [`RecorderError::NothingToRecord`].
    NothingToRecord,
    /// [`RecorderError::Busy`].
    Busy,
    /// [`RecorderError::Unavailable`].
    Away,
}

/// Writes down what it is told. A recording begins when the test says so, and is as far as the
/// test says: it is starting when it was started, and being made ready when it was stopped.
#[derive(Debug, Default)]
pub struct InMemoryRecorder(Mutex<Deck>);

#[derive(Debug, Default)]
struct Deck {
    calls: Vec<RecorderCall>,
    recordings: HashMap<RecordingId, RecordingProgress>,
    trouble: Option<(Trouble, usize)>,
}

/// The recorder is told to fail.
#[derive(Debug, thiserror::Error)]
#[error("the test told it to fail")]
struct ToldToFail;

impl InMemoryRecorder {
    /// All that it was told and has done, in order; what failed, and what it is asked, is not
    /// among it.
    pub fn calls(&self) -> Vec<RecorderCall> {
        self.deck().calls.clone()
    }

    /// How often it has done exactly this.
    pub fn count(&self, call: RecorderCall) -> usize {
        self.calls().into_iter().filter(|it| *it == call).count()
    }

    /// The recording is so far from now on; nobody is told of it.
    pub fn set(&self, recording: RecordingId, progress: RecordingProgress) {
        self.deck().recordings.insert(recording, progress);
    }

    /// It knows nothing of the recording any more.
    pub fn forget(&self, recording: RecordingId) {
        self.deck().recordings.remove(&recording);
    }

    /// Its next so many calls fail with this, whatever they are.
    pub fn fail(&self, trouble: Trouble, times: usize) {
        self.deck().trouble = Some((trouble, times));
    }

    /// How many of those are still to come.
    pub fn failures_left(&self) -> usize {
        self.deck().trouble.map_or(0, |(_, times)| times)
    }

    fn deck(&self) -> MutexGuard<'_, Deck> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn working(&self) -> Result<MutexGuard<'_, Deck>, RecorderError> {
        let mut deck = self.deck();
        match &mut deck.trouble {
            Some((trouble, times)) if *times > 0 => {
                *times -= 1;
                Err(match trouble {
                    Trouble::NothingToRecord => RecorderError::NothingToRecord,
                    Trouble::Busy => RecorderError::Busy,
                    Trouble::Away => RecorderError::Unavailable(Box::new(ToldToFail)),
                })
            }
            _ => Ok(deck),
        }
    }
}

#[async_trait]
impl Recorder for InMemoryRecorder {
    async fn start(&self, order: RecordingOrder) -> Result<(), RecorderError> {
        let mut deck = self.working()?;
        deck.calls.push(RecorderCall::Start(order));
        let recordings = &mut deck.recordings;
        recordings
            .entry(order.recording)
            .or_insert(RecordingProgress::Starting);
        Ok(())
    }

    async fn stop(&self, recording: RecordingId) -> Result<(), RecorderError> {
        let mut deck = self.working()?;
        deck.calls.push(RecorderCall::Stop(recording));
        if let Some(progress) = deck.recordings.get_mut(&recording)
            && let RecordingProgress::Starting | RecordingProgress::Recording { .. } = progress
        {
            *progress = RecordingProgress::Processing;
        }
        Ok(())
    }

    async fn progress(
        &self,
        recordings: &[RecordingId],
    ) -> Result<Vec<Option<RecordingProgress>>, RecorderError> {
        let deck = self.working()?;
        let known = recordings.iter();
        Ok(known.map(|it| deck.recordings.get(it).cloned()).collect())
    }
}
