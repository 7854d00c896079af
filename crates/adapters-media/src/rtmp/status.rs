//! What an encoder is told when the server says no.

use super::command::Status;

/// Why publishing is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// No such stream key, or no longer.
    BadName,
    /// Another encoder is publishing with this key.
    Busy,
    /// The stream was ended on purpose, or ingest is locked.
    Rejected,
    /// There is no such application.
    UnknownApp,
    /// The server cannot tell, or is full: come back later.
    Unavailable,
}

impl Refusal {
    pub(super) fn status(self) -> Status {
        match self {
            Self::BadName => {
                Status::error("NetStream.Publish.BadName", "This stream key is not valid.")
            }
            Self::Busy => Status::error(
                "NetStream.Publish.BadName",
                "Another encoder is publishing with this stream key.",
            ),
            Self::Rejected => Status::error(
                "NetStream.Publish.Rejected",
                "Publishing with this stream key is not open at the moment.",
            ),
            Self::UnknownApp => Status::error(
                "NetConnection.Connect.Rejected",
                "There is no such application.",
            ),
            Self::Unavailable => Status::error(
                "NetStream.Failed",
                "The server cannot take the stream at the moment.",
            ),
        }
    }
}

/// Why a running session is ended by the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndReason {
    /// The stream was ended by its owner or an administrator.
    StreamEnded,
    /// The lease was taken back: the stream key was revoked or replaced, or given to another
    /// encoder.
    KeyRevoked,
    /// Another encoder took the stream over.
    TakenOver,
    /// What is sent cannot be packaged.
    UnusableMedia,
    /// The server is going down.
    Shutdown,
}

impl EndReason {
    pub(super) fn status(self) -> Status {
        match self {
            Self::StreamEnded => {
                Status::error("NetStream.Publish.Rejected", "The stream was ended.")
            }
            Self::KeyRevoked => Status::error(
                "NetStream.Publish.BadName",
                "This stream key is no longer valid, or another encoder uses it.",
            ),
            Self::TakenOver => Status::error(
                "NetStream.Publish.BadName",
                "Another encoder took the stream over.",
            ),
            Self::UnusableMedia => Status::error(
                "NetStream.Publish.Rejected",
                "The stream's codecs or settings cannot be served.",
            ),
            Self::Shutdown => Status::error(
                "NetConnection.Connect.AppShutdown",
                "The server is shutting down.",
            ),
        }
    }
}
