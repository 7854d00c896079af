//! Every limit and every wait of the server.

use std::time::Duration;

/// Limits and waits. The defaults suit one node with ordinary browsers as clients.
#[derive(Clone, Debug)]
pub struct Config {
    /// How long after the last pong (or the opening) the next ping is sent.
    pub ping_interval: Duration,
    /// How long a client may take to answer a ping.
    pub ping_timeout: Duration,
    /// How long a session may exist without being connected to the namespace.
    pub connect_timeout: Duration,
    /// How long a WebSocket may take to finish its upgrade from polling.
    pub upgrade_timeout: Duration,
    /// How long a polling request's body, and each half-sent WebSocket message, may take.
    pub receive_timeout: Duration,
    /// How long the application waits for a client that takes nothing, in [`Socket::ready`].
    ///
    /// [`Socket::ready`]: super::Socket::ready
    pub stall_timeout: Duration,
    /// How long a closing session may take to deliver its last words.
    pub linger: Duration,
    /// Bytes of one message or one polling payload of a client.
    pub max_payload: usize,
    /// Events of one client that wait for their handler; beyond, nothing more is read from it.
    pub max_inbound: usize,
    /// Packets that wait to be sent to one client.
    pub max_queued: usize,
    /// Bytes of the packets that wait to be sent to one client.
    pub max_queued_bytes: usize,
    /// Sessions in all.
    pub max_sessions: usize,
    /// Sessions from one address (an IPv6 /64 counts as one).
    pub max_sessions_per_address: u32,
    /// Sessions that one address may open per second, on average.
    pub handshakes_per_second: f64,
    /// Sessions that one address may open at once before the average counts.
    pub handshake_burst: f64,
    /// Which web pages may connect.
    pub origins: Origins,
    /// For Engine.IO's own test suite: every message is sent back as it is, no Socket.IO on top.
    #[doc(hidden)]
    pub engine_echo: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            connect_timeout: Duration::from_secs(10),
            upgrade_timeout: Duration::from_secs(10),
            receive_timeout: Duration::from_secs(8),
            stall_timeout: Duration::from_secs(15),
            linger: Duration::from_secs(5),
            max_payload: 16 * 1024,
            max_inbound: 32,
            max_queued: 256,
            max_queued_bytes: 256 * 1024,
            max_sessions: 20_000,
            max_sessions_per_address: 1_000,
            handshakes_per_second: 50.0,
            handshake_burst: 500.0,
            origins: Origins::default(),
            engine_echo: false,
        }
    }
}

impl Config {
    /// How often deadlines are looked at; they are kept to this precision.
    pub(crate) fn sweep_interval(&self) -> Duration {
        let shortest = self
            .ping_interval
            .min(self.ping_timeout)
            .min(self.connect_timeout);
        (shortest / 20).clamp(Duration::from_millis(5), Duration::from_secs(1))
    }
}

/// Which web pages may connect: those of this very host, and those listed. A request without an
/// `Origin` comes from no browser page and is let through.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    listed: Vec<String>,
}

impl Origins {
    /// Lets in pages of these origins (`https://example.org`, no path) as well.
    pub fn also(listed: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            listed: listed.into_iter().map(Into::into).collect(),
        }
    }

    /// How a request with this `Origin` and this `Host` is to be taken.
    pub(crate) fn judge(&self, origin: Option<&str>, host: Option<&str>) -> Verdict {
        let Some(origin) = origin else {
            return Verdict::Same;
        };
        let authority = origin.split_once("://").map(|(_, authority)| authority);
        if authority.is_some() && authority == host {
            return Verdict::Same;
        }
        if self.listed.iter().any(|listed| listed == origin) {
            Verdict::Listed
        } else {
            Verdict::Foreign
        }
    }
}

/// What [`Origins::judge`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// This host's own page, or no page at all.
    Same,
    /// Another page, which is allowed: it needs CORS headers.
    Listed,
    /// Another page.
    Foreign,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_host_and_the_listed_origins_may_connect() {
        let origins = Origins::also(["https://embed.example"]);
        let judge = |origin, host| origins.judge(origin, Some(host));
        assert_eq!(judge(None, "a.example"), Verdict::Same);
        assert_eq!(judge(Some("https://a.example"), "a.example"), Verdict::Same);
        assert_eq!(
            judge(Some("http://a.example:8080"), "a.example:8080"),
            Verdict::Same
        );
        assert_eq!(
            judge(Some("http://a.example:8081"), "a.example:8080"),
            Verdict::Foreign
        );
        assert_eq!(
            judge(Some("https://embed.example"), "a.example"),
            Verdict::Listed
        );
        assert_eq!(
            judge(Some("https://evil.example"), "a.example"),
            Verdict::Foreign
        );
        assert_eq!(judge(Some("null"), "null"), Verdict::Foreign);
        assert_eq!(origins.judge(Some("null"), None), Verdict::Foreign);
    }
}
