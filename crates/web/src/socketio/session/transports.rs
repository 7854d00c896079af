//! What brings the packets: requests that poll, a WebSocket, and the way from one to the other.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;

use super::{NOOP, Session, Transport, Via};
use crate::socketio::engine::websocket::close;
use crate::socketio::outbox::Room;

/// One write takes at most so much from the queue.
const BATCH: Room = Room {
    frames: 64,
    bytes: 64 * 1024,
};
const EVERYTHING: Room = Room {
    frames: usize::MAX,
    bytes: usize::MAX,
};

impl Session {
    // ---- polling

    /// Whether a client that knows the session's id finds nothing any more.
    pub(crate) fn is_gone(&self) -> bool {
        self.end.as_ref().is_some_and(|end| !end.lingers)
    }

    /// Whether requests of this kind are what the session expects.
    pub(crate) fn expects(&self, via: Via) -> bool {
        match self.transport {
            Transport::Polling | Transport::Upgrading { .. } => via == Via::Polling,
            Transport::WebSocket => via == Via::WebSocket,
        }
    }

    /// A GET begins to wait. A second one beside it ends the session: the answer is `false`.
    pub(crate) fn begin_poll(&mut self, now: Instant) -> bool {
        if std::mem::replace(&mut self.polling, true) {
            self.violation(close::PROTOCOL, now);
            return false;
        }
        true
    }

    /// Whether a waiting GET has its answer.
    pub(crate) fn poll_is_ready(&self) -> bool {
        self.polling
            && (self.end.is_some()
                || !matches!(
                    self.transport,
                    Transport::Polling | Transport::Upgrading { probed: false, .. }
                )
                || !self.outbox.is_empty())
    }

    /// The answer to the waiting GET, which is then over: whole frames, in order.
    pub(crate) fn take_poll(&mut self) -> Option<VecDeque<Bytes>> {
        if !self.poll_is_ready() {
            return None;
        }
        self.polling = false;
        let mut frames = VecDeque::new();
        // After an upgrade the queue belongs to the WebSocket.
        if !matches!(self.transport, Transport::WebSocket) {
            self.outbox.take(&mut frames, EVERYTHING);
        }
        // Clients drop what comes together with the farewell, so that waits for their next poll.
        if frames.is_empty() {
            let last = self.end.as_mut().map(|end| {
                end.lingers = false;
                end.farewell.clone()
            });
            frames.push_back(last.unwrap_or(NOOP));
        }
        Some(frames)
    }

    /// The waiting GET was abandoned.
    pub(crate) fn abandon_poll(&mut self, now: Instant) {
        if std::mem::take(&mut self.polling) && self.expects(Via::Polling) {
            self.lost(now);
        }
    }

    /// A POST begins. A second one beside it ends the session: the answer is `false`.
    pub(crate) fn begin_post(&mut self, now: Instant) -> bool {
        if std::mem::replace(&mut self.posting, true) {
            self.violation(close::PROTOCOL, now);
            return false;
        }
        true
    }

    /// The POST is over.
    pub(crate) fn end_post(&mut self) {
        self.posting = false;
    }

    // ---- WebSocket

    /// A WebSocket is to be tried for this session; `false` if it has or tries one already.
    pub(crate) fn begin_upgrade(&mut self, now: Instant) -> bool {
        if self.end.is_some() || !matches!(self.transport, Transport::Polling) {
            return false;
        }
        let until = now + self.config.upgrade_timeout;
        self.transport = Transport::Upgrading {
            probed: false,
            until,
        };
        true
    }

    /// The WebSocket that was tried is gone; polling goes on.
    pub(crate) fn drop_candidate(&mut self) {
        if matches!(self.transport, Transport::Upgrading { .. }) {
            self.transport = Transport::Polling;
        }
    }

    /// Whether the client is between its transports: it polls no more, and its WebSocket does
    /// not count yet. Nothing reaches it before it has arrived, not even that it is over.
    pub(super) fn is_between(&self) -> bool {
        matches!(self.transport, Transport::Upgrading { probed: true, .. })
    }

    /// Whether a WebSocket belongs to the session now.
    pub(crate) fn wants_websocket(&mut self) -> bool {
        self.candidate_expired = false;
        !matches!(self.transport, Transport::Polling)
    }

    /// Moves what is next to be written by WebSocket to `batch`.
    pub(crate) fn take_batch(&mut self, batch: &mut VecDeque<Bytes>) {
        if matches!(self.transport, Transport::WebSocket) {
            self.outbox.take(batch, BATCH);
        }
    }

    /// Whether a WebSocket has been given everything that was for it, after the session's end.
    ///
    /// One that the client is changing over to has not: a client whose WebSocket is closed at
    /// that point waits for it forever. Nor has one that it is only trying: the last words are
    /// for its poll, and who closes that WebSocket must not take the session along.
    pub(crate) fn lets_go_of_websocket(&self) -> bool {
        self.is_gone() || matches!(self.transport, Transport::WebSocket) && self.outbox.is_empty()
    }

    /// Whether the session's own task has something to do.
    pub(crate) fn concerns_task(&self) -> bool {
        self.end.is_some()
            || self.candidate_expired
            || !self.inbound.is_empty()
            || matches!(self.transport, Transport::WebSocket) && !self.outbox.is_empty()
    }
}
