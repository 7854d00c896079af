//! What an operator chooses of the web.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use greenroom_domain::media::MediaWebhooks;
use greenroom_domain::shared::rate::Quota;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::ops::Meters;

/// What an operator chooses of the web. The defaults suit a server that is reached directly.
#[derive(Clone)]
pub struct WebConfig {
    /// Where the outside reaches this server, the path that it is nested below included, without
    /// a slash at the end (`https://live.example.org`, `https://example.org/live`). Without it, addresses are given as paths.
    pub public_url: Option<String>,
    /// The outside reaches this server by TLS, where no public URL says whether it does.
    pub over_tls: bool,
    /// Origins whose pages may use the API with credentials (`https://example.org`), besides
    /// this server's own.
    pub cors_origins: Vec<String>,
    /// Sites whose pages may show `/embed/<handle>` in a frame, besides this server's own.
    pub embed_hosts: Vec<Site>,
    /// Where else than from this server the interface may load media from: a CDN, say.
    pub media_origins: Vec<Site>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// Whether cookies are marked `Secure`; by the public URL when not said.
    pub secure_cookies: Option<bool>,
    /// Whether GraphQL is served at `/graphql`. A program that merges its roots into a schema of
    /// its own serves that itself.
    pub graphql: bool,
    /// Whether GraphQL tells anybody its whole schema.
    pub introspection: bool,
    /// Other platforms' interfaces that are served besides; none if not said.
    pub dialects: BTreeSet<Dialect>,
    /// In which of them Socket.IO speaks to clients that do not say what they want.
    pub socketio_dialect: Option<Dialect>,
    /// The issuer of the host platform's tokens: whose subjects the dialects' user ids are. That
    /// of whoever asks when not said.
    pub host_issuer: Option<String>,
    /// How often one address may ask the API.
    pub quota: Quota,
    /// The largest body that the API reads, in bytes.
    pub body_limit: usize,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
    /// How long the API may take to answer.
    pub request_timeout: Duration,
    /// Takes what a media server that runs elsewhere posts to
    /// `/api/v1/webhooks/livekit`; nobody does if not said.
    pub media_webhooks: Option<Arc<dyn MediaWebhooks>>,
    /// Why the server is not ready, where the store's answering is not all there is to it: no
    /// space on the disk, say.
    pub not_ready: Option<NotReady>,
    /// More lines for `/metrics`, in the Prometheus text format.
    pub more_metrics: Option<MoreMetrics>,
    /// What the web counts; clones count together.
    pub meters: Arc<Meters>,
    /// Once it is cancelled, real-time connections are closed and nothing goes on behind them.
    pub shutdown: CancellationToken,
    /// What goes on behind the routes: to be waited for after the shutdown.
    pub tasks: TaskTracker,
}

/// Another platform's interface, as its document describes it: its clients move over unchanged.
/// `docs/api-map.md` says what each endpoint is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// Circle: REST below `/api/livestream`.
    Circle,
    /// `HarmonieCORE`: REST below `/api/streams` and `/api/recordings`, and Socket.IO.
    HarmonieCore,
    /// `PawfectMatch`: REST below `/api/live`, and Socket.IO.
    PawfectMatch,
    /// `StreamIt`: REST below `/api/stream` and `/api/viewer`.
    StreamIt,
}

/// Answers with a reason when the server is not ready.
pub type NotReady = Arc<dyn Fn() -> Option<&'static str> + Send + Sync>;

/// Renders metrics that are kept elsewhere.
pub type MoreMetrics = Arc<dyn Fn() -> String + Send + Sync>;

impl Default for WebConfig {
    fn default() -> Self {
        Self {
            public_url: None,
            over_tls: false,
            cors_origins: Vec::new(),
            embed_hosts: Vec::new(),
            media_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            secure_cookies: None,
            graphql: true,
            introspection: true,
            dialects: BTreeSet::new(),
            socketio_dialect: None,
            host_issuer: None,
            quota: Quota {
                burst: 300,
                per: Duration::from_secs(10),
            },
            body_limit: 64 * 1024,
            body_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            media_webhooks: None,
            not_ready: None,
            more_metrics: None,
            meters: Arc::default(),
            shutdown: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }
    }
}

impl WebConfig {
    /// Whether the outside reaches this server by TLS.
    pub fn is_https(&self) -> bool {
        match &self.public_url {
            Some(url) => url.starts_with("https://"),
            None => self.over_tls,
        }
    }

    pub(crate) fn cookies_are_secure(&self) -> bool {
        self.secure_cookies.unwrap_or_else(|| self.is_https())
    }

    /// The address of a path, as the outside reaches it.
    #[cfg(any(feature = "dialects", feature = "graphql", feature = "rest"))]
    pub(crate) fn url(&self, path: &str) -> String {
        match &self.public_url {
            Some(url) => format!("{}{path}", url.trim_end_matches('/')),
            None => path.to_owned(),
        }
    }

    /// The origin of the public address (RFC 6454, 4): what a browser calls this server.
    pub(crate) fn public_origin(&self) -> Option<&str> {
        let (origin, _) = self.public_parts()?;
        Some(origin)
    }

    /// Below which path this server is reached, without a slash at the end; empty for all of it.
    pub(crate) fn public_path(&self) -> &str {
        let (_, path) = self.public_parts().unwrap_or_default();
        path.trim_end_matches('/')
    }

    fn public_parts(&self) -> Option<(&str, &str)> {
        let url = self.public_url.as_deref()?;
        let host = url.find("://")? + "://".len();
        let end = url[host..].find('/').map_or(url.len(), |end| host + end);
        Some(url.split_at(end))
    }

    /// Whether a page of this origin may act for whoever looks at it: this server's own pages
    /// (RFC 6454, by the host that they were asked from), and those of the listed origins.
    pub(crate) fn is_friendly(&self, origin: &str, host: Option<&str>) -> bool {
        let authority = origin.split_once("://").map(|(_, authority)| authority);
        (authority.is_some() && authority == host)
            || self.public_origin() == Some(origin)
            || self.cors_origins.iter().any(|listed| listed == origin)
    }

    /// Whose request it is: the peer itself, or whom a chain of trusted proxies names.
    pub(crate) fn client(&self, peer: IpAddr, forwarded_for: Option<&str>) -> IpAddr {
        let trusted = |address: IpAddr| self.trusted_proxies.iter().any(|net| net.holds(address));
        let mut client = peer.to_canonical();
        // Each proxy appends whom it was asked by: believed from the right, as far as trusted.
        let mut named = forwarded_for.unwrap_or_default().rsplit(',');
        while trusted(client) {
            match named
                .next()
                .and_then(|name| name.trim().parse::<IpAddr>().ok())
            {
                Some(next) => client = next.to_canonical(),
                None => break,
            }
        }
        client
    }
}

/// A range of addresses in CIDR notation (RFC 4632): `10.0.0.0/8`, `::1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u32,
}

impl Network {
    /// Whether the address is in the range.
    pub fn holds(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(net), IpAddr::V4(is)) => {
                let differing = net.to_bits() ^ is.to_bits();
                differing.leading_zeros() >= self.prefix
            }
            (IpAddr::V6(net), IpAddr::V6(is)) => {
                let differing = net.to_bits() ^ is.to_bits();
                differing.leading_zeros() >= self.prefix
            }
            _ => false,
        }
    }
}

/// The text is no range of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an address or a range such as '10.0.0.0/8' is expected")]
pub struct MalformedNetwork;

impl FromStr for Network {
    type Err = MalformedNetwork;

    fn from_str(text: &str) -> Result<Self, MalformedNetwork> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| MalformedNetwork)?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(prefix) => prefix.parse().map_err(|_| MalformedNetwork)?,
            None => longest,
        };
        if prefix > longest {
            return Err(MalformedNetwork);
        }
        Ok(Self { address, prefix })
    }
}

/// A site, as a Content Security Policy names it (CSP 3, 2.3.1): `https://example.org`,
/// `https://*.example.org:8443`, `example.org`, or `*` for any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site(String);

impl Site {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text names no site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a site such as 'https://example.org' or '*.example.org' is expected, without a path")]
pub struct MalformedSite;

impl FromStr for Site {
    type Err = MalformedSite;

    fn from_str(text: &str) -> Result<Self, MalformedSite> {
        let host = match text.split_once("://") {
            Some(("http" | "https" | "ws" | "wss", host)) => host,
            Some(_) => return Err(MalformedSite),
            None => text,
        };
        // Nothing that would end the source, or the directive, and begin another.
        let fits = host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-*:[]".contains(&byte));
        if host.is_empty() || !fits {
            return Err(MalformedSite);
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn behind(proxies: &[&str]) -> WebConfig {
        WebConfig {
            trusted_proxies: proxies.iter().map(|net| net.parse().unwrap()).collect(),
            ..WebConfig::default()
        }
    }

    fn client(config: &WebConfig, peer: &str, forwarded: &str) -> String {
        config
            .client(peer.parse().unwrap(), Some(forwarded))
            .to_string()
    }

    #[test]
    fn a_forwarded_address_is_believed_from_a_trusted_proxy_only() {
        let direct = behind(&[]);
        assert_eq!(client(&direct, "203.0.113.9", "10.1.1.1"), "203.0.113.9");
        let proxied = behind(&["10.0.0.0/8", "::1"]);
        assert_eq!(client(&proxied, "10.0.0.1", "198.51.100.7"), "198.51.100.7");
        assert_eq!(client(&proxied, "::1", "198.51.100.7"), "198.51.100.7");
        assert_eq!(
            client(&proxied, "203.0.113.9", "198.51.100.7"),
            "203.0.113.9"
        );
    }

    #[test]
    fn what_the_client_itself_claims_is_not_believed() {
        let proxied = behind(&["10.0.0.0/8"]);
        assert_eq!(
            client(&proxied, "10.0.0.1", "127.0.0.1, 198.51.100.7, 10.0.0.2"),
            "198.51.100.7"
        );
        assert_eq!(client(&proxied, "10.0.0.1", "nonsense"), "10.0.0.1");
    }

    #[test]
    fn ranges_that_cannot_be_are_refused() {
        for text in ["", "10.0.0.0/33", "::1/129", "a.example", "10.0.0.0/x"] {
            assert_eq!(text.parse::<Network>(), Err(MalformedNetwork), "{text}");
        }
    }

    #[test]
    fn a_site_cannot_say_more_than_its_name() {
        for text in [
            "*",
            "example.org",
            "https://*.example.org:8443",
            "http://[::1]:80",
        ] {
            assert_eq!(text.parse::<Site>().unwrap().as_str(), text);
        }
        for text in [
            "",
            "https://",
            "https://a.example/path",
            "javascript://x",
            "'unsafe-inline'",
            "a.example b.example",
            "a.example; script-src *",
            "a.example\r\nx: y",
        ] {
            assert_eq!(text.parse::<Site>(), Err(MalformedSite), "{text}");
        }
    }

    #[test]
    fn the_public_address_has_an_origin_and_a_path() {
        for (url, origin, path) in [
            ("https://live.example", "https://live.example", ""),
            ("https://live.example/", "https://live.example", ""),
            ("http://a.example:81/live/", "http://a.example:81", "/live"),
        ] {
            let config = WebConfig {
                public_url: Some(url.to_owned()),
                ..WebConfig::default()
            };
            assert_eq!(config.public_origin(), Some(origin));
            assert_eq!(config.public_path(), path);
        }
        assert_eq!(WebConfig::default().public_origin(), None);
        assert_eq!(WebConfig::default().public_path(), "");
    }

    #[test]
    fn own_and_listed_pages_are_friendly_and_no_others() {
        let config = WebConfig {
            public_url: Some("https://live.example/tv".to_owned()),
            cors_origins: vec!["https://embed.example".to_owned()],
            ..WebConfig::default()
        };
        for origin in [
            "https://live.example",
            "https://embed.example",
            "http://127.0.0.1:8080",
        ] {
            assert!(
                config.is_friendly(origin, Some("127.0.0.1:8080")),
                "{origin}"
            );
        }
        for origin in ["https://evil.example", "null", "http://127.0.0.1:8081", ""] {
            assert!(
                !config.is_friendly(origin, Some("127.0.0.1:8080")),
                "{origin}"
            );
            assert!(!config.is_friendly(origin, None), "{origin}");
        }
    }
}
