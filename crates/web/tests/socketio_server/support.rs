//! A real server on its own port, and clients that speak raw HTTP and WebSocket to it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use greenroom_web::socketio::{
    Ack, Args, Class, Config, ConnectError, DisconnectReason, Handshake, Sent, Service,
    SharedPacket, Socket, SocketIo,
};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

/// Nothing that a test waits for takes longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A small chat: who is in, and who has gone and why.
#[derive(Default)]
pub(crate) struct Chat {
    pub(crate) members: Mutex<HashMap<String, Socket>>,
    pub(crate) gone: Mutex<Vec<DisconnectReason>>,
}

impl Chat {
    pub(crate) fn broadcast(&self, name: &str, data: &Value, class: Class) {
        let packet = SharedPacket::event(name, data).unwrap();
        for member in self.members.lock().values() {
            member.send_shared(&packet, class);
        }
    }
}

#[async_trait]
impl Service for Chat {
    type Session = Socket;

    async fn connect(&self, handshake: Handshake, socket: Socket) -> Result<Socket, ConnectError> {
        let auth: Value = handshake.auth.map_or(Value::Null, |auth| {
            serde_json::from_str(auth.get()).unwrap()
        });
        if auth["token"] == "wrong" {
            let data = Some(json!({ "code": "unauthorized" }));
            return Err(ConnectError {
                message: "who are you?".to_owned(),
                data,
            });
        }
        socket.emit("welcome", &json!({ "auth": auth })).unwrap();
        self.members
            .lock()
            .insert(socket.id().to_owned(), socket.clone());
        Ok(socket)
    }

    async fn event(&self, socket: &Arc<Socket>, name: &str, args: Args, ack: Option<Ack>) {
        match name {
            "say" => {
                self.broadcast("said", &args.read(0).unwrap_or(Value::Null), Class::Durable);
                if let Some(ack) = ack {
                    ack.send(&json!({ "ok": true })).unwrap();
                }
            }
            "echo" => {
                let packet = SharedPacket::event_all("echoed", args.raw()).unwrap();
                socket.send_shared(&packet, Class::Durable);
                if let Some(ack) = ack {
                    ack.send_all(&args.raw()).unwrap();
                }
            }
            "kick me" => socket.disconnect(),
            "pour" => {
                let (count, text): (u64, _) = (args.read(0).unwrap_or(0), "x".repeat(4 * 1024));
                for n in 0..count {
                    let packet = SharedPacket::event("poured", &json!([n, text])).unwrap();
                    if !socket.ready().await {
                        break;
                    }
                    assert_eq!(socket.send_shared(&packet, Class::Durable), Sent::Queued);
                }
            }
            "panic" => panic!("a handler's bug"),
            "think" => tokio::time::sleep(Duration::from_millis(args.read(0).unwrap_or(0))).await,
            _ => {}
        }
    }

    async fn disconnected(&self, socket: Arc<Socket>, reason: DisconnectReason) {
        self.members.lock().remove(socket.id());
        self.gone.lock().push(reason);
    }
}

/// A server that ends with the test.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) chat: Arc<Chat>,
    pub(crate) io: SocketIo<Chat>,
    pub(crate) shutdown: CancellationToken,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

pub(crate) async fn serve(config: Config) -> Server {
    let chat = Arc::new(Chat::default());
    let shutdown = CancellationToken::new();
    let io = SocketIo::new(Arc::clone(&chat), config, ids(), shutdown.clone());
    let app = io
        .router()
        .into_make_service_with_connect_info::<SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = shutdown.clone().cancelled_owned();
    tokio::spawn(async move {
        axum::serve(listener, app)
            .with_graceful_shutdown(stop)
            .await
    });
    Server {
        address,
        chat,
        io,
        shutdown,
    }
}

/// Ids that differ; nobody guesses them here.
fn ids() -> impl Fn() -> [u8; 16] {
    let next = AtomicU64::new(0);
    move || u128::from(next.fetch_add(1, Ordering::Relaxed)).to_be_bytes()
}

/// Waits until something is so.
pub(crate) async fn eventually(what: &str, mut so: impl FnMut() -> bool) {
    let waiting = async {
        while !so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting)
        .await
        .unwrap_or_else(|_| panic!("never: {what}"));
}

/// One HTTP request on a connection of its own: status and body.
pub(crate) async fn http(
    address: SocketAddr,
    method: &str,
    query: &str,
    headers: &str,
    body: &str,
) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "{method} /socket.io/?EIO=4&transport=polling{query} HTTP/1.1\r\nHost: {address}\r\n\
         Connection: close\r\nContent-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer));
    let _ = read.await.expect("an answer in time");
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .unwrap_or(0);
    let body = answer
        .split_once("\r\n\r\n")
        .map_or("", |(_, body)| body)
        .to_owned();
    (status, body)
}

/// Opens a polling session.
pub(crate) async fn open_polling(address: SocketAddr) -> String {
    let (status, body) = http(address, "GET", "", "", "").await;
    assert_eq!(status, 200, "{body}");
    let open: Value = serde_json::from_str(&body[1..]).unwrap();
    open["sid"].as_str().unwrap().to_owned()
}

/// A WebSocket client that can also send what no honest client would.
pub(crate) struct Ws {
    pub(crate) stream: TcpStream,
    buffer: Vec<u8>,
}

/// What a server's frame said.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    Text(String),
    Pong(Vec<u8>),
    Closed(Option<u16>),
}

impl Ws {
    pub(crate) async fn open(address: SocketAddr, headers: &str) -> Result<Self, u16> {
        Self::open_for(address, "", headers).await
    }

    /// `query` may name the polling session that is to be upgraded.
    pub(crate) async fn open_for(
        address: SocketAddr,
        query: &str,
        headers: &str,
    ) -> Result<Self, u16> {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!(
            "GET /socket.io/?EIO=4&transport=websocket{query} HTTP/1.1\r\nHost: {address}\r\n\
             Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let Ok(byte) = stream.read_u8().await else {
                break;
            };
            head.push(byte);
        }
        let head = String::from_utf8(head).unwrap();
        match head.split(' ').nth(1).and_then(|code| code.parse().ok()) {
            Some(101) => {
                assert!(
                    head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
                    "RFC 6455's own example"
                );
                Ok(Self {
                    stream,
                    buffer: Vec::new(),
                })
            }
            status => Err(status.unwrap_or(0)),
        }
    }

    /// Opens and connects to the namespace.
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let mut ws = Self::open(address, "").await.unwrap();
        assert!(ws.text().await.starts_with('0'));
        ws.send("40").await;
        assert!(ws.text().await.starts_with("40{\"sid\""));
        assert!(ws.text().await.starts_with("42[\"welcome\""));
        ws
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.frame(0x81, text.as_bytes()).await;
    }

    pub(crate) async fn frame(&mut self, first: u8, data: &[u8]) {
        let mut frame = vec![first];
        match data.len() {
            short @ 0..=125 => frame.push(0x80 | u8::try_from(short).unwrap()),
            medium => {
                frame.push(0xfe);
                frame.extend(u16::try_from(medium).unwrap().to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(data);
        // The server may have closed already: what it said before is still to be read.
        let _ = self.stream.write_all(&frame).await;
    }

    pub(crate) async fn text(&mut self) -> String {
        match self.next().await {
            Frame::Text(text) => text,
            other => panic!("no text but {other:?}"),
        }
    }

    /// The next event, pings answered on the way.
    pub(crate) async fn event(&mut self) -> String {
        loop {
            match self.text().await.as_str() {
                "2" => self.send("3").await,
                text => return text.to_owned(),
            }
        }
    }

    pub(crate) async fn next(&mut self) -> Frame {
        tokio::time::timeout(PATIENCE, self.read())
            .await
            .expect("a frame in time")
    }

    async fn read(&mut self) -> Frame {
        loop {
            if let &[first, second, ref rest @ ..] = self.buffer.as_slice() {
                let (header, length) = match (second, rest) {
                    (126, &[a, b, ..]) => (4, usize::from(u16::from_be_bytes([a, b]))),
                    (126 | 127, _) => (4, usize::MAX / 2),
                    (length, _) => (2, usize::from(length)),
                };
                if self.buffer.len() >= header + length {
                    let data = self.buffer[header..header + length].to_vec();
                    self.buffer.drain(..header + length);
                    return match first {
                        0x81 => Frame::Text(String::from_utf8(data).unwrap()),
                        0x8a => Frame::Pong(data),
                        0x88 => Frame::Closed(
                            data.get(..2)
                                .map(|code| u16::from_be_bytes([code[0], code[1]])),
                        ),
                        other => panic!("an unexpected frame {other:x}"),
                    };
                }
            }
            match self.stream.read_buf(&mut self.buffer).await {
                Ok(0) | Err(_) => return Frame::Closed(None),
                Ok(_) => {}
            }
        }
    }

    /// The code with which the server closes, texts before it aside.
    pub(crate) async fn close_code(&mut self) -> Option<u16> {
        loop {
            if let Frame::Closed(code) = self.next().await {
                return code;
            }
        }
    }
}
