//! Recordings.

use std::time::Duration;

use greenroom_domain::recording::{FileFormat, RecordedFile, RecordingOrder};
use greenroom_domain::shared::id::RecordingId;
use uuid::Uuid;

use super::{channel_id, named, noon_plus, stream_id};

/// The id of a channel's nth recording. They grow with `n`.
pub fn recording_id(handle: &str, n: u32) -> RecordingId {
    let (_, low) = named("recording", handle).as_u64_pair();
    RecordingId::from_uuid(Uuid::from_u64_pair(u64::from(n), low))
}

/// The order for a channel's nth recording, of its nth stream.
pub fn recording_order(handle: &str, n: u32) -> RecordingOrder {
    RecordingOrder {
        recording: recording_id(handle, n),
        channel: channel_id(handle),
        stream: stream_id(handle, n),
    }
}

/// A minute of a channel's nth recording, from the nth second on.
pub fn recorded_file(handle: &str, n: u32) -> RecordedFile {
    RecordedFile {
        location: format!("recordings/{}.mp4", recording_id(handle, n)),
        format: FileFormat::Mp4,
        size: 15_000_000,
        started_at: noon_plus(n.into()),
        duration: Duration::from_secs(60),
        limit_reached: false,
    }
}
