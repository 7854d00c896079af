//! Redis for tests.

use std::ffi::OsStr;

use super::supervised::{Signal, Supervised};
use super::{folder_on_path, not_installed, on_free_port};

/// A Redis of its own, which keeps nothing. It ends when it is dropped, and with the process.
#[derive(Debug)]
pub struct RedisServer {
    server: Supervised,
    port: u16,
}

impl RedisServer {
    /// Starts one.
    ///
    /// # Panics
    /// When Redis is not installed, or does not start.
    pub fn start() -> Self {
        let Some(folder) = folder_on_path(&["redis-server"]) else {
            not_installed("redis-server", "redis-server")
        };
        let program = folder.join("redis-server");
        let (server, port) = on_free_port(|port| {
            let port = port.to_string();
            let mut command = vec![program.as_os_str()];
            command.extend(["--port", &port].map(OsStr::new));
            command.extend(["--bind", "127.0.0.1"].map(OsStr::new));
            command.extend(["--save", "", "--appendonly", "no"].map(OsStr::new));
            Supervised::new("redis", Signal::Kill, &command)
        });
        Self { server, port }
    }

    /// How clients find it. It holds nothing at first, and again after a stop.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Where it listens, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Kills it.
    pub fn stop(&mut self) {
        self.server.stop(Signal::Kill);
    }

    /// Starts it after a stop, on the same port.
    pub fn start_again(&mut self) {
        self.server.start_again();
    }
}
