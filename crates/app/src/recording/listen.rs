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

#[cfg(test)]
mod tests {
    use greenroom_domain::recording::RecordingChange;
    use greenroom_domain::shared::actor::Actor;
    use greenroom_domain::shared::clock::Timestamp;
    use greenroom_domain::shared::id::{ChannelId, EventId, RecordingId, StreamId};
    use uuid::Uuid;

    use super::*;

    fn event(n: u128, what: RecordingChange) -> Event {
        let about = Uuid::from_u128(7);
        let happened = RecordingEvent {
            recording: RecordingId::from_uuid(about),
            stream: StreamId::from_uuid(about),
            channel: ChannelId::from_uuid(about),
            what,
        };
        Event {
            id: EventId::from_uuid(Uuid::from_u128(n)),
            at: Timestamp::from_micros(0),
            by: Actor::System,
            what: happened.into(),
        }
    }

    #[test]
    fn what_comes_twice_is_told_once() {
        let happenings = Happenings::default();
        let mut heard = happenings.told.subscribe();
        let requested = event(1, RecordingChange::Requested);
        let began = event(2, RecordingChange::Began);
        for event in [&requested, &began, &requested] {
            happenings.take_event(event);
        }
        let told = [heard.try_recv(), heard.try_recv()];
        let told = told.map(|told| told.map(|it| it.what));
        assert_eq!(
            told,
            [Ok(RecordingChange::Requested), Ok(RecordingChange::Began)]
        );
        assert!(heard.is_empty());
    }
}
