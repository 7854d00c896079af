//! The bus between nodes of one process.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use greenroom_domain::shared::bus::{Bus, Signal};
use parking_lot::RwLock;
use tokio::sync::{Mutex, mpsc};

/// How many signals wait for a node that does not listen.
const WAITING: usize = 1024;

/// A node's end of a bus that reaches as far as the process. Alone on it, telling is nothing.
#[derive(Debug)]
pub struct InMemoryBus {
    cable: Arc<Cable>,
    number: u64,
    incoming: Mutex<mpsc::Receiver<Signal>>,
}

/// What the ends share.
#[derive(Debug, Default)]
struct Cable {
    /// The queue of each end, by its number.
    ends: RwLock<Vec<(u64, mpsc::Sender<Signal>)>>,
    last_number: AtomicU64,
}

impl InMemoryBus {
    /// Another node's end of the same bus.
    #[must_use]
    pub fn another(&self) -> Self {
        Self::on(Arc::clone(&self.cable))
    }

    fn on(cable: Arc<Cable>) -> Self {
        let number = cable.last_number.fetch_add(1, Ordering::Relaxed);
        let (queue, incoming) = mpsc::channel(WAITING);
        cable.ends.write().push((number, queue));
        Self {
            cable,
            number,
            incoming: Mutex::new(incoming),
        }
    }
}

impl Default for InMemoryBus {
    fn default() -> Self {
        Self::on(Arc::default())
    }
}

#[async_trait]
impl Bus for InMemoryBus {
    fn tell(&self, signal: Signal) {
        for (number, queue) in self.cable.ends.read().iter() {
            if *number != self.number {
                // A full queue: it is lost.
                let _ = queue.try_send(signal.clone());
            }
        }
    }

    async fn hear(&self) -> Signal {
        match self.incoming.lock().await.recv().await {
            Some(signal) => signal,
            // The cable holds the sender as long as this end is there.
            None => std::future::pending().await,
        }
    }
}

impl Drop for InMemoryBus {
    fn drop(&mut self) {
        let mut ends = self.cable.ends.write();
        ends.retain(|(number, _)| *number != self.number);
    }
}
