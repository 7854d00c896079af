//! Every channel's bus, by handle.

use super::StreamBus;
use crate::cmaf::Limits;
use chrono::{DateTime, Utc};
use parking_lot::RwLock;
use std::collections::HashMap;
use std::sync::Arc;

/// The channels that have, or lately had, a stream.
#[derive(Debug, Default)]
pub struct Channels {
    limits: Limits,
    buses: RwLock<HashMap<String, Arc<StreamBus>>>,
}

impl Channels {
    /// None yet; every one is held to `limits`.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            buses: RwLock::default(),
        }
    }

    /// The bus of a channel, if it has one.
    pub fn find(&self, handle: &str) -> Option<Arc<StreamBus>> {
        self.buses.read().get(handle).cloned()
    }

    /// The bus of a channel whose encoder begins to send: the one it has, or a new one whose
    /// numbers start from `now`.
    pub fn open(&self, handle: &str, now: DateTime<Utc>) -> Arc<StreamBus> {
        if let Some(bus) = self.find(handle) {
            return bus;
        }
        let mut buses = self.buses.write();
        let bus = buses.entry(handle.to_owned());
        Arc::clone(bus.or_insert_with(|| Arc::new(StreamBus::new(self.limits, now))))
    }

    /// Frees the memory of a channel whose stream ended some time ago.
    pub fn close(&self, handle: &str) {
        self.buses.write().remove(handle);
    }
}
