//! In whose words a client wants to be spoken to, and by which rules it posts.

use greenroom_domain::chat::{ChatRate, PostTerms};
use http::StatusCode;

use super::Problem;
use crate::{Dialect, WebConfig};

/// In whose words a connection is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speech {
    Ours,
    Of(Document),
}

/// Whose document describes the events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Document {
    HarmonieCore,
    PawfectMatch,
}

impl Speech {
    /// By the handshake's `dialect`, or else as the operator chose. A client that names a stream
    /// in its handshake, as only `PawfectMatch`'s do, is one of theirs where those are served.
    pub(super) fn of(
        config: &WebConfig,
        dialect: Option<&str>,
        names_stream: bool,
    ) -> Result<Self, Problem> {
        let wanted = match dialect {
            Some("greenroom") => return Ok(Self::Ours),
            Some("harmoniecore") => Some(Dialect::HarmonieCore),
            Some("pawfectmatch") => Some(Dialect::PawfectMatch),
            Some(_) => return Err(unknown()),
            None if names_stream && config.dialects.contains(&Dialect::PawfectMatch) => {
                Some(Dialect::PawfectMatch)
            }
            None => config.socketio_dialect,
        };
        let Some(wanted) = wanted else {
            return Ok(Self::Ours);
        };
        match wanted {
            _ if !config.dialects.contains(&wanted) => Err(unknown()),
            Dialect::HarmonieCore => Ok(Self::Of(Document::HarmonieCore)),
            Dialect::PawfectMatch => Ok(Self::Of(Document::PawfectMatch)),
            // Their documents have no events.
            Dialect::Circle | Dialect::StreamIt => Ok(Self::Ours),
        }
    }

    /// Where its words stand in the vocabulary.
    pub(super) const fn column(self) -> usize {
        match self {
            Self::Ours => 0,
            Self::Of(Document::HarmonieCore) => 1,
            Self::Of(Document::PawfectMatch) => 2,
        }
    }

    /// How long messages may be and how fast they may come, where a document says so.
    pub(super) fn terms(self) -> Option<PostTerms> {
        match self {
            Self::Ours => None,
            Self::Of(Document::HarmonieCore) => Some(PostTerms {
                max_length: 500,
                rate: ChatRate::Strict,
            }),
            Self::Of(Document::PawfectMatch) => Some(PostTerms {
                max_length: 1000,
                rate: ChatRate::Standard,
            }),
        }
    }
}

fn unknown() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "UNKNOWN_DIALECT",
        "this dialect is not served here",
    )
    .with("field", "dialect")
}
