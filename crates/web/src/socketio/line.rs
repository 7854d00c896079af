//! Where a session's state meets those who wait for it: its task, a waiting poll, a POST that
//! waits for room, the application that does. One lock, held for moments only.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use bytes::Bytes;
use hyper::upgrade::Upgraded;
use parking_lot::{Mutex, MutexGuard};

use super::outbox::{Class, Pushed};
use super::session::Session;
use super::socket::Sent;

/// A session as everybody but its own task sees it.
pub(crate) struct Line {
    id: Box<str>,
    state: Mutex<State>,
}

/// What the lock guards.
pub(crate) struct State {
    pub(crate) session: Session,
    /// A WebSocket that has just been opened for this session.
    pub(crate) arrived: Option<Upgraded>,
    /// The session's own task, when it sleeps.
    pub(crate) task: Option<Waker>,
    /// Whether something changed for the task since it last looked.
    pub(crate) changed: bool,
    /// A poll that waits for something to send.
    pub(crate) poll: Option<Waker>,
    /// A POST that waits for room in the inbound queue.
    pub(crate) post: Option<Waker>,
    /// Those of the application who wait for room in the outbound queue.
    writers: Vec<Waker>,
}

impl Line {
    pub(crate) fn new(id: String, session: Session) -> Arc<Self> {
        let state = State {
            session,
            arrived: None,
            task: None,
            changed: true,
            poll: None,
            post: None,
            writers: Vec::new(),
        };
        Arc::new(Self {
            id: id.into_boxed_str(),
            state: Mutex::new(state),
        })
    }

    /// The public id.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn is_open(&self) -> bool {
        self.state.lock().session.ended().is_none()
    }

    /// For the session's own task, which needs no waking by itself.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Changes the session, then wakes whom the change concerns.
    pub(crate) fn update<R>(&self, change: impl FnOnce(&mut Session) -> R) -> R {
        let mut state = self.state.lock();
        let result = change(&mut state.session);
        settle(state);
        result
    }

    /// The same for the session's own task, which looks at everything before it sleeps.
    pub(crate) fn update_by_task<R>(&self, change: impl FnOnce(&mut Session) -> R) -> R {
        let mut state = self.state.lock();
        let result = change(&mut state.session);
        let due = state.due();
        drop(state);
        due.for_each(Waker::wake);
        result
    }

    /// Hands a WebSocket to the session's task.
    pub(crate) fn attach(&self, websocket: Upgraded) {
        let mut state = self.state.lock();
        state.arrived = Some(websocket);
        settle(state);
    }

    pub(crate) fn send(&self, frame: Bytes, class: Class) -> Sent {
        let mut state = self.state.lock();
        let sent = match state.session.send(frame, class) {
            None => return Sent::Closed,
            Some(Pushed::Dropped) => return Sent::Dropped,
            Some(Pushed::Queued) => Sent::Queued,
            Some(Pushed::Overflow) => {
                state.session.too_slow(Instant::now());
                Sent::Closed
            }
        };
        settle(state);
        sent
    }

    /// Waits for room in the half of the outbound queue that may wait; `false` once nothing is
    /// sent any more.
    pub(crate) fn poll_ready(&self, cx: &Context<'_>) -> Poll<bool> {
        let mut state = self.state.lock();
        if let Some(is_open) = state.session.readiness() {
            return Poll::Ready(is_open);
        }
        if !state.writers.iter().any(|it| it.will_wake(cx.waker())) {
            state.writers.push(cx.waker().clone());
        }
        Poll::Pending
    }
}

impl State {
    /// Those who have what they waited for, the session's own task aside.
    fn due(&mut self) -> impl Iterator<Item = Waker> + use<> {
        let poll = if self.session.poll_is_ready() {
            self.poll.take()
        } else {
            None
        };
        let post = if self.session.has_room() {
            self.post.take()
        } else {
            None
        };
        let writers = if !self.writers.is_empty() && self.session.readiness().is_some() {
            std::mem::take(&mut self.writers)
        } else {
            Vec::new()
        };
        poll.into_iter().chain(post).chain(writers)
    }
}

fn settle(mut state: MutexGuard<'_, State>) {
    let concerns_task = state.arrived.is_some() || state.session.concerns_task();
    state.changed |= concerns_task;
    let task = if concerns_task {
        state.task.take()
    } else {
        None
    };
    let due = state.due();
    drop(state);
    task.into_iter().chain(due).for_each(Waker::wake);
}
