//! Recordings.

use std::time::Duration;

use greenroom_domain::recording::{
    FileFormat, RecordedFile, Recording, RecordingOrder, RecordingState,
};
use greenroom_domain::shared::commit::{Changes, Claim, ClaimChange, Holder, StateChange};
use greenroom_domain::shared::id::RecordingId;
use greenroom_domain::shared::store::Version;
use uuid::Uuid;

use super::{channel_id, named, noon_plus, seen, stream_id};

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

/// A channel's nth recording, of its nth stream, asked for `n` seconds after
/// [`NOON`](super::NOON).
pub fn recording(handle: &str, n: u32) -> Recording {
    let created_at = noon_plus(n.into());
    Recording {
        id: recording_id(handle, n),
        channel: channel_id(handle),
        stream: stream_id(handle, n),
        state: RecordingState::Starting {
            until: created_at + Duration::from_secs(60),
        },
        created_at,
    }
}

/// Makes a recording; one that runs takes its stream's one place for it.
pub fn creates_recording(recording: &Recording) -> Changes {
    writes_recording(recording, Version::NEW)
}

/// Writes a recording that was read at this version: it takes its stream's one place while it
/// runs, and gives it back when it does no more.
pub fn writes_recording(recording: &Recording, version: Version) -> Changes {
    let changes = Changes::new().state(StateChange::Recording(seen(recording.clone(), version)));
    let claim = Claim::RecordingOf(recording.stream);
    let holder = Holder::Recording(recording.id);
    changes.claim(if recording.is_running() {
        ClaimChange::Take(claim, holder)
    } else {
        ClaimChange::Release(claim, holder)
    })
}
