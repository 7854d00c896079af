//! LiveKit as the media engine: its part of the configuration.

use std::time::Duration;

use greenroom_adapters_livekit::{
    AudioCodec, Bucket, Options, OptionsError, RecordingOptions, RecordingOptionsError,
};
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
    pub recording: RecordingConfig,
}

/// What recordings are, and where they are put.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "REFERENCE says what each key means, in one place"
)]
pub struct RecordingConfig {
    pub directory: String,
    pub audio: SoundKind,
    pub s3: BucketConfig,
}

/// In what the sound of recordings is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SoundKind {
    /// What every egress service can make.
    Opus,
    /// What older players take, too.
    Aac,
}

/// A bucket, and who may write there.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "REFERENCE says what each key means, in one place"
)]
pub struct BucketConfig {
    pub bucket: String,
    pub region: String,
    pub endpoint: String,
    pub access_key: String,
    pub secret: String,
    pub force_path_style: bool,
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
        if let Some(recording) = self.recording.options()? {
            options = options.recording(recording);
        }
        Ok(options)
    }
}

impl RecordingConfig {
    /// What the recorder is told; nothing where there is to be none.
    fn options(&self) -> Result<Option<RecordingOptions>, ConfigError> {
        let options = if self.s3.is_configured() {
            RecordingOptions::in_bucket(self.s3.bucket(), &self.directory)
        } else if self.directory.is_empty() {
            return Ok(None);
        } else {
            RecordingOptions::in_directory(&self.directory)
        };
        let options = options.map_err(|error| ConfigError::Value {
            key: match error {
                RecordingOptionsError::Directory => "livekit.recording.directory",
                RecordingOptionsError::NoBucket => "livekit.recording.s3.bucket",
                RecordingOptionsError::NoRegion => "livekit.recording.s3.region",
                RecordingOptionsError::Endpoint => "livekit.recording.s3.endpoint",
                RecordingOptionsError::Keys => "livekit.recording.s3.access_key",
            },
            problem: error.to_string(),
        })?;
        Ok(Some(options.audio(match self.audio {
            SoundKind::Opus => AudioCodec::Opus,
            SoundKind::Aac => AudioCodec::Aac,
        })))
    }
}

impl BucketConfig {
    /// Whether anything is said of one.
    fn is_configured(&self) -> bool {
        let said = [&self.bucket, &self.region, &self.endpoint];
        let keys = [&self.access_key, &self.secret];
        said.into_iter().chain(keys).any(|said| !said.is_empty())
    }

    fn bucket(&self) -> Bucket {
        Bucket {
            name: self.bucket.clone(),
            region: self.region.clone(),
            endpoint: self.endpoint.clone(),
            access_key: self.access_key.clone(),
            secret: self.secret.clone(),
            force_path_style: self.force_path_style,
        }
    }
}

impl std::fmt::Debug for BucketConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BucketConfig")
            .field("bucket", &self.bucket)
            .field("region", &self.region)
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for LiveKitConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LiveKitConfig")
            .field("url", &self.url)
            .field("public_url", &self.public_url)
            .field("recording", &self.recording)
            .finish_non_exhaustive()
    }
}
