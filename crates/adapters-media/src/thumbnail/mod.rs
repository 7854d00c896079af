//! A frame of each stream on air as a picture for lists, made by `ffmpeg` where it is there.
//!
//! One child at a time makes them for all channels, from what the bus holds anyway: the init
//! segment and the key frame that begins the newest whole segment. With more channels than it
//! can do in a period, each has its turn later.

mod ffmpeg;

use std::ffi::OsString;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::bus::{Channels, StreamBus};
use ffmpeg::FfmpegError;

/// How thumbnails are made.
#[derive(Debug, Clone)]
pub struct ThumbnailConfig {
    /// The program: a path, or a name on the `PATH`. Without it there are none.
    pub ffmpeg: OsString,
    /// How old a stream's picture becomes before there is another.
    pub every: Duration,
}

impl Default for ThumbnailConfig {
    fn default() -> Self {
        Self {
            ffmpeg: "ffmpeg".into(),
            every: Duration::from_secs(30),
        }
    }
}

/// A stream's picture.
#[derive(Clone, PartialEq, Eq)]
pub struct Thumbnail {
    /// Rises with every picture of a channel, over restarts too.
    pub version: u64,
    /// JPEG, 640 pixels wide.
    pub jpeg: Bytes,
}

impl std::fmt::Debug for Thumbnail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Thumbnail({}, {} bytes)", self.version, self.jpeg.len())
    }
}

/// What a picture is made of.
#[derive(Debug, Clone)]
pub(crate) struct Still {
    /// The number of its segment.
    pub(crate) number: u64,
    pub(crate) init: Bytes,
    /// Begins with a key frame.
    pub(crate) part: Bytes,
}

/// How often it is looked whether a stream's turn has come.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Makes them until shutdown, or for as long as there is a program to do it.
pub(crate) async fn run(
    channels: &Channels,
    config: &ThumbnailConfig,
    shutdown: &CancellationToken,
) {
    let making = async {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            for (bus, still) in due(channels, config.every) {
                match ffmpeg::jpeg(&config.ffmpeg, &still).await {
                    Ok(jpeg) => bus.set_thumbnail(Thumbnail {
                        version: still.number,
                        jpeg,
                    }),
                    Err(FfmpegError::Start(error)) if error.kind() == io::ErrorKind::NotFound => {
                        tracing::info!("there is no ffmpeg: streams are shown without thumbnails");
                        return;
                    }
                    Err(error) => tracing::debug!(
                        error = &error as &dyn std::error::Error,
                        "no thumbnail was made of a stream"
                    ),
                }
            }
        }
    };
    shutdown.run_until_cancelled(making).await;
}

/// The streams whose turn has come, those first that have waited longest. Each is only asked
/// again after a period, whatever becomes of it.
fn due(channels: &Channels, every: Duration) -> Vec<(Arc<StreamBus>, Still)> {
    let now = Instant::now();
    let mut due: Vec<_> = channels
        .all()
        .into_iter()
        .map(|bus| (bus.thumbnail_tried_at(), bus))
        .filter(|(tried, _)| tried.is_none_or(|at| now.duration_since(at) >= every))
        .collect();
    due.sort_by_key(|(tried, _)| *tried);
    due.into_iter()
        .filter_map(|(_, bus)| {
            let still = bus.still()?;
            bus.thumbnail_tried(now);
            Some((bus, still))
        })
        .collect()
}
