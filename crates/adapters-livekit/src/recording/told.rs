//! What LiveKit tells of an egress.

use std::time::Duration;

use greenroom_domain::recording::{FileFormat, RecordedFile, RecordingFailure, RecordingProgress};
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::RecordingId;
use livekit_protocol::egress_info::Request;
use livekit_protocol::output::Config;
use livekit_protocol::{EgressInfo, EgressStatus, FileInfo};

use super::RecordingOptions;

/// How far which recording is; `None` of an egress that is none of ours.
pub(crate) fn read(
    options: &RecordingOptions,
    egress: &EgressInfo,
) -> Option<(RecordingId, RecordingProgress)> {
    let recording = recording_of(options, egress)?;
    let progress = progress_of(egress);
    if matches!(egress.status(), EgressStatus::EgressFailed) {
        // Its own words are for us alone.
        tracing::warn!(
            %recording,
            egress = egress.egress_id,
            said = ?options.redact(&egress.error),
            "a recording has failed"
        );
    }
    Some((recording, progress))
}

/// Which recording an egress makes: its file says so, from when it was asked for.
pub(super) fn recording_of(options: &RecordingOptions, egress: &EgressInfo) -> Option<RecordingId> {
    let asked = match &egress.request {
        Some(Request::Egress(request)) => request.outputs.as_slice(),
        _ => return None,
    };
    asked.iter().find_map(|output| match &output.config {
        Some(Config::File(file)) => options.recording_at(&file.filepath),
        _ => None,
    })
}

/// Whether an egress is among who is in its room, unless it is dead.
pub(super) fn is_in_its_room(egress: &EgressInfo) -> bool {
    let status = egress.status();
    matches!(
        status,
        EgressStatus::EgressStarting | EgressStatus::EgressActive
    )
}

/// How far an egress is.
fn progress_of(egress: &EgressInfo) -> RecordingProgress {
    let file = egress.file_results.first();
    match egress.status() {
        EgressStatus::EgressStarting => RecordingProgress::Starting,
        EgressStatus::EgressActive => RecordingProgress::Recording {
            since: file.map_or_else(|| moment(egress.updated_at), |file| began(file, egress)),
        },
        EgressStatus::EgressEnding => RecordingProgress::Processing,
        // Of one that failed or was given up, what it had is there all the same once it has a
        // size: that is known when the file has been closed and put in its place.
        ended => match file.filter(|file| file.size > 0) {
            Some(file) => RecordingProgress::Available(RecordedFile {
                location: location_of(file, egress),
                format: FileFormat::Mp4,
                size: file.size.unsigned_abs(),
                started_at: began(file, egress),
                duration: Duration::from_nanos(u64::try_from(file.duration).unwrap_or(0)),
                limit_reached: ended == EgressStatus::EgressLimitReached,
            }),
            None if ended == EgressStatus::EgressAborted => {
                RecordingProgress::Failed(RecordingFailure::Aborted)
            }
            None => RecordingProgress::Failed(RecordingFailure::Recorder),
        },
    }
}

/// Its path or key. Only the other place, for what could not be put in its own, has an address
/// alone; any other address may have a signature.
fn location_of(file: &FileInfo, egress: &EgressInfo) -> String {
    if egress.backup_storage_used {
        file.location.clone()
    } else {
        file.filename.clone()
    }
}

fn began(file: &FileInfo, egress: &EgressInfo) -> Timestamp {
    match file.started_at {
        0 => moment(egress.started_at),
        nanoseconds => moment(nanoseconds),
    }
}

/// Of nanoseconds since 1970.
fn moment(nanoseconds: i64) -> Timestamp {
    Timestamp::from_micros(nanoseconds.div_euclid(1000))
}
