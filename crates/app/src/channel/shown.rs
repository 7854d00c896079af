//! Channels as they were shown last: a page that thousands open is read from the store once a
//! second, and anew at once after what changes it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use greenroom_domain::channel::Handle;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::event::Happening;
use greenroom_domain::stream::StreamEvent;

use crate::channel::view::ChannelView;

/// How old what is shown may be: numbers move all the time, and another node's changes may
/// be late.
const FRESH: Duration = Duration::from_secs(1);
/// How many channels are kept at once.
const CHANNELS: usize = 1_000;

#[derive(Default)]
pub(crate) struct ShownChannels(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    channels: HashMap<Handle, (Timestamp, Arc<ChannelView>)>,
    /// How often any were forgotten: what was read meanwhile may be what has just changed.
    forgotten: u64,
}

/// What had been forgotten when a channel began to be read.
pub(crate) struct Reading(u64);

impl ShownChannels {
    /// The channel, or leave to read it and [keep](Self::keep) it.
    pub(crate) fn fresh(
        &self,
        handle: &Handle,
        now: Timestamp,
    ) -> Result<Arc<ChannelView>, Reading> {
        let kept = self.kept();
        match kept.channels.get(handle) {
            Some((at, view)) if *at <= now && now.since(*at) < FRESH => Ok(Arc::clone(view)),
            _ => Err(Reading(kept.forgotten)),
        }
    }

    /// Keeps a channel that was read at `now`, unless something changed since.
    pub(crate) fn keep(
        &self,
        view: &Arc<ChannelView>,
        Reading(forgotten): Reading,
        now: Timestamp,
    ) {
        let mut kept = self.kept();
        if kept.forgotten != forgotten {
            return;
        }
        if kept.channels.len() >= CHANNELS {
            kept.channels.clear();
        }
        let handle = view.channel.value.handle.clone();
        kept.channels.insert(handle, (now, Arc::clone(view)));
    }

    /// What it is about is read again on the next use.
    pub(crate) fn forget(&self, what: &Happening) {
        let is_changed = |view: &ChannelView| match what {
            Happening::Account(event) => event.user() == view.owner.id,
            Happening::Channel(event) => event.channel() == view.channel.value.id,
            // Of an audience it is enough to be as old as that.
            Happening::Stream(StreamEvent::AudienceChanged { .. }) | Happening::Chat(_) => false,
            Happening::Stream(event) => event.channel() == view.channel.value.id,
        };
        let mut kept = self.kept();
        kept.channels.retain(|_, (_, view)| !is_changed(view));
        kept.forgotten += 1;
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
