//! What waits to be sent to one client: where those who have something for it meet its task.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use greenroom_app::realtime::Published;
use parking_lot::Mutex;

use super::listener::{Ending, Target};
use super::message::Outgoing;
use crate::websocket::frame;

/// So many parcels wait for one client. Beyond, what may be lost is, and for anything else it is
/// closed, to come back for it.
const ROOM: usize = 256;
/// Bytes of frames that wait, likewise.
const ROOM_IN_BYTES: usize = 256 * 1024;

/// Something for a client.
pub(super) enum Parcel {
    /// As it is sent.
    Frame(Bytes),
    /// Something that a room shows: written when it is sent, once for all who ask alike.
    Shown(Arc<Target>, Arc<Published>),
    /// A subscription is over.
    Last(Arc<Target>, Ending),
}

/// Whether a parcel may be lost.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Durable,
    Ephemeral,
}

#[derive(Default)]
pub(super) struct Mailbox(Mutex<State>);

#[derive(Default)]
struct State {
    parcels: VecDeque<Parcel>,
    bytes: usize,
    /// Something did not fit that may not be lost, or the connection is over.
    closed: Option<Closed>,
    task: Option<Waker>,
    /// Those who wait for room.
    writers: Vec<Waker>,
}

/// Why nothing more is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closed {
    /// The client does not read fast enough.
    TooSlow,
    /// It has gone.
    Gone,
}

impl Mailbox {
    /// Puts something in, or closes the mailbox if it does not fit and may not be lost.
    pub(super) fn push(&self, parcel: Parcel, class: Class) {
        let mut state = self.0.lock();
        if state.closed.is_some() {
            return;
        }
        let bytes = parcel.bytes();
        if class == Class::Ephemeral && !state.is_low() {
            return;
        }
        if state.parcels.len() >= ROOM || state.bytes + bytes > ROOM_IN_BYTES.max(bytes) {
            state.close(Closed::TooSlow);
        } else {
            state.bytes += bytes;
            state.parcels.push_back(parcel);
        }
        let task = state.task.take();
        drop(state);
        if let Some(task) = task {
            task.wake();
        }
    }

    /// Puts a message in.
    pub(super) fn send(&self, message: &Outgoing<'_>) {
        self.push(Parcel::Frame(message.frame()), Class::Durable);
    }

    /// Waits for room in the half that may wait; `false` once nothing is taken any more.
    pub(super) async fn ready(&self) -> bool {
        std::future::poll_fn(|cx| {
            let mut state = self.0.lock();
            if state.closed.is_some() {
                return Poll::Ready(false);
            }
            if state.is_low() {
                return Poll::Ready(true);
            }
            state.writers.push(cx.waker().clone());
            Poll::Pending
        })
        .await
    }

    /// Whether there is room in the half that may wait.
    pub(super) fn is_low(&self) -> bool {
        self.0.lock().is_low()
    }

    /// Moves up to so many parcels out.
    pub(super) fn take(&self, most: usize, out: &mut Vec<Parcel>) {
        let mut state = self.0.lock();
        let count = state.parcels.len().min(most);
        out.extend(state.parcels.drain(..count));
        let bytes: usize = out.iter().map(Parcel::bytes).sum();
        state.bytes = state.bytes.saturating_sub(bytes);
        if state.parcels.is_empty() && state.parcels.capacity() > 16 {
            state.parcels = VecDeque::new();
        }
        let writers = if state.is_low() {
            std::mem::take(&mut state.writers)
        } else {
            Vec::new()
        };
        drop(state);
        writers.into_iter().for_each(Waker::wake);
    }

    /// Why nothing more is taken, if so.
    pub(super) fn closed(&self) -> Option<Closed> {
        self.0.lock().closed
    }

    /// The connection is over.
    pub(super) fn close(&self) {
        let mut state = self.0.lock();
        state.close(Closed::Gone);
    }

    /// Has the task woken when something comes; `false` when something is there already.
    pub(super) fn sleep(&self, cx: &Context<'_>) -> bool {
        let mut state = self.0.lock();
        state.task = Some(cx.waker().clone());
        state.parcels.is_empty() && state.closed.is_none()
    }
}

impl State {
    fn is_low(&self) -> bool {
        self.parcels.len() < ROOM / 2 && self.bytes < ROOM_IN_BYTES / 2
    }

    fn close(&mut self, why: Closed) {
        self.closed.get_or_insert(why);
        self.parcels = VecDeque::new();
        self.bytes = 0;
        self.writers.drain(..).for_each(Waker::wake);
    }
}

impl Parcel {
    /// Of its own: what is shared counts for nobody.
    fn bytes(&self) -> usize {
        match self {
            Self::Frame(frame) => frame.len(),
            Self::Shown(..) | Self::Last(..) => 0,
        }
    }

    /// Its frames, at the end of those that are there.
    pub(super) fn write(&self, frames: &mut VecDeque<Bytes>) {
        match self {
            Self::Frame(frame) => frames.push_back(frame.clone()),
            Self::Shown(target, published) => {
                let rest = target.group.written(published);
                frames.push_back(frame::text_head(&target.beginning, rest.len()));
                frames.push_back(rest);
            }
            Self::Last(target, why) => frames.push_back(target.last_frame(*why)),
        }
    }
}
