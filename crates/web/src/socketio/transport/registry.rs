//! Who is connected, and how many from where.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::socketio::config::Config;
use crate::socketio::engine::handshake::Refusal;
use crate::socketio::line::Line;

/// An Engine.IO session id: who knows it may speak for the session, so it is never logged.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Sid([u8; 16]);

impl Sid {
    pub(super) fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

/// The text is no session id.
pub(super) struct NotASid;

impl FromStr for Sid {
    type Err = NotASid;

    fn from_str(text: &str) -> Result<Self, NotASid> {
        let mut bytes = [0; 16];
        match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
            Ok(16) => Ok(Self(bytes)),
            _ => Err(NotASid),
        }
    }
}

/// Addresses that are remembered at once, at most.
const MAX_ADDRESSES: usize = 100_000;

/// Every session, and every address that has some or recently opened some.
pub(super) struct Registry {
    sessions: HashMap<Sid, Arc<Line>>,
    addresses: HashMap<IpAddr, Address>,
    max_sessions: usize,
    max_per_address: u32,
    per_second: f64,
    burst: f64,
    swept: Instant,
}

/// One address: a token bucket for handshakes, and a count.
struct Address {
    sessions: u32,
    handshakes: f64,
    at: Instant,
}

impl Registry {
    pub(super) fn new(config: &Config, now: Instant) -> Self {
        Self {
            sessions: HashMap::new(),
            addresses: HashMap::new(),
            max_sessions: config.max_sessions,
            max_per_address: config.max_sessions_per_address,
            per_second: config.handshakes_per_second,
            burst: config.handshake_burst,
            swept: now,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.sessions.len()
    }

    pub(super) fn get(&self, sid: Sid) -> Option<Arc<Line>> {
        self.sessions.get(&sid).cloned()
    }

    /// Adds a session, if there is room for it.
    pub(super) fn add(
        &mut self,
        sid: Sid,
        remote: IpAddr,
        line: Arc<Line>,
        now: Instant,
    ) -> Result<(), Refusal> {
        if self.sessions.len() >= self.max_sessions {
            return Err(Refusal::Full);
        }
        let remote = subnet(remote);
        if self.addresses.len() >= MAX_ADDRESSES && !self.addresses.contains_key(&remote) {
            return Err(Refusal::Full);
        }
        let address = self.addresses.entry(remote).or_insert(Address {
            sessions: 0,
            handshakes: self.burst,
            at: now,
        });
        let since = now.saturating_duration_since(address.at).as_secs_f64();
        address.handshakes = (address.handshakes + since * self.per_second).min(self.burst);
        address.at = now;
        if address.sessions >= self.max_per_address || address.handshakes < 1.0 {
            return Err(Refusal::TooManyFromAddress);
        }
        address.handshakes -= 1.0;
        address.sessions += 1;
        self.sessions.insert(sid, line);
        Ok(())
    }

    /// Removes a session that was added for this address.
    pub(super) fn remove(&mut self, sid: Sid, remote: IpAddr) {
        if self.sessions.remove(&sid).is_some()
            && let Some(address) = self.addresses.get_mut(&subnet(remote))
        {
            address.sessions -= 1;
        }
        if self.sessions.capacity() > 64 && self.sessions.len() < self.sessions.capacity() / 8 {
            self.sessions.shrink_to(self.sessions.len() * 2);
        }
    }

    pub(super) fn each(&self, mut visit: impl FnMut(&Line)) {
        self.sessions.values().for_each(|line| visit(line));
    }

    /// Visits every session, and now and then forgets the addresses that are gone.
    pub(super) fn sweep(&mut self, now: Instant, visit: impl FnMut(&Line)) {
        self.each(visit);
        if now.saturating_duration_since(self.swept).as_secs() < 10 {
            return;
        }
        self.swept = now;
        let (per_second, burst) = (self.per_second, self.burst);
        self.addresses.retain(|_, address| {
            let since = now.saturating_duration_since(address.at).as_secs_f64();
            address.sessions > 0 || address.handshakes + since * per_second < burst
        });
        self.addresses.shrink_to(self.addresses.len() * 2);
    }
}

/// Whoever has an IPv6 address has its whole /64.
fn subnet(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}
