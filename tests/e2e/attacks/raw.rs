//! A connection as no honest client has one.

use std::net::SocketAddr;
use std::time::Duration;

use greenroom_tests::server::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// The server answers within this, whatever it was sent.
const LIMIT: Duration = Duration::from_secs(10);

/// Where Socket.IO opens a WebSocket.
pub(super) const SOCKET_IO: &str = "/socket.io/?EIO=4&transport=websocket";
/// Where GraphQL does.
pub(super) const GRAPHQL: &str = "/graphql";

/// An open connection, and what of it was read and not yet looked at.
pub(super) struct Raw {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Raw {
    /// Connects from 127.0.0.1.
    pub(super) async fn connect(server: &Server) -> Self {
        Self::connect_from([127, 0, 0, 1], server).await
    }

    /// Connects from another address of this machine.
    pub(super) async fn connect_from(address: [u8; 4], server: &Server) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        let from = SocketAddr::from((address, 0));
        socket.bind(from).expect("it is this machine's");
        let to = SocketAddr::from(([127, 0, 0, 1], server.http_port()));
        let stream = timeout(LIMIT, socket.connect(to)).await;
        Self {
            stream: stream.expect("in time").expect("it is answered"),
            read: Vec::new(),
        }
    }

    /// A WebSocket, or the status of the refusal. `headers` are whole lines.
    pub(super) async fn open(server: &Server, path: &str, headers: &str) -> Result<Self, u16> {
        let mut raw = Self::connect(server).await;
        let protocol = match path {
            GRAPHQL => "Sec-WebSocket-Protocol: graphql-transport-ws\r\n",
            _ => "",
        };
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{protocol}{headers}\r\n",
            server.http_port()
        );
        raw.send(head.as_bytes()).await;
        match raw.status().await {
            101 => Ok(raw),
            status => Err(status),
        }
    }

    /// Sends as much as the server takes: it may have hung up by now.
    pub(super) async fn send(&mut self, bytes: &[u8]) {
        let sent = timeout(LIMIT, self.stream.write_all(bytes)).await;
        sent.expect("it reads, or hangs up").ok();
    }

    /// Sends a frame, masked with zeros: its data stay as they are.
    pub(super) async fn frame(&mut self, first: u8, data: &[u8]) {
        let mut frame = vec![first];
        match u8::try_from(data.len()) {
            Ok(length @ 0..=125) => frame.push(0x80 | length),
            _ => {
                frame.push(0xff);
                frame.extend_from_slice(&(data.len() as u64).to_be_bytes());
            }
        }
        frame.extend_from_slice(&[0; 4]);
        frame.extend_from_slice(data);
        self.send(&frame).await;
    }

    /// The status of an answer, whose head is read; 0 when the server hung up without one.
    pub(super) async fn status(&mut self) -> u16 {
        loop {
            let end = self.read.windows(4).position(|four| four == b"\r\n\r\n");
            if let Some(end) = end {
                let head = String::from_utf8_lossy(&self.read[..end]).into_owned();
                self.read.drain(..end + 4);
                let status = head
                    .split(' ')
                    .nth(1)
                    .and_then(|status| status.parse().ok());
                return status.expect("a status");
            }
            if !self.more().await {
                return 0;
            }
        }
    }

    /// The body of an answer whose head was read just now and says no length that matters: all
    /// that has come with it.
    pub(super) async fn body(&mut self) -> String {
        if self.read.is_empty() {
            self.more().await;
        }
        String::from_utf8_lossy(&std::mem::take(&mut self.read)).into_owned()
    }

    /// The code that a WebSocket is closed with, whatever was told before; `None` without one.
    pub(super) async fn close_code(&mut self) -> Option<u16> {
        loop {
            while self.read.len() < 2 {
                if !self.more().await {
                    return None;
                }
            }
            let (length, header) = match self.read[1] {
                126 if self.read.len() >= 4 => (
                    usize::from(u16::from_be_bytes([self.read[2], self.read[3]])),
                    4,
                ),
                126 => (usize::MAX - 4, 4),
                length => (usize::from(length), 2),
            };
            if self.read.len() < header + length {
                if !self.more().await {
                    return None;
                }
                continue;
            }
            let frame: Vec<u8> = self.read.drain(..header + length).collect();
            if let [0x88, _, a, b, ..] = frame[..] {
                return Some(u16::from_be_bytes([a, b]));
            }
        }
    }

    /// Reads on; whether there was something.
    async fn more(&mut self) -> bool {
        let mut buffer = [0; 4096];
        let read = timeout(LIMIT, self.stream.read(&mut buffer)).await;
        let read = read.expect("it answers in time").unwrap_or(0);
        self.read.extend_from_slice(&buffer[..read]);
        read > 0
    }
}
