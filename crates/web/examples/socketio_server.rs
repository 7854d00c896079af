//! A Socket.IO server with one room, for measuring and for the protocols' own test suites.
//!
//! `socketio_server ADDR [fanout|socket.io|engine.io]`: with `fanout` every `send-message` is
//! sent on to everybody as `new-message`; the others answer as the suites of those names expect.

#![expect(
    clippy::disallowed_methods,
    reason = "an adapter of its own: it makes the ids"
)]

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::serve::ListenerExt;
use greenroom_web::socketio::{
    Ack, Args, Class, Config, ConnectError, DisconnectReason, Handshake, Service, SharedPacket,
    Socket, SocketIo,
};
use parking_lot::Mutex;
use serde_json::value::RawValue;
use tokio_util::sync::CancellationToken;

/// Everybody in one room.
struct Room {
    members: Mutex<HashMap<String, Socket>>,
    suite: bool,
}

#[async_trait]
impl Service for Room {
    type Session = Socket;

    async fn connect(&self, handshake: Handshake, socket: Socket) -> Result<Socket, ConnectError> {
        if self.suite {
            let nothing = RawValue::from_string("{}".to_owned()).map_err(|_| ConnectError {
                message: "impossible".to_owned(),
                data: None,
            })?;
            let (socket, auth) = (socket.clone(), handshake.auth.unwrap_or(nothing));
            // The suite's client loses the second of two frames that arrive in one read.
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(20)).await;
                let _ = socket.emit("auth", &auth);
            });
        } else {
            self.members
                .lock()
                .insert(socket.id().to_owned(), socket.clone());
        }
        Ok(socket)
    }

    async fn event(&self, socket: &Arc<Socket>, name: &str, args: Args, ack: Option<Ack>) {
        match name {
            "join-channel" => {
                if let Some(ack) = ack {
                    let _ = ack.send(&serde_json::json!({ "ok": true }));
                }
            }
            "send-message" => {
                let Ok(packet) = SharedPacket::event_all("new-message", args.raw()) else {
                    return;
                };
                if let Some(ack) = ack {
                    let _ = ack.send(&serde_json::json!({ "ok": true }));
                }
                for member in self.members.lock().values() {
                    member.send_shared(&packet, Class::Durable);
                }
                // The receivers' turn before the next post: a room that fans out faster than
                // its receivers' tasks run fills the queues of those that wait longest.
                tokio::task::yield_now().await;
            }
            "message" => {
                if let Ok(packet) = SharedPacket::event_all("message-back", args.raw()) {
                    socket.send_shared(&packet, Class::Durable);
                }
            }
            "message-with-ack" => {
                if let Some(ack) = ack {
                    let _ = ack.send_all(&args.raw());
                }
            }
            _ => {}
        }
    }

    async fn disconnected(&self, socket: Arc<Socket>, _reason: DisconnectReason) {
        self.members.lock().remove(socket.id());
    }
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let mut args = std::env::args().skip(1);
    let address = args.next().unwrap_or_else(|| "127.0.0.1:3000".to_owned());
    let mode = args.next().unwrap_or_else(|| "fanout".to_owned());
    let suite = mode != "fanout";
    let mut config = Config {
        max_sessions_per_address: 20_000,
        handshakes_per_second: 100_000.0,
        handshake_burst: 100_000.0,
        ..Config::default()
    };
    if suite {
        // What the suites expect of the server under test.
        config.ping_interval = Duration::from_millis(300);
        config.ping_timeout = Duration::from_millis(200);
        config.connect_timeout = Duration::from_millis(1000);
        config.max_payload = 1_000_000;
        config.engine_echo = mode == "engine.io";
    }
    let room = Room {
        members: Mutex::default(),
        suite,
    };
    let shutdown = CancellationToken::new();
    let io = SocketIo::new(
        Arc::new(room),
        config,
        rand::random::<[u8; 16]>,
        shutdown.clone(),
    );
    let path = if mode == "engine.io" {
        "/engine.io/"
    } else {
        "/socket.io/"
    };
    let app = io
        .router_at(path)
        .into_make_service_with_connect_info::<SocketAddr>();
    let listener = tokio::net::TcpListener::bind(&address).await?;
    println!("listening on {}", listener.local_addr()?);
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, app).await
}
