//! Every channel's bus, by handle.

use super::StreamBus;
use crate::cmaf::Limits;
use chrono::{DateTime, Utc};
use parking_lot::RwLock;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

/// The channels that have, or lately had, a stream.
#[derive(Debug, Default)]
pub struct Channels {
    limits: Limits,
    buses: RwLock<HashMap<String, Arc<StreamBus>>>,
    opened: watch::Sender<()>,
}

impl Channels {
    /// None yet; every one is held to `limits`.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            buses: RwLock::default(),
            opened: watch::Sender::new(()),
        }
    }

    /// The bus of a channel, if it has one.
    pub fn find(&self, handle: &str) -> Option<Arc<StreamBus>> {
        self.buses.read().get(handle).cloned()
    }

    /// The buses of all channels.
    pub(crate) fn all(&self) -> Vec<Arc<StreamBus>> {
        self.buses.read().values().cloned().collect()
    }

    /// The bus of a channel, once it has one.
    pub async fn wait_for(&self, handle: &str, until: Instant) -> Option<Arc<StreamBus>> {
        let mut opened = self.opened.subscribe();
        let found = opened.wait_for(|()| self.buses.read().contains_key(handle));
        let _ = timeout_at(until, found).await;
        self.find(handle)
    }

    /// The bus of a channel whose encoder begins to send: the one it has, or a new one whose
    /// numbers start from `now`.
    pub fn open(&self, handle: &str, now: DateTime<Utc>) -> Arc<StreamBus> {
        if let Some(bus) = self.find(handle) {
            return bus;
        }
        let bus = {
            let mut buses = self.buses.write();
            let bus = buses.entry(handle.to_owned());
            Arc::clone(bus.or_insert_with(|| Arc::new(StreamBus::new(self.limits, now))))
        };
        self.opened.send_replace(());
        bus
    }

    /// Frees the memory of a channel whose stream ended some time ago.
    pub fn close(&self, handle: &str) {
        self.buses.write().remove(handle);
    }
}
