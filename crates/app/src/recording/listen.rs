//! Has whoever listens at this node told what happens to recordings, at whatever node.

use std::sync::{Mutex, PoisonError};

use greenroom_domain::recording::RecordingEvent;
use greenroom_domain::shared::event::{Event, Happening};
use tokio::sync::broadcast;

use crate::App;
use crate::notification::{Repeats, Source};

/// So many may happen before whoever listens misses one.
const WAITING: usize = 256;

/// What happens, each once.
pub(crate) struct Happenings {
    told: broadcast::Sender<RecordingEvent>,
    repeats: Mutex<Repeats>,
}

impl Default for Happenings {
    fn default() -> Self {
        Self {
            told: broadcast::Sender::new(WAITING),
            repeats: Mutex::default(),
        }
    }
}

impl Happenings {
    /// Something happened; it comes here more than once.
    pub(crate) fn take_event(&self, event: &Event) {
        let Happening::Recording(happened) = event.what else {
            return;
        };
        let mut repeats = self.repeats.lock().unwrap_or_else(PoisonError::into_inner);
        if repeats.note(Source::Event(event.id)) {
            // Nobody may be there to hear it.
            let _ = self.told.send(happened);
        }
    }
}

impl App {
    /// Tells of all that happens to recordings from now on. Live only: what was missed is not
    /// told again.
    pub fn recording_events(&self) -> broadcast::Receiver<RecordingEvent> {
        self.recordings.told.subscribe()
    }
}
