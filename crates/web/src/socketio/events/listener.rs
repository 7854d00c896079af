//! A connection listens to a room: what comes is sent at once, what it missed as fast as it
//! takes it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use async_trait::async_trait;
use greenroom_app::realtime::{Listener, Published, Shown};
use greenroom_domain::chat::LineBody;
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::id::StreamId;

use super::Socket;
use super::connection::Connection;
use super::outgoing::{self, Packets};
use super::room::Room;
use super::speech::Speech;
use super::translate::Interpreter;
use crate::socketio::socket::{Class, Sent};

/// One connection listens to one room.
pub(super) struct RoomListener {
    connection: Weak<Connection>,
    socket: Socket,
    room: Arc<Room>,
    who: Identity,
    is_staff: bool,
    /// For those who are spoken to in other words than ours.
    interpreter: Option<Box<Interpreter>>,
    /// They were banned: nothing more is for them.
    is_shut_out: AtomicBool,
}

#[async_trait]
impl Listener for RoomListener {
    fn deliver(&self, published: &Arc<Published>) {
        if self.is_shut_out() {
            return;
        }
        let class = match &published.shown {
            Shown::Line(_) => Class::Durable,
            Shown::Ephemeral(_) => Class::Ephemeral,
        };
        match &self.interpreter {
            None => self.deliver_in_our_words(published, class),
            Some(interpreter) => interpreter.deliver(&self.room, published, class),
        }
        if let Shown::Line(line) = &published.shown
            && is_ban_of(&line.body, self.who)
        {
            self.leave();
        }
    }

    async fn catch_up(&self, missed: Vec<Published>) {
        if let Some(interpreter) = &self.interpreter {
            return interpreter.catch_up(&self.room, &missed).await;
        }
        for published in &missed {
            let format = outgoing::format(&published.shown, self.is_staff);
            if !self.give(&outgoing::encode(published, format)).await {
                return;
            }
        }
    }

    fn shut_out(&self, who: Identity) {
        if who == self.who {
            self.leave();
        }
    }
}

impl RoomListener {
    /// `watching` is the stream because of which they are here.
    pub(super) fn new(
        connection: &Arc<Connection>,
        room: &Arc<Room>,
        watching: Option<StreamId>,
        is_staff: bool,
    ) -> Self {
        let interpreter = match (connection.speech, watching) {
            (Speech::Of(document), Some(stream)) => {
                let interpreter = Interpreter::new(document, stream, &connection.socket);
                Some(Box::new(interpreter))
            }
            _ => None,
        };
        Self {
            interpreter,
            connection: Arc::downgrade(connection),
            socket: connection.socket.clone(),
            room: Arc::clone(room),
            who: connection.who,
            is_staff,
            is_shut_out: AtomicBool::new(false),
        }
    }

    fn deliver_in_our_words(&self, published: &Published, class: Class) {
        let format = outgoing::format(&published.shown, self.is_staff);
        let packets = published.encoded(format, |published| outgoing::encode(published, format));
        for packet in packets.iter() {
            self.socket.send_shared(packet, class);
        }
    }

    /// Whether they were banned since.
    pub(super) fn is_shut_out(&self) -> bool {
        self.is_shut_out.load(Ordering::Acquire)
    }

    /// Nothing more from now on; the rest is tidied up outside of the hub.
    fn leave(&self) {
        if !self.is_shut_out.swap(true, Ordering::AcqRel)
            && let Some(connection) = self.connection.upgrade()
        {
            let (app, channel) = (Arc::clone(&self.room.app), self.room.channel);
            tokio::spawn(async move { connection.shut_out(&app, channel).await });
        }
    }

    /// Gives something that was missed as soon as there is room for it. Whether the client is
    /// still there.
    async fn give(&self, packets: &Packets) -> bool {
        for packet in packets.iter() {
            if !self.socket.ready().await
                || self.socket.send_shared(packet, Class::Durable) == Sent::Closed
            {
                return false;
            }
        }
        true
    }
}

fn is_ban_of(body: &LineBody, who: Identity) -> bool {
    matches!(body, LineBody::Restricted { subject, kind, .. } if *subject == who && kind.is_ban())
}
