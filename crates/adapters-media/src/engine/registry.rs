//! Who publishes to what on this engine, and who no longer may.
//!
//! A publisher writes to its channel's bus through its [`Publishing`] alone. Cutting it off
//! takes the bus away under the same lock, so that nothing of it can come later, however slow
//! its task is to notice.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use greenroom_domain::channel::Handle;
use greenroom_domain::media::{IngestLease, IngestStatus};
use greenroom_domain::shared::id::{ChannelId, StreamId};
use greenroom_domain::stream::Generation;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::meter::Meter;
use crate::bus::{Channels, StreamBus};
use crate::rtmp::EndReason;

/// How long it is remembered that leases are worth nothing: far longer than from being given
/// one to publishing.
const REMEMBERED: Duration = Duration::from_secs(120);

/// The publisher of every stream, and which stream each channel has on air.
pub(super) struct Registry {
    channels: Arc<Channels>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    publishers: HashMap<StreamId, Arc<Publishing>>,
    on_air: HashMap<ChannelId, OnAir>,
    fences: HashMap<StreamId, Fence>,
}

/// What a channel's bus carries.
struct OnAir {
    handle: Handle,
    stream: StreamId,
    ended_at: Option<Instant>,
}

/// Leases that are worth nothing, also those whose encoder has not come in yet.
struct Fence {
    up_to: Generation,
    why: EndReason,
    since: Instant,
}

/// One publisher.
pub(super) struct Publishing {
    stream: StreamId,
    generation: Generation,
    feed: Mutex<Feed>,
    stop: CancellationToken,
}

struct Feed {
    /// The bus, or why it was taken away.
    bus: Result<Arc<StreamBus>, EndReason>,
    meter: Meter,
}

/// A publisher's place on air; it is given up when this is dropped.
pub(super) struct Publication<'a> {
    registry: &'a Registry,
    publishing: Arc<Publishing>,
}

impl Registry {
    pub(super) fn new(channels: Arc<Channels>) -> Self {
        Self {
            channels,
            state: Mutex::default(),
        }
    }

    /// A publisher begins; who published to its channel before is cut off. It ends with `stop`.
    ///
    /// # Errors
    /// The lease has become worthless before its encoder came in.
    pub(super) fn begin(
        &self,
        lease: &IngestLease,
        stop: CancellationToken,
        now: DateTime<Utc>,
    ) -> Result<Publication<'_>, EndReason> {
        let (stream, generation) = (lease.stream, lease.generation);
        let mut state = self.state.lock();
        if let Some(fence) = state.fences.get(&stream)
            && generation <= fence.up_to
        {
            return Err(fence.why);
        }
        let earlier = Generation(generation.0.saturating_sub(1));
        state.fence(stream, earlier, EndReason::TakenOver);
        if let Some(before) = state.on_air.get(&lease.channel) {
            let before = before.stream;
            if let Some(other) = state.publishers.remove(&before) {
                other.cut(EndReason::TakenOver);
            }
        }
        let on_air = OnAir {
            handle: lease.handle.clone(),
            stream,
            ended_at: None,
        };
        let before = state.on_air.insert(lease.channel, on_air);
        if let Some(before) = before.filter(|before| before.handle != lease.handle) {
            self.channels.close(before.handle.as_str());
        }
        let publishing = Arc::new(Publishing {
            stream,
            generation,
            feed: Mutex::new(Feed {
                bus: Ok(self.channels.open(lease.handle.as_str(), now)),
                meter: Meter::new(Instant::now()),
            }),
            stop,
        });
        state.publishers.insert(stream, Arc::clone(&publishing));
        Ok(Publication {
            registry: self,
            publishing,
        })
    }

    /// Cuts off a stream's publishers up to a generation, those too that hold a lease and have
    /// not come in yet.
    pub(super) fn close(&self, stream: StreamId, up_to: Generation, why: EndReason) {
        self.state.lock().close(stream, up_to, why);
    }

    /// A stream is over: cuts off its publisher, and ends its channel's playlists, if that has
    /// no other stream on air.
    pub(super) fn end(&self, channel: ChannelId, stream: StreamId) {
        let mut state = self.state.lock();
        state.close(stream, Generation(u64::MAX), EndReason::StreamEnded);
        if let Some(on_air) = state.on_air.get_mut(&channel)
            && on_air.stream == stream
            && on_air.ended_at.is_none()
        {
            on_air.ended_at = Some(Instant::now());
            if let Some(bus) = self.channels.find(on_air.handle.as_str()) {
                bus.end();
            }
        }
    }

    /// A stream's media are on another node from now on: cuts off its publishers up to a
    /// generation, and frees its channel's bus.
    pub(super) fn hand_over(&self, channel: ChannelId, stream: StreamId, up_to: Generation) {
        let mut state = self.state.lock();
        state.close(stream, up_to, EndReason::TakenOver);
        if state.publishers.contains_key(&stream) {
            // It has come back since.
            return;
        }
        if let Entry::Occupied(on_air) = state.on_air.entry(channel)
            && on_air.get().stream == stream
        {
            self.channels.close(on_air.remove().handle.as_str());
        }
    }

    /// How the publisher of a stream is doing.
    pub(super) fn status(&self, stream: StreamId) -> Option<IngestStatus> {
        let publishing = Arc::clone(self.state.lock().publishers.get(&stream)?);
        let feed = publishing.feed.lock();
        Some(feed.meter.status(publishing.generation, Instant::now()))
    }

    /// Frees the channels whose stream ended that long ago, and forgets worthless leases that
    /// nobody can come with any more.
    pub(super) fn sweep(&self, kept: Duration) {
        let mut state = self.state.lock();
        let over = |on_air: &OnAir| on_air.ended_at.is_some_and(|at| at.elapsed() >= kept);
        for (_, on_air) in state.on_air.extract_if(|_, on_air| over(on_air)) {
            self.channels.close(on_air.handle.as_str());
        }
        state
            .fences
            .retain(|_, fence| fence.since.elapsed() < REMEMBERED);
    }

    fn finish(&self, publishing: &Arc<Publishing>) {
        let mut state = self.state.lock();
        if let Some(current) = state.publishers.get(&publishing.stream)
            && Arc::ptr_eq(current, publishing)
        {
            state.publishers.remove(&publishing.stream);
        }
        drop(state);
        publishing.cut(EndReason::StreamEnded);
    }
}

impl State {
    fn close(&mut self, stream: StreamId, up_to: Generation, why: EndReason) {
        self.fence(stream, up_to, why);
        if let Some(publishing) = self.publishers.get(&stream)
            && publishing.generation <= up_to
        {
            publishing.cut(why);
            self.publishers.remove(&stream);
        }
    }

    fn fence(&mut self, stream: StreamId, up_to: Generation, why: EndReason) {
        let since = Instant::now();
        let fence = self
            .fences
            .entry(stream)
            .or_insert(Fence { up_to, why, since });
        fence.since = since;
        if up_to > fence.up_to {
            fence.up_to = up_to;
            fence.why = why;
        }
    }
}

impl Publishing {
    /// Writes to the bus and the meter.
    ///
    /// # Errors
    /// It was cut off, for this reason.
    pub(super) fn write<T>(
        &self,
        write: impl FnOnce(&StreamBus, &mut Meter) -> T,
    ) -> Result<T, EndReason> {
        let Feed { bus, meter } = &mut *self.feed.lock();
        match bus {
            Ok(bus) => Ok(write(bus, meter)),
            Err(why) => Err(*why),
        }
    }

    /// Resolves when it is to stop: it was cut off, or the server goes down. Answers why.
    pub(super) async fn stopped(&self) -> EndReason {
        self.stop.cancelled().await;
        match &self.feed.lock().bus {
            Ok(_) => EndReason::Shutdown,
            Err(why) => *why,
        }
    }

    fn cut(&self, why: EndReason) {
        let mut feed = self.feed.lock();
        // Once: a later publisher may have the bus by now.
        let Ok(bus) = &feed.bus else { return };
        bus.interrupt();
        feed.bus = Err(why);
        drop(feed);
        self.stop.cancel();
    }
}

impl Publication<'_> {
    pub(super) fn publishing(&self) -> &Publishing {
        &self.publishing
    }
}

impl Drop for Publication<'_> {
    fn drop(&mut self) {
        self.registry.finish(&self.publishing);
    }
}
