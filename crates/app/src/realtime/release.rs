use std::sync::Arc;
use std::sync::atomic::Ordering;

use greenroom_domain::chat::Line;
use greenroom_domain::shared::id::ChannelId;
use greenroom_domain::shared::store::StoreError;
use tokio::time::Instant;

use crate::realtime::Hub;
use crate::realtime::delayed::{PACE, Step};
use crate::realtime::hub::{BATCH, HeldRoom, LATEST, lock};

impl Hub {
    /// Shows viewers of a delayed room what is due, until they have been shown everything, or
    /// nobody listens any more.
    pub(super) async fn release(self: &Arc<Self>, id: ChannelId, held: &Arc<HeldRoom>) {
        let mut pause = PACE;
        loop {
            let could_read = match next(held) {
                Step::Rest => return,
                Step::Wait(until, changed) => {
                    tokio::select! {
                        () = tokio::time::sleep_until(until) => {}
                        () = changed.notified() => {}
                    }
                    continue;
                }
                Step::Show(behind, lines) => {
                    let lines = self.log.after(id, behind, lines).await;
                    self.take_due(id, held, lines)
                }
                Step::Look(behind) => {
                    let lines = self.log.after(id, behind, BATCH).await;
                    take_notice(id, held, lines)
                }
            };
            pause = if could_read {
                PACE
            } else {
                // Again and again, but not ever so often.
                (pause * 2).min(LATEST)
            };
            tokio::time::sleep(pause).await;
        }
    }

    fn take_due(
        self: &Arc<Self>,
        id: ChannelId,
        held: &Arc<HeldRoom>,
        lines: Result<Vec<Line>, StoreError>,
    ) -> bool {
        let lines = read(id, lines);
        let could_read = lines.is_some();
        let mut room = lock(&held.room);
        match lines {
            Some(lines) => room.release(lines, Instant::now()),
            None => room.give_way(),
        }
        self.look_after(room, id, held);
        could_read
    }
}

/// What is to be done next; who is told to rest does.
fn next(held: &HeldRoom) -> Step {
    let mut room = lock(&held.room);
    let step = if held.holders.load(Ordering::Acquire) > 0 {
        room.step(Instant::now())
    } else {
        Step::Rest
    };
    if let Step::Rest = step {
        room.stop_releasing();
    }
    step
}

fn take_notice(id: ChannelId, held: &HeldRoom, lines: Result<Vec<Line>, StoreError>) -> bool {
    let lines = read(id, lines);
    lock(&held.room).look_at(lines.as_deref().unwrap_or_default());
    lines.is_some()
}

/// Lines, where there are any.
fn read(id: ChannelId, lines: Result<Vec<Line>, StoreError>) -> Option<Vec<Line>> {
    match lines {
        Ok(lines) => Some(lines).filter(|lines| !lines.is_empty()),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, %id, "what is due could not be read");
            None
        }
    }
}
