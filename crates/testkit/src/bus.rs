//! A bus as networks are.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use greenroom_domain::shared::bus::{Bus, Signal};

use crate::ids::mix;

/// A node's end of a bus that the test can cut, and that may lose, repeat and reorder what
/// comes in: worse than any bus may be.
pub struct UnreliableBus {
    bus: Arc<dyn Bus>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    is_cut: bool,
    /// What decides about the next signal; `None` while it is a good bus.
    dice: Option<u64>,
    /// What is heard before anything else.
    next: VecDeque<Signal>,
    /// What is heard some time later.
    held_back: Vec<Signal>,
}

impl UnreliableBus {
    /// This end, good until told otherwise.
    pub fn over(bus: Arc<dyn Bus>) -> Self {
        Self {
            bus,
            state: Mutex::default(),
        }
    }

    /// Nothing comes in or goes out from now on.
    pub fn cut(&self) {
        self.state().is_cut = true;
    }

    /// It is whole again.
    pub fn mend(&self) {
        self.state().is_cut = false;
    }

    /// Of what comes in from now on, some is lost, some comes twice and some comes late, by
    /// this seed.
    pub fn go_bad(&self, seed: u64) {
        self.state().dice = Some(seed);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self, signal: Signal) {
        if self.is_cut {
            return;
        }
        let Some(dice) = self.dice else {
            self.next.push_back(signal);
            return;
        };
        let dice = mix(dice);
        self.dice = Some(dice);
        match dice % 8 {
            0 | 1 => {}
            2 => self.next.extend([signal.clone(), signal]),
            3 => self.held_back.push(signal),
            _ => self.next.push_back(signal),
        }
        if (dice >> 32).is_multiple_of(4) {
            // The last first.
            self.next.extend(self.held_back.drain(..).rev());
        }
    }
}

#[async_trait]
impl Bus for UnreliableBus {
    fn tell(&self, signal: Signal) {
        if !self.state().is_cut {
            self.bus.tell(signal);
        }
    }

    async fn hear(&self) -> Signal {
        loop {
            if let Some(signal) = self.state().next.pop_front() {
                return signal;
            }
            let signal = self.bus.hear().await;
            self.state().take(signal);
        }
    }
}
