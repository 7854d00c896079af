//! What the documents have and this server has not yet: each is refused here, and plugged in
//! here once it exists.

use http::StatusCode;

use crate::problem::Problem;

/// A room at `LiveKit`: its tokens, and the webhooks that it calls.
pub(super) fn livekit() -> Problem {
    Problem::new(
        StatusCode::NOT_IMPLEMENTED,
        "LIVEKIT_NOT_CONFIGURED",
        "this server works without LiveKit; the playback address plays the stream",
    )
}

/// Publishing by WHIP (RFC 9725).
pub(super) fn whip() -> Problem {
    Problem::new(
        StatusCode::NOT_IMPLEMENTED,
        "WHIP_NOT_AVAILABLE",
        "this server takes RTMP, and no WHIP yet",
    )
}

/// To play recordings, and to delete them.
pub(super) fn recordings() -> Problem {
    Problem::new(
        StatusCode::NOT_IMPLEMENTED,
        "RECORDINGS_NOT_AVAILABLE",
        "this server does not play recordings yet, nor delete them",
    )
}

/// Publishing by RTMP.
pub(super) fn rtmp() -> Problem {
    Problem::new(
        StatusCode::NOT_IMPLEMENTED,
        "RTMP_NOT_AVAILABLE",
        "this server has no door for encoders",
    )
}
