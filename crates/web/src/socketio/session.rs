//! One session as a state machine: packets and time in, packets out. It knows no socket and no
//! clock; the transport tells it what arrived and when.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::value::RawValue;

use super::config::Config;
use super::engine::websocket::{self, close};
use super::outbox::{Class, Outbox, Pushed, Room};
use super::packet;
use super::service::{ConnectError, DisconnectReason};

const CLOSE: Bytes = Bytes::from_static(b"\x81\x011");
const PING: Bytes = Bytes::from_static(b"\x81\x012");
const PROBE: Bytes = Bytes::from_static(b"\x81\x063probe");
const NOOP: Bytes = Bytes::from_static(b"\x81\x016");
const LEAVE: Bytes = Bytes::from_static(b"\x81\x0241");
/// The last words to a client that was too slow: it shall come back with its last place.
const RESUME: &str = r#"42["resume",{"reason":"too_slow"}]"#;

/// How long after a client's goodbye its poll is still answered.
const OVERTAKEN: Duration = Duration::from_millis(100);

/// The transport that something came by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Via {
    Polling,
    WebSocket,
}

/// Where the session's packets go.
#[derive(Debug)]
enum Transport {
    Polling,
    /// Still polling, while a WebSocket is being tried.
    Upgrading {
        probed: bool,
        until: Instant,
    },
    WebSocket,
}

#[derive(Debug)]
enum Heartbeat {
    PingAt(Instant),
    PongBy(Instant),
}

/// How far the client has come with the namespace.
#[derive(Debug)]
enum Conversation {
    /// Not connected yet, or refused: it may ask until then.
    Fresh {
        until: Instant,
    },
    /// The application is deciding.
    Connecting {
        until: Instant,
    },
    Connected,
    /// Left on its own; there is nothing more for it here.
    Left {
        until: Instant,
    },
}

/// What the application is to do, in order.
#[derive(Debug)]
pub(crate) enum Inbound {
    Connect {
        auth: Option<Box<RawValue>>,
    },
    Event {
        name: String,
        args: Vec<Box<RawValue>>,
        ack: Option<u64>,
    },
    Leave,
}

/// What the sender of a packet is to be told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// Nothing now.
    Accepted,
    /// This frame, by the WebSocket that is being tried.
    Reply(Bytes),
    /// The WebSocket that was tried did not behave: drop it, the session goes on.
    DropCandidate,
    /// The session has just ended over it.
    Ended,
}

/// How a session ended.
#[derive(Clone, Debug)]
pub(crate) struct End {
    pub(crate) reason: DisconnectReason,
    /// For the WebSocket's closing frame.
    pub(crate) code: u16,
    /// Until when last words may still be delivered.
    pub(crate) until: Instant,
    /// Whether a client that polls again finds the session's last words.
    lingers: bool,
    /// What a poll is answered at the very end.
    farewell: Bytes,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Session {
    config: Arc<Config>,
    transport: Transport,
    polling: bool,
    posting: bool,
    heartbeat: Heartbeat,
    conversation: Conversation,
    /// When a half-received WebSocket message must be whole.
    receive_by: Option<Instant>,
    outbox: Outbox,
    /// What the application sends while it is still deciding: goes after its decision.
    held: Outbox,
    inbound: VecDeque<Inbound>,
    end: Option<End>,
    /// The WebSocket that was tried took too long; its task is to let go of it.
    candidate_expired: bool,
}

impl Session {
    /// Opens a session; `open` is its handshake packet, already encoded.
    pub(crate) fn new(config: Arc<Config>, via: Via, open: &str, now: Instant) -> Self {
        let mut outbox = Outbox::default();
        outbox.force(websocket::text(open));
        Self {
            transport: match via {
                Via::Polling => Transport::Polling,
                Via::WebSocket => Transport::WebSocket,
            },
            polling: false,
            posting: false,
            heartbeat: Heartbeat::PingAt(now + config.ping_interval),
            conversation: Conversation::Fresh {
                until: now + config.connect_timeout,
            },
            receive_by: None,
            outbox,
            held: Outbox::default(),
            inbound: VecDeque::new(),
            end: None,
            candidate_expired: false,
            config,
        }
    }

    // ---- the application

    /// The next thing for the application to do.
    pub(crate) fn next_inbound(&mut self) -> Option<Inbound> {
        let next = self.inbound.pop_front();
        if self.inbound.is_empty() {
            self.inbound = VecDeque::new();
        }
        next
    }

    /// Whether more may be received.
    pub(crate) fn has_room(&self) -> bool {
        self.end.is_some() || self.inbound.len() < self.config.max_inbound
    }

    /// The application lets the client in, under this public id.
    pub(crate) fn accept(&mut self, id: &str) {
        // A client that has left meanwhile is told nothing more.
        if matches!(self.conversation, Conversation::Connecting { .. }) && self.end.is_none() {
            self.conversation = Conversation::Connected;
            self.outbox.force(websocket::text(&packet::connected(id)));
            self.outbox.append(&mut self.held);
        }
    }

    /// The application turns the client away; it may try again.
    pub(crate) fn refuse(&mut self, error: &ConnectError, now: Instant) {
        self.held.clear();
        if matches!(self.conversation, Conversation::Connecting { .. }) && self.end.is_none() {
            self.conversation = Conversation::Fresh {
                until: now + self.config.connect_timeout,
            };
            let text = packet::refused("/", &error.message, error.data.as_ref());
            self.push_answer(&text, now);
        }
    }

    /// An answer that a client could ask for without reading: bounded like everything else.
    fn push_answer(&mut self, text: &str, now: Instant) {
        let room = self.room();
        if self
            .outbox
            .push(websocket::text(text), Class::Durable, room)
            == Pushed::Overflow
        {
            self.too_slow(now);
        }
    }

    /// Queues a frame; `None` if there is nobody to get it.
    pub(crate) fn send(&mut self, frame: Bytes, class: Class) -> Option<Pushed> {
        if self.end.is_some() {
            return None;
        }
        let room = self.room();
        match self.conversation {
            Conversation::Connected => Some(self.outbox.push(frame, class, room)),
            Conversation::Connecting { .. } => Some(self.held.push(frame, class, room)),
            Conversation::Fresh { .. } | Conversation::Left { .. } => None,
        }
    }

    /// Whether something that can wait may be sent now; `None` if it is to wait.
    pub(crate) fn readiness(&self) -> Option<bool> {
        let queue = match self.conversation {
            _ if self.end.is_some() => return Some(false),
            Conversation::Connected => &self.outbox,
            Conversation::Connecting { .. } => &self.held,
            Conversation::Fresh { .. } | Conversation::Left { .. } => return Some(false),
        };
        queue.is_low(self.room()).then_some(true)
    }

    /// How long a client may be waited for that takes nothing.
    pub(crate) fn stall_timeout(&self) -> Duration {
        self.config.stall_timeout
    }

    fn room(&self) -> Room {
        Room {
            frames: self.config.max_queued,
            bytes: self.config.max_queued_bytes,
        }
    }

    /// The queue had no room for what must not be lost. What waits is dropped, so that what the
    /// client has is a whole piece from the start, and it is told to come back for the rest.
    pub(crate) fn too_slow(&mut self, now: Instant) {
        if self.end.is_some() {
            return;
        }
        self.outbox.clear();
        self.outbox.force(websocket::text(RESUME));
        self.close(DisconnectReason::TooSlow, close::TRY_AGAIN, now);
    }

    /// The application ends the connection.
    pub(crate) fn disconnect(&mut self, now: Instant) {
        if self.end.is_none() {
            self.outbox.force(LEAVE);
            self.close(DisconnectReason::Server, close::NORMAL, now);
        }
    }

    // ---- ends

    /// Ends the session after what is queued.
    pub(crate) fn close(&mut self, reason: DisconnectReason, code: u16, now: Instant) {
        if self.end.is_some() {
            return;
        }
        self.end = Some(End {
            reason,
            code,
            until: now + self.config.linger,
            lingers: true,
            farewell: CLOSE,
        });
        self.held.clear();
        // It polls for the last words, unless it was already told to come by WebSocket for them.
        if !self.is_between() {
            self.drop_candidate();
        }
    }

    /// Ends the session at once.
    pub(crate) fn finish(
        &mut self,
        reason: DisconnectReason,
        code: u16,
        farewell: Bytes,
        now: Instant,
    ) {
        let until = now + self.config.linger;
        let end = self.end.get_or_insert(End {
            reason,
            code,
            until,
            lingers: false,
            farewell,
        });
        end.lingers = false;
        self.outbox.clear();
        self.held.clear();
        self.drop_candidate();
    }

    /// The transport is gone, and with it the session.
    pub(crate) fn lost(&mut self, now: Instant) {
        self.finish(DisconnectReason::Transport, close::NORMAL, CLOSE, now);
    }

    /// Set once the session is over.
    pub(crate) fn ended(&self) -> Option<&End> {
        self.end.as_ref()
    }

    // ---- time

    /// Does what is due.
    pub(crate) fn tick(&mut self, now: Instant) {
        if self.end.is_some() {
            return;
        }
        let conversation = match self.conversation {
            Conversation::Fresh { until }
            | Conversation::Connecting { until }
            | Conversation::Left { until } => Some(until),
            Conversation::Connected => None,
        };
        // The echo of the test suite has no namespace to connect to.
        let conversation = conversation.filter(|_| !self.config.engine_echo);
        if [conversation, self.receive_by]
            .into_iter()
            .flatten()
            .any(|due| due <= now)
        {
            return self.finish(DisconnectReason::Timeout, close::POLICY, CLOSE, now);
        }
        if let Transport::Upgrading { until, .. } = self.transport
            && until <= now
        {
            self.transport = Transport::Polling;
            self.candidate_expired = true;
        }
        if let Heartbeat::PingAt(due) = self.heartbeat
            && due <= now
        {
            self.outbox.force(PING);
            // Counted from when it was due, unless the whole server was late.
            let earliest = now + self.config.ping_timeout / 2;
            self.heartbeat = Heartbeat::PongBy((due + self.config.ping_timeout).max(earliest));
        }
        if let Heartbeat::PongBy(due) = self.heartbeat
            && due <= now
        {
            self.finish(DisconnectReason::Timeout, close::POLICY, CLOSE, now);
        }
    }

    /// Told by the transport whether a WebSocket message is half received.
    pub(crate) fn receiving(&mut self, partial: bool, now: Instant) {
        match (partial, self.receive_by) {
            (true, None) => self.receive_by = Some(now + self.config.receive_timeout),
            (false, Some(_)) => self.receive_by = None,
            _ => {}
        }
    }
}

mod receive;
mod transports;

#[cfg(test)]
mod tests;
