//! The bus: one channel of Redis on which all nodes tell and hear.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use futures_util::StreamExt as _;
use greenroom_domain::shared::bus::{Bus, Signal};
use greenroom_domain::shared::id::Ids;
use redis::aio::PubSub;
use redis::{Pipeline, RedisResult};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::{sleep, timeout};
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use crate::backoff::Backoff;
use crate::frame::Frame;
use crate::link::{PATIENCE, PING_EVERY, Redis};

/// How many signals wait for Redis, and as many for this node.
const WAITING: usize = 1024;
/// How many go out at once.
const AT_ONCE: usize = 128;
/// How many senders are told apart: many more than there are nodes.
const SENDERS: usize = 256;

/// This node's end of the bus. What is told while Redis is away is lost.
#[derive(Debug)]
pub struct RedisBus {
    outgoing: mpsc::Sender<Signal>,
    incoming: Mutex<mpsc::Receiver<Signal>>,
    lost: Arc<AtomicU64>,
    _tasks: [AbortOnDropHandle<()>; 2],
}

impl RedisBus {
    /// Joins the bus of this Redis: it hears whatever is told after this, unless Redis is
    /// away. Has to be called in a tokio runtime.
    pub async fn join(redis: Redis, ids: &dyn Ids) -> Self {
        // Not the node's id: numbers begin again when it is started again.
        let origin = ids.uuid();
        let (outgoing, to_tell) = mpsc::channel(WAITING);
        let (heard, incoming) = mpsc::channel(WAITING);
        let lost = Arc::new(AtomicU64::new(0));
        let (tried, first_try) = oneshot::channel();
        let listener = Listener {
            channel: redis.key("bus", "all"),
            redis: redis.clone(),
            origin,
            heard,
            last: HashMap::new(),
            lost: Arc::clone(&lost),
        };
        let teller = Teller {
            channel: listener.channel.clone(),
            redis,
            origin,
            lost: Arc::clone(&lost),
        };
        let tasks = [
            tokio::spawn(teller.run(to_tell)),
            tokio::spawn(listener.run(tried)),
        ];
        // It is sent whatever came of it.
        let _ = first_try.await;
        Self {
            outgoing,
            incoming: Mutex::new(incoming),
            lost,
            _tasks: tasks.map(AbortOnDropHandle::new),
        }
    }

    /// How many signals this node has lost so far, of its own and of others.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Bus for RedisBus {
    fn tell(&self, signal: Signal) {
        if self.outgoing.try_send(signal).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    async fn hear(&self) -> Signal {
        match self.incoming.lock().await.recv().await {
            Some(signal) => signal,
            // The listener ends with this.
            None => std::future::pending().await,
        }
    }
}

/// Sends what this node tells.
struct Teller {
    redis: Redis,
    channel: String,
    origin: Uuid,
    lost: Arc<AtomicU64>,
}

impl Teller {
    async fn run(self, mut to_tell: mpsc::Receiver<Signal>) {
        let mut number = 0;
        let mut signals = Vec::with_capacity(AT_ONCE);
        while to_tell.recv_many(&mut signals, AT_ONCE).await > 0 {
            let mut pipe = Pipeline::new();
            let mut sent = 0;
            for signal in signals.drain(..) {
                number += 1;
                let origin = self.origin;
                let frame = Frame {
                    origin,
                    number,
                    signal,
                };
                match frame.encode() {
                    Some(frame) => {
                        pipe.publish(&self.channel, frame).ignore();
                        sent += 1;
                    }
                    None => {
                        self.lost.fetch_add(1, Ordering::Relaxed);
                    }
                }
            }
            let told: Result<(), _> = self.redis.pipe(&pipe).await;
            if told.is_err() {
                self.lost.fetch_add(sent, Ordering::Relaxed);
            }
        }
    }
}

/// Hears what others tell.
struct Listener {
    redis: Redis,
    channel: String,
    origin: Uuid,
    heard: mpsc::Sender<Signal>,
    /// The last number of each sender.
    last: HashMap<Uuid, u64>,
    lost: Arc<AtomicU64>,
}

impl Listener {
    async fn run(mut self, tried: oneshot::Sender<()>) {
        let mut tried = Some(tried);
        let mut backoff = Backoff::new();
        loop {
            let subscribed = timeout(PATIENCE, self.subscribe()).await;
            if let Some(tried) = tried.take() {
                let _ = tried.send(());
            }
            if let Ok(Ok(subscription)) = subscribed {
                backoff.reset();
                self.listen(subscription).await;
            }
            backoff.wait().await;
        }
    }

    async fn subscribe(&self) -> RedisResult<PubSub> {
        let mut subscription = self.redis.client().get_async_pubsub().await?;
        subscription.subscribe(&self.channel).await?;
        Ok(subscription)
    }

    /// Until the connection is lost, or does not answer.
    async fn listen(&mut self, subscription: PubSub) {
        let (mut sink, mut messages) = subscription.split();
        loop {
            tokio::select! {
                message = messages.next() => match message {
                    Some(message) => self.take(message.get_payload_bytes()),
                    None => return,
                },
                () = sleep(PING_EVERY) => {
                    let pong: Result<RedisResult<()>, _> = timeout(PATIENCE, sink.ping()).await;
                    if !matches!(pong, Ok(Ok(()))) {
                        return;
                    }
                }
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        let Some(frame) = Frame::decode(bytes) else {
            self.lost.fetch_add(1, Ordering::Relaxed);
            return;
        };
        if frame.origin == self.origin {
            return;
        }
        // What a broken connection still delivers may come behind what went over the next.
        if self.last.get(&frame.origin) >= Some(&frame.number) {
            self.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        if self.last.len() >= SENDERS {
            self.last.clear();
        }
        self.last.insert(frame.origin, frame.number);
        // There is no need to wait for who does not hear.
        if self.heard.try_send(frame.signal).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}
