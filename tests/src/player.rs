//! A real player in a headless Chromium: hls.js, dash.js, or the browser's own.

use std::process::ExitStatus;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::node::Node;

/// A page that plays one address; dropping it closes the browser.
#[derive(Debug)]
pub struct Player {
    node: Node,
}

/// What the page showed at one moment; the script takes one each 250 ms.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The element's position in seconds.
    pub current_time: f64,
    /// Pictures decoded so far.
    pub decoded_frames: u64,
    /// Bytes of sound decoded so far.
    pub decoded_audio_bytes: u64,
    /// `playing`, `waiting`, `paused`, `ended`, `error`.
    pub state: String,
    /// Errors since the sample before; each has `fatal`.
    pub errors: Vec<Value>,
    /// Everything the script told, with what only one of the players knows.
    pub all: Value,
}

impl Player {
    /// hls.js on the multivariant playlist at `url`.
    #[must_use]
    pub fn hls(url: &str) -> Self {
        Self::start("hls-player.mjs", url, &Value::Null)
    }

    /// hls.js with its own configuration, as `{"lowLatencyMode": true}`.
    #[must_use]
    pub fn hls_with(url: &str, config: &Value) -> Self {
        Self::start("hls-player.mjs", url, config)
    }

    /// dash.js on the MPD at `url`.
    #[must_use]
    pub fn dash(url: &str) -> Self {
        Self::start("dash-player.mjs", url, &Value::Null)
    }

    /// Chromium's own HLS player.
    #[must_use]
    pub fn native(url: &str) -> Self {
        Self::start("native-player.mjs", url, &Value::Null)
    }

    fn start(script: &str, url: &str, config: &Value) -> Self {
        let config = if config.is_null() {
            "{}".to_owned()
        } else {
            config.to_string()
        };
        let node = Node::run(script, &[("MEDIA_URL", url), ("PLAYER_CONFIG", &config)]);
        Self { node }
    }

    /// Watches until a sample is what `wanted` looks for; panics after `limit` with `what`.
    pub async fn until(
        &mut self,
        what: &str,
        limit: Duration,
        mut wanted: impl FnMut(&Sample) -> bool,
    ) -> Sample {
        let found = |line: &Value| Sample::read(line).filter(|sample| wanted(sample));
        self.node.until(what, limit, found).await
    }

    /// Watches until `length` of the stream went by since the next sample, and fails on a
    /// fatal error or when that is not done after `limit`. Gives the last sample.
    pub async fn plays_for(&mut self, length: Duration, limit: Duration) -> Sample {
        let mut first: Option<f64> = None;
        let what = format!("it plays for {length:?}");
        self.until(&what, limit, |sample| {
            assert!(
                !sample.has_fatal_error(),
                "the player gave up: {:?}",
                sample.errors
            );
            let first = *first.get_or_insert(sample.current_time);
            sample.current_time - first >= length.as_secs_f64()
        })
        .await
    }

    /// Every sample of the next `length`.
    pub async fn samples_for(&mut self, length: Duration) -> Vec<Sample> {
        let start = Instant::now();
        let mut samples = Vec::new();
        while let Some(left) = length.checked_sub(start.elapsed()) {
            let Some(line) = self.node.next(left).await else {
                break;
            };
            samples.extend(Sample::read(&line));
        }
        samples
    }

    /// Closes the page and the browser.
    pub async fn close(self) -> ExitStatus {
        self.node.close().await
    }
}

impl Sample {
    /// Whether the player gave up.
    #[must_use]
    pub fn has_fatal_error(&self) -> bool {
        self.state == "error" || self.errors.iter().any(|error| error["fatal"] == true)
    }

    fn read(line: &Value) -> Option<Self> {
        assert!(
            line["type"] != "failed",
            "the player can't run: {}",
            line["message"]
        );
        if line["type"] != "sample" {
            return None;
        }
        Some(Self {
            current_time: line["currentTime"].as_f64()?,
            decoded_frames: line["decodedFrames"].as_u64()?,
            decoded_audio_bytes: line["decodedAudioBytes"].as_u64().unwrap_or_default(),
            state: line["state"].as_str()?.to_owned(),
            errors: line["errors"].as_array().cloned().unwrap_or_default(),
            all: line.clone(),
        })
    }
}
