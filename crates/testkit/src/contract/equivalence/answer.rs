//! What a commit comes to, so that two can be compared.

use greenroom_domain::chat::{Line, Place, Seq};
use greenroom_domain::shared::commit::{Claim, CommitError, Committed};
use greenroom_domain::shared::once::Reply;

#[derive(Debug, PartialEq)]
pub(super) enum Answer {
    Kept(Vec<Seq>),
    Conflict,
    Taken(Claim),
    PolicyMoved,
    Repeated(Line),
    CursorMoved,
    Answered(Reply),
}

impl Answer {
    pub(super) fn of(result: Result<Committed, CommitError>) -> Self {
        match result {
            Ok(committed) => {
                let places = committed.places.into_iter();
                Self::Kept(places.map(|place| place.seq).collect())
            }
            Err(CommitError::Conflict) => Self::Conflict,
            Err(CommitError::Taken(claim)) => Self::Taken(claim),
            Err(CommitError::PolicyMoved) => Self::PolicyMoved,
            Err(CommitError::Repeated(line)) => Self::Repeated(of_no_epoch(*line)),
            Err(CommitError::CursorMoved) => Self::CursorMoved,
            Err(CommitError::Answered(reply)) => Self::Answered(*reply),
            Err(failed @ (CommitError::Full | CommitError::Store(_))) => {
                panic!("a store that is well takes commits: {failed:?}")
            }
        }
    }
}

/// Every store tells the rooms' history by an epoch of its own.
pub(super) fn of_no_epoch(line: Line) -> Line {
    let place = Place {
        epoch: 0,
        ..line.place
    };
    Line { place, ..line }
}
