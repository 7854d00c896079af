//! Ports that are free on the loopback address.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Mutex, PoisonError};

static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// A TCP port that nothing listens on, and that no other test of this process got.
///
/// Another process may still take it before it is used: where the program can bind
/// port 0 and tell, let it. This is for what must be known beforehand, as the port
/// of a server that is killed and started again.
#[must_use]
pub fn free() -> u16 {
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|listener| listener.local_addr())
            .expect("the loopback address has a free port")
            .port();
        if given.insert(port) {
            return port;
        }
    }
}
