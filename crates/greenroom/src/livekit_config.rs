//! LiveKit as the media engine: its part of the configuration.

use std::time::Duration;

use greenroom_adapters_livekit::{Options, OptionsError};
use serde::Deserialize;

use crate::ConfigError;

/// Where LiveKit is.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "REFERENCE says what each key means, in one place"
)]
pub struct LiveKitConfig {
    pub url: String,
    pub public_url: String,
    pub api_key: String,
    pub api_secret: String,
}

impl LiveKitConfig {
    /// What the engine is told, when an encoder may be away for so long.
    pub(crate) fn options(&self, grace: Duration) -> Result<Options, ConfigError> {
        let wrong = |key: &'static str| {
            move |error: OptionsError| ConfigError::Value {
                key: match error {
                    OptionsError::NoKey => "livekit.api_key",
                    OptionsError::Url => key,
                },
                problem: error.to_string(),
            }
        };
        let options = Options::new(&self.url, &self.api_key, &self.api_secret);
        let mut options = options.map_err(wrong("livekit.url"))?.grace(grace);
        if !self.public_url.is_empty() {
            options = options
                .public_url(&self.public_url)
                .map_err(wrong("livekit.public_url"))?;
        }
        Ok(options)
    }
}

impl std::fmt::Debug for LiveKitConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LiveKitConfig")
            .field("url", &self.url)
            .field("public_url", &self.public_url)
            .finish_non_exhaustive()
    }
}
