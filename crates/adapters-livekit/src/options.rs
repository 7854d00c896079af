//! Where LiveKit is, and how it is used.

use std::fmt;
use std::time::Duration;

use reqwest::Url;

use crate::recording::RecordingOptions;

/// Where LiveKit is, and how it is used.
#[derive(Clone)]
pub struct Options {
    /// Where browsers and encoders connect to: `wss://…`.
    pub(crate) public: Url,
    /// Where this server asks: `https://…`.
    pub(crate) api: Url,
    pub(crate) api_key: String,
    pub(crate) api_secret: String,
    /// How long a call may take.
    pub(crate) patience: Duration,
    /// How long one may take that LiveKit passes on to the egress service. It asks for longer,
    /// when nobody answers.
    pub(crate) recorder_patience: Duration,
    /// How long a seat's token opens the door.
    pub(crate) seat_lifetime: Duration,
    /// How long a room stays in which nobody is any more; longer than an encoder may be away.
    pub(crate) room_kept: Duration,
    /// How often LiveKit's lists are compared with what is known.
    pub(crate) reconcile_every: Duration,
    /// How often the application is told who watches.
    pub(crate) report_every: Duration,
    /// For how long a room that was closed on purpose is not opened by itself.
    pub(crate) held: Duration,
    /// How long an egress may be missing in its room before it is believed dead.
    pub(crate) recorder_missed: Duration,
    /// What recordings are, where there are to be any.
    pub(crate) recording: Option<RecordingOptions>,
}

/// The options cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OptionsError {
    /// Not an address of LiveKit's.
    #[error("a LiveKit address begins with ws://, wss://, http:// or https://")]
    Url,
    /// There is no key or no secret.
    #[error("LiveKit's API key and secret are missing")]
    NoKey,
}

impl Options {
    /// LiveKit at `url`, such as `wss://livekit.example.org`, with a key of its configuration.
    pub fn new(url: &str, api_key: &str, api_secret: &str) -> Result<Self, OptionsError> {
        if api_key.is_empty() || api_secret.is_empty() {
            return Err(OptionsError::NoKey);
        }
        Ok(Self {
            public: with_scheme(url, "wss", "ws")?,
            api: with_scheme(url, "https", "http")?,
            api_key: api_key.to_owned(),
            api_secret: api_secret.to_owned(),
            patience: Duration::from_millis(900),
            recorder_patience: Duration::from_secs(4),
            seat_lifetime: Duration::from_secs(600),
            room_kept: Duration::from_secs(600),
            reconcile_every: Duration::from_secs(15),
            report_every: Duration::from_secs(5),
            held: Duration::from_secs(60),
            recorder_missed: Duration::from_secs(60),
            recording: None,
        })
    }

    /// Another address for browsers and encoders than this server uses itself.
    pub fn public_url(mut self, url: &str) -> Result<Self, OptionsError> {
        self.public = with_scheme(url, "wss", "ws")?;
        Ok(self)
    }

    /// An encoder that dropped may come back for so long: its room waits longer.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.room_kept = Duration::from_secs(600).max(grace * 2);
        self
    }

    /// How often LiveKit's lists are compared with what is known.
    #[must_use]
    pub fn reconcile_every(mut self, period: Duration) -> Self {
        self.reconcile_every = period;
        self
    }

    /// Streams can be recorded, by LiveKit's egress service.
    #[must_use]
    pub fn recording(mut self, recording: RecordingOptions) -> Self {
        self.recording = Some(recording);
        self
    }

    /// How long an egress may be missing in its room before it is believed dead.
    #[must_use]
    pub fn recorder_missed(mut self, time: Duration) -> Self {
        self.recorder_missed = time;
        self
    }

    /// Whether streams can be recorded.
    pub fn records(&self) -> bool {
        self.recording.is_some()
    }

    /// What browsers connect to, as a Content Security Policy names it: the socket, and the page
    /// that tells why a socket was refused.
    pub fn public_origins(&self) -> Vec<String> {
        let host = self.public.host_str().unwrap_or_default();
        let port = self.public.port().map(|port| format!(":{port}"));
        let port = port.unwrap_or_default();
        let page = if self.public.scheme() == "wss" {
            "https"
        } else {
            "http"
        };
        let schemes = [self.public.scheme(), page].into_iter();
        schemes
            .map(|scheme| format!("{scheme}://{host}{port}"))
            .collect()
    }

    pub(crate) fn keys(&self) -> (&str, &str) {
        (&self.api_key, &self.api_secret)
    }

    /// Where WHIP goes to the server itself.
    pub(crate) fn whip(&self) -> String {
        let scheme = match self.public.scheme() {
            "wss" => "https",
            _ => "http",
        };
        let rest = self.public.as_str().split_once("://").unwrap_or_default().1;
        format!("{scheme}://{}/whip/v1", rest.trim_end_matches('/'))
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("public", &self.public.as_str())
            .field("api", &self.api.as_str())
            .finish_non_exhaustive()
    }
}

fn with_scheme(url: &str, secure: &str, plain: &str) -> Result<Url, OptionsError> {
    let (scheme, rest) = url.split_once("://").ok_or(OptionsError::Url)?;
    let scheme = match scheme {
        "wss" | "https" => secure,
        "ws" | "http" => plain,
        _ => return Err(OptionsError::Url),
    };
    Url::parse(&format!("{scheme}://{rest}")).map_err(|_| OptionsError::Url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_serves_calls_browsers_and_whip() {
        for url in ["ws://host:7880", "http://host:7880/"] {
            let options = Options::new(url, "key", "secret").expect("options");
            assert_eq!(options.public.as_str(), "ws://host:7880/");
            assert_eq!(options.api.as_str(), "http://host:7880/");
            assert_eq!(options.whip(), "http://host:7880/whip/v1");
            let origins = ["ws://host:7880", "http://host:7880"];
            assert_eq!(options.public_origins(), origins);
        }
        let options = Options::new("https://inside", "key", "secret").expect("options");
        let options = options.public_url("wss://outside").expect("an address");
        assert_eq!(options.whip(), "https://outside/whip/v1");
        assert!(!format!("{options:?}").contains("secret"));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for url in ["", "host:7880", "ftp://host", "ws://"] {
            let refused = Options::new(url, "key", "secret").map(drop);
            assert_eq!(refused, Err(OptionsError::Url), "{url}");
        }
        let refused = Options::new("ws://host", "key", "").map(drop);
        assert_eq!(refused, Err(OptionsError::NoKey));
    }
}
