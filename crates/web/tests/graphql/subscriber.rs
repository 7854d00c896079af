//! A subscriber by hand, to whom everything is shown that a server sends.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use greenroom_app::App;
use greenroom_domain::channel::Handle;
use greenroom_domain::shared::id::ChannelId;
use serde_json::{Value, json};

use crate::support::{Server, text};

/// A connection, by hand.
pub(crate) struct Socket {
    stream: TcpStream,
    received: Vec<u8>,
}

/// What a server sent.
#[derive(Debug, PartialEq)]
pub(crate) enum Heard {
    Message(Value),
    Closed(u16, String),
    /// Nothing for a moment.
    Nothing,
}

impl Socket {
    pub(crate) fn open(address: SocketAddr) -> Self {
        let mut stream = TcpStream::connect(address).unwrap();
        let request = format!(
            "GET /graphql HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Protocol: graphql-transport-ws\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            answer.push(byte[0]);
        }
        assert!(answer.starts_with(b"HTTP/1.1 101"));
        let moment = Duration::from_millis(20);
        stream.set_read_timeout(Some(moment)).unwrap();
        Self {
            stream,
            received: Vec::new(),
        }
    }

    pub(crate) fn say(&mut self, message: &Value) {
        let text = message.to_string();
        let length = u16::try_from(text.len()).unwrap();
        let mut frame = vec![0x81, 0x80 + 126];
        frame.extend(length.to_be_bytes());
        // The mask that changes nothing.
        frame.extend([0; 4]);
        frame.extend(text.as_bytes());
        self.stream.write_all(&frame).unwrap();
    }

    pub(crate) fn hear(&mut self) -> Heard {
        loop {
            if let Some((opcode, payload)) = self.frame() {
                if opcode == 8 {
                    let code = u16::from_be_bytes([payload[0], payload[1]]);
                    let reason = String::from_utf8(payload[2..].to_vec()).unwrap();
                    return Heard::Closed(code, reason);
                }
                return Heard::Message(serde_json::from_slice(&payload).unwrap());
            }
            let mut bytes = [0; 8192];
            match self.stream.read(&mut bytes) {
                Ok(0) => return Heard::Closed(1006, String::new()),
                Ok(read) => self.received.extend(&bytes[..read]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Heard::Nothing,
                Err(error) => panic!("{error}"),
            }
        }
    }

    fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let (header, length) = match self.received.get(1)? {
            126 => {
                let length = self.received.get(2..4)?;
                (4, usize::from(u16::from_be_bytes([length[0], length[1]])))
            }
            127 => panic!("a message of more than 64 KiB"),
            short => (2, usize::from(*short)),
        };
        let payload = self.received.get(header..header + length)?.to_vec();
        let opcode = self.received[0] & 0x0f;
        self.received.drain(..header + length);
        Some((opcode, payload))
    }

    pub(crate) fn subscribe(&mut self, who: Option<&str>, document: &str) {
        let payload = match who {
            Some(token) => json!({ "authorization": format!("Bearer {token}") }),
            None => json!({}),
        };
        self.say(&json!({ "type": "connection_init", "payload": payload }));
        let acknowledged = loop {
            match self.hear() {
                Heard::Nothing => {}
                other => break other,
            }
        };
        if matches!(acknowledged, Heard::Message(_)) {
            self.say(&json!({
                "type": "subscribe", "id": "1", "payload": { "query": document }
            }));
        }
    }
}

pub(crate) async fn room(server: &Server, handle: &str) -> ChannelId {
    let handle = Handle::parse(handle).unwrap();
    let channel = server.app.ports.channels.by_handle(&handle).await.unwrap();
    channel.unwrap().value.id
}

/// Whether somebody may listen to a room: `OK`, or the code by which they are refused.
pub(crate) async fn listen(
    server: &Server,
    who: Option<&str>,
    handle: &str,
    document: &str,
) -> String {
    let (room, app) = (room(server, handle).await, server.app.clone());
    let (address, who) = (server.address, who.map(str::to_owned));
    let document = document.to_owned();
    let listened = move || {
        let mut socket = Socket::open(address);
        socket.subscribe(who.as_deref(), &document);
        loop {
            match socket.hear() {
                Heard::Message(message) if message["type"] == "error" => {
                    return text(&message, "/payload/0/extensions/code");
                }
                Heard::Closed(..) => return "NOT_SIGNED_IN".to_owned(),
                Heard::Nothing if is_listening(&app, room, &document, who.is_some()) => {
                    return "OK".to_owned();
                }
                Heard::Message(_) | Heard::Nothing => {}
            }
        }
    };
    tokio::task::spawn_blocking(listened).await.unwrap()
}

/// Whether somebody listens to what this asks for. Only users are told what concerns them.
fn is_listening(app: &App, room: ChannelId, document: &str, is_user: bool) -> bool {
    if document.contains("notifications") {
        return is_user && app.notified_users() > 0;
    }
    app.hub.listeners(room) > 0
}
