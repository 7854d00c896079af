//! A host platform's server, as far as key sets go.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// Answers every request with the same bytes, until it is told others.
pub(crate) struct KeyServer {
    shared: Arc<Shared>,
    address: String,
    task: JoinHandle<()>,
}

struct Shared {
    answer: Mutex<Answer>,
    requests: AtomicUsize,
    asked: Notify,
    released: Notify,
}

#[derive(Clone)]
pub(crate) enum Answer {
    /// A key set.
    Keys(String),
    /// A status and nothing else; a redirect goes to the key set that is given.
    Status(u16, Option<String>),
    /// More and more.
    Endless,
    /// This key set, but only when released.
    Held(String),
    /// The connection is closed.
    HangUp,
}

impl KeyServer {
    pub(crate) async fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/jwks.json", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            answer: Mutex::new(answer),
            requests: AtomicUsize::new(0),
            asked: Notify::new(),
            released: Notify::new(),
        });
        let task = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Self {
            shared,
            address,
            task,
        }
    }

    pub(crate) fn url(&self) -> String {
        self.address.clone()
    }

    pub(crate) fn answers(&self, answer: Answer) {
        *self.shared.answer.lock() = answer;
    }

    /// How often it was asked.
    pub(crate) fn requests(&self) -> usize {
        self.shared.requests.load(Ordering::SeqCst)
    }

    /// Returns when it has been asked once more.
    pub(crate) async fn asked(&self) {
        let asked = self.shared.asked.notified();
        let in_time = tokio::time::timeout(Duration::from_secs(10), asked).await;
        in_time.expect("nobody asks for the keys");
    }

    /// Lets a held answer go.
    pub(crate) fn release(&self) {
        self.shared.released.notify_one();
    }

    /// Dies; its port refuses connections from then on.
    pub(crate) async fn stop(mut self) {
        self.task.abort();
        assert!((&mut self.task).await.unwrap_err().is_cancelled());
    }
}

impl Drop for KeyServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(answer(stream, Arc::clone(&shared)));
    }
}

/// Errors of the connection are the client's affair, and end it.
async fn answer(mut stream: TcpStream, shared: Arc<Shared>) {
    let mut request = Vec::new();
    let mut buffer = [0; 1024];
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read(&mut buffer).await {
            Ok(length) if length > 0 => request.extend_from_slice(&buffer[..length]),
            _ => return,
        }
    }
    shared.requests.fetch_add(1, Ordering::SeqCst);
    shared.asked.notify_one();
    let answer = shared.answer.lock().clone();
    match answer {
        Answer::Keys(keys) => reply(stream, &keys).await,
        Answer::Held(keys) => {
            shared.released.notified().await;
            reply(stream, &keys).await;
        }
        Answer::Status(status, location) => {
            let location = location.map_or(String::new(), |to| format!("location: {to}\r\n"));
            let head = format!(
                "HTTP/1.1 {status} Said\r\n{location}content-length: 0\r\nconnection: close\r\n\r\n"
            );
            let _ = stream.write_all(head.as_bytes()).await;
        }
        Answer::Endless => {
            let head = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"keys\":[";
            let mut sent = stream.write_all(head.as_bytes()).await;
            while sent.is_ok() {
                sent = stream.write_all(&[b' '; 4096]).await;
            }
        }
        Answer::HangUp => {}
    }
}

async fn reply(mut stream: TcpStream, keys: &str) {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{keys}",
        keys.len()
    );
    let _ = stream.write_all(head.as_bytes()).await;
}
