//! What values cannot be used together, or at all.

use std::time::Duration;

use super::{Config, ConfigError, StoreKind};
use crate::engine::MediaKind;

impl Config {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.media == MediaKind::LiveKit {
            self.livekit.options(Duration::ZERO)?;
        }
        let positive = [
            ("streams.grace_seconds", self.streams.grace_seconds),
            ("streams.no_media_seconds", self.streams.no_media_seconds),
            ("backup.keep", self.backup.keep),
            ("postgres.max_connections", self.postgres.max_connections),
        ];
        for (key, value) in positive {
            if value == 0 {
                return Err(ConfigError::Value {
                    key,
                    problem: "it must be at least 1".to_owned(),
                });
            }
        }
        let is_postgres = self.store == StoreKind::Postgres;
        if is_postgres && self.postgres.url.is_empty() {
            return Err(ConfigError::Value {
                key: "postgres.url",
                problem: "store = \"postgres\" needs it".to_owned(),
            });
        }
        if !is_postgres && !self.redis.url.is_empty() {
            return Err(ConfigError::Value {
                key: "redis.url",
                problem: "several nodes need store = \"postgres\"".to_owned(),
            });
        }
        let tls = [
            ("tls.certificate", &self.tls.certificate),
            ("tls.key", &self.tls.key),
        ];
        if let [Some((key, _)), None] | [None, Some((key, _))] =
            tls.map(|file| Some(file).filter(|(_, file)| file.as_os_str().is_empty()))
        {
            let problem = "a certificate and its key come together".to_owned();
            return Err(ConfigError::Value { key, problem });
        }
        if self.rtmp.tls_address.is_some() && !self.tls.is_configured() {
            return Err(ConfigError::Value {
                key: "rtmp.tls_address",
                problem: "it needs tls.certificate and tls.key".to_owned(),
            });
        }
        let http = &self.http;
        if (http.socketio_dialect).is_some_and(|dialect| !http.dialects.contains(&dialect)) {
            return Err(ConfigError::Value {
                key: "http.socketio_dialect",
                problem: "http.dialects does not name it".to_owned(),
            });
        }
        if !self.public_url.is_empty()
            && !self.public_url.starts_with("http://")
            && !self.public_url.starts_with("https://")
        {
            let problem = "it must begin with http:// or https://".to_owned();
            return Err(ConfigError::Value {
                key: "public_url",
                problem,
            });
        }
        Ok(())
    }
}
