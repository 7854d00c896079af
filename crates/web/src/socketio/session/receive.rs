//! What a client's packets do.

use std::time::Instant;

use super::{
    CLOSE, Conversation, Heartbeat, Inbound, LEAVE, NOOP, OVERTAKEN, PROBE, Received, Session,
    Transport, Via,
};
use crate::socketio::engine::packet::{Packet as Engine, PacketError};
use crate::socketio::engine::websocket::{self, close};
use crate::socketio::packet::{self, Packet};
use crate::socketio::service::DisconnectReason;

impl Session {
    /// Takes one packet of the client.
    pub(crate) fn receive(
        &mut self,
        via: Via,
        packet: Result<Engine<'_>, PacketError>,
        now: Instant,
    ) -> Received {
        // Also after the end: the client may be on its way to where it will hear of it.
        if via == Via::WebSocket && !matches!(self.transport, Transport::WebSocket) {
            return self.candidate(packet);
        }
        if self.end.is_some() {
            return Received::Ended;
        }
        match packet {
            Ok(Engine::Message(text)) => self.message(text, now),
            Ok(Engine::Pong(_)) => {
                self.heartbeat = Heartbeat::PingAt(now + self.config.ping_interval);
                Received::Accepted
            }
            Ok(Engine::Noop) => Received::Accepted,
            Ok(Engine::Close) => {
                let unheard = via == Via::Polling && !self.polling;
                self.finish(DisconnectReason::Transport, close::NORMAL, NOOP, now);
                if unheard && let Some(end) = &mut self.end {
                    // Its poll may have been overtaken by this request.
                    (end.lingers, end.until) = (true, now + OVERTAKEN);
                }
                Received::Ended
            }
            Err(PacketError::Binary) => self.violation(close::UNSUPPORTED, now),
            Ok(Engine::Open(_) | Engine::Ping(_) | Engine::Upgrade) | Err(_) => {
                self.violation(close::PROTOCOL, now)
            }
        }
    }

    /// A packet by a WebSocket that is only being tried.
    fn candidate(&mut self, packet: Result<Engine<'_>, PacketError>) -> Received {
        match (&mut self.transport, packet) {
            (Transport::Upgrading { probed, .. }, Ok(Engine::Ping("probe"))) => {
                *probed = true;
                Received::Reply(PROBE)
            }
            (Transport::Upgrading { probed: true, .. }, Ok(Engine::Upgrade)) => {
                self.transport = Transport::WebSocket;
                Received::Accepted
            }
            (Transport::Upgrading { .. }, _) => {
                self.transport = Transport::Polling;
                Received::DropCandidate
            }
            _ => Received::DropCandidate,
        }
    }

    fn message(&mut self, text: &str, now: Instant) -> Received {
        if self.config.engine_echo {
            self.outbox
                .force(websocket::text(&Engine::Message(text).encode()));
            return Received::Accepted;
        }
        let packet = match Packet::decode(text) {
            Ok(packet) => packet,
            Err(packet::PacketError::Binary) => return self.refuse_binary(now),
            Err(_) => return self.violation(close::PROTOCOL, now),
        };
        match (packet, &self.conversation) {
            (
                Packet::Connect {
                    namespace: "/",
                    auth,
                },
                Conversation::Fresh { .. },
            ) => {
                self.conversation = Conversation::Connecting {
                    until: now + self.config.connect_timeout,
                };
                self.inbound.push_back(Inbound::Connect { auth });
            }
            (Packet::Connect { namespace, .. }, _) if namespace != "/" => {
                // A name that is longer than any that exists is not worth an answer.
                if namespace.len() > packet::MAX_NAME {
                    return self.violation(close::PROTOCOL, now);
                }
                let text = packet::refused(namespace, "Invalid namespace", None);
                self.push_answer(&text, now);
            }
            (
                Packet::Event {
                    namespace: "/",
                    name,
                    args,
                    ack,
                },
                Conversation::Connected,
            ) => {
                self.inbound.push_back(Inbound::Event { name, args, ack });
            }
            (Packet::Disconnect { namespace: "/" }, Conversation::Connected) => {
                self.conversation = Conversation::Left {
                    until: now + self.config.connect_timeout,
                };
                self.inbound.push_back(Inbound::Leave);
            }
            // An acknowledgement that nobody asked for, or what still comes for a namespace that
            // the client has left or was told it is not in: no harm in it.
            (Packet::Ack { namespace: "/", .. }, Conversation::Connected)
            | (Packet::Disconnect { .. }, _)
            | (_, Conversation::Left { .. }) => {}
            _ => return self.violation(close::PROTOCOL, now),
        }
        Received::Accepted
    }

    /// The namespace is left with the protocol's own word for it, then the session ends.
    fn refuse_binary(&mut self, now: Instant) -> Received {
        self.inbound.clear();
        self.outbox.force(LEAVE);
        self.close(DisconnectReason::Protocol, close::UNSUPPORTED, now);
        Received::Ended
    }

    /// Ends the session over what the client sent.
    pub(crate) fn violation(&mut self, code: u16, now: Instant) -> Received {
        self.inbound.clear();
        self.finish(DisconnectReason::Protocol, code, CLOSE, now);
        Received::Ended
    }
}
