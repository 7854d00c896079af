//! Where Redis is.

use std::fmt;

use redis::{ConnectionInfo, IntoConnectionInfo as _};

/// What every key and channel begins with unless told otherwise.
const PREFIX: &str = "greenroom:";

/// Where Redis is, and which part of it is Greenroom's. Shows no password.
#[derive(Clone)]
pub struct RedisOptions {
    pub(crate) connection: ConnectionInfo,
    pub(crate) prefix: String,
}

impl RedisOptions {
    /// Takes `redis://[user:password@]host[:port][/database]`, `rediss://` for TLS, or
    /// `unix:///path`.
    pub fn new(url: &str) -> Result<Self, InvalidUrl> {
        let connection = url.into_connection_info();
        Ok(Self {
            // What it says may hold parts of the URL.
            connection: connection.map_err(|_| InvalidUrl)?,
            prefix: PREFIX.to_owned(),
        })
    }

    /// Begins every key and channel with this: platforms that share a Redis need one each.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }
}

impl fmt::Display for RedisOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.connection.addr().fmt(f)
    }
}

impl fmt::Debug for RedisOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisOptions")
            .field("at", &format_args!("{self}"))
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

/// The text is no address of a Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "this is not the URL of a Redis: redis://[user:password@]host[:port][/database] is expected"
)]
pub struct InvalidUrl;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_shows_a_password() {
        let options = RedisOptions::new("redis://ada:s3cret@example.org:7000/2").expect("a URL");
        assert_eq!(options.to_string(), "example.org:7000");
        assert!(!format!("{options:?}").contains("s3cret"));
        for wrong in [
            "",
            "example.org",
            "http://ada:s3cret@example.org",
            "redis://ada:s3cret@",
        ] {
            let refused = RedisOptions::new(wrong).expect_err(wrong);
            assert!(!format!("{refused:?} {refused}").contains("s3cret"));
        }
    }
}
