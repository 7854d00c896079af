//! Ports that are free on the loopback address.

use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
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

/// A port, of TCP and of UDP, below those that the system gives to clients: none of them sits on
/// it while its server is down, and no browser's media comes in by it.
#[must_use]
pub fn apart() -> u16 {
    const FIRST: u16 = 12_000;
    const COUNT: u64 = 20_000;
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let random = RandomState::new().build_hasher().finish() % COUNT;
        let port = FIRST + u16::try_from(random).expect("it is below the count");
        let is_free = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
            && UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
        if is_free && given.insert(port) {
            return port;
        }
    }
}
