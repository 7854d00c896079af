//! Who publishes to what on this engine.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use greenroom_domain::channel::Handle;
use greenroom_domain::media::{IngestLease, IngestStatus};
use greenroom_domain::shared::id::{ChannelId, StreamId};
use greenroom_domain::stream::Generation;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::meter::Meter;
use crate::rtmp::EndReason;

/// How long a publisher that was told to stop is waited for.
const STOPPING: Duration = Duration::from_secs(2);

/// Every publisher that is connected, and which stream each channel has on air.
#[derive(Default)]
pub(super) struct Registry {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    publishers: HashMap<StreamId, Vec<Arc<Publishing>>>,
    channels: HashMap<ChannelId, OnAir>,
}

struct OnAir {
    handle: Handle,
    stream: StreamId,
    ended_at: Option<Instant>,
}

/// One publisher.
pub(super) struct Publishing {
    pub(super) lease: IngestLease,
    pub(super) meter: Mutex<Meter>,
    why: Mutex<EndReason>,
    stop: CancellationToken,
    /// It will not touch the bus any more.
    stopped: CancellationToken,
}

impl Registry {
    /// A publisher begins.
    pub(super) fn begin(&self, lease: IngestLease) -> Arc<Publishing> {
        let on_air = OnAir {
            handle: lease.handle.clone(),
            stream: lease.stream,
            ended_at: None,
        };
        let publishing = Arc::new(Publishing {
            meter: Mutex::new(Meter::new(Instant::now())),
            why: Mutex::new(EndReason::TakenOver),
            stop: CancellationToken::new(),
            stopped: CancellationToken::new(),
            lease,
        });
        let mut state = self.state.lock();
        state.channels.insert(publishing.lease.channel, on_air);
        let of_stream = state.publishers.entry(publishing.lease.stream).or_default();
        of_stream.push(Arc::clone(&publishing));
        publishing
    }

    /// It has ended, and will not touch the bus any more.
    pub(super) fn finish(&self, publishing: &Arc<Publishing>) {
        let mut state = self.state.lock();
        if let Some(of_stream) = state.publishers.get_mut(&publishing.lease.stream) {
            of_stream.retain(|other| !Arc::ptr_eq(other, publishing));
            if of_stream.is_empty() {
                state.publishers.remove(&publishing.lease.stream);
            }
        }
        publishing.stopped.cancel();
    }

    /// Stops a stream's publishers up to a generation; answers when none of them touches the
    /// bus any more.
    pub(super) async fn close(&self, stream: StreamId, up_to: Generation, why: EndReason) {
        let stopping: Vec<_> = {
            let state = self.state.lock();
            let of_stream = state.publishers.get(&stream).into_iter().flatten();
            of_stream
                .filter(|publishing| publishing.lease.generation <= up_to)
                .cloned()
                .collect()
        };
        for publishing in &stopping {
            *publishing.why.lock() = why;
            publishing.stop.cancel();
        }
        for publishing in stopping {
            // A publisher's task never waits long between two looks at its stop.
            if tokio::time::timeout(STOPPING, publishing.stopped.cancelled())
                .await
                .is_err()
            {
                tracing::warn!(stream = %publishing.lease.stream, "a publisher is slow to stop");
            }
        }
    }

    /// How the newest publisher of a stream is doing.
    pub(super) fn status(&self, stream: StreamId) -> Option<IngestStatus> {
        let state = self.state.lock();
        let newest = state
            .publishers
            .get(&stream)?
            .iter()
            .max_by_key(|p| p.lease.generation)?;
        let status = newest
            .meter
            .lock()
            .status(newest.lease.generation, Instant::now());
        Some(status)
    }

    /// A stream is over: the handle of its channel, if that has nothing newer on air.
    pub(super) fn ended(&self, channel: ChannelId, stream: StreamId) -> Option<Handle> {
        let mut state = self.state.lock();
        let on_air = state
            .channels
            .get_mut(&channel)
            .filter(|on_air| on_air.stream == stream)?;
        on_air.ended_at.get_or_insert_with(Instant::now);
        Some(on_air.handle.clone())
    }

    /// Channels whose stream ended that long ago; they are forgotten.
    pub(super) fn ended_before(&self, age: Duration) -> Vec<Handle> {
        let mut state = self.state.lock();
        let old = |on_air: &OnAir| on_air.ended_at.is_some_and(|at| at.elapsed() >= age);
        state
            .channels
            .extract_if(|_, on_air| old(on_air))
            .map(|(_, on_air)| on_air.handle)
            .collect()
    }
}

impl Publishing {
    /// Resolves when it is to stop.
    pub(super) async fn stop_asked(&self) {
        self.stop.cancelled().await;
    }

    /// Whether it is to stop: nothing of it may reach the bus any more.
    pub(super) fn is_stopping(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Why it is to stop.
    pub(super) fn why(&self) -> EndReason {
        *self.why.lock()
    }
}
