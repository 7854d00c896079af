//! Which stream a room's lines belong to. The log alone says so: a stream's slice of it begins
//! with the line that tells of its start and ends with the one that tells of its end.

use greenroom_domain::chat::{Line, LineBody, RoomLog, Seq};
use greenroom_domain::shared::id::{ChannelId, StreamId};
use greenroom_domain::shared::store::StoreError;

use crate::realtime::hub::BATCH;

/// The stream that is on air at a place of a log, for who reads on from there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OnAir(pub(super) Option<StreamId>);

impl OnAir {
    /// Steps over the next line, and says which stream it belongs to.
    pub(super) fn step(&mut self, line: &LineBody) -> Option<StreamId> {
        let of = told_by(line).or(self.0);
        self.0 = match line {
            LineBody::StreamEnded { .. } => None,
            _ => of,
        };
        of
    }

    /// What was on air before these lines, which follow each other, where one of them tells.
    pub(super) fn before(lines: &[Line]) -> Option<Self> {
        lines.iter().find_map(|line| match &line.body {
            LineBody::StreamStarted { .. } => Some(Self(None)),
            body => told_by(body).map(|stream| Self(Some(stream))),
        })
    }

    /// What is on air behind `after`, in a log where it is `at_end` behind `end`.
    pub(super) async fn behind(
        log: &dyn RoomLog,
        room: ChannelId,
        mut after: Seq,
        end: Seq,
        at_end: Self,
    ) -> Result<Self, StoreError> {
        while after < end {
            let left = usize::try_from(end.0 - after.0).unwrap_or(BATCH);
            let lines = log.after(room, after, left.min(BATCH)).await?;
            if let Some(told) = Self::before(&lines) {
                return Ok(told);
            }
            match lines.last() {
                Some(last) => after = last.place.seq,
                None => break,
            }
        }
        Ok(at_end)
    }
}

/// The stream that a line tells of by itself.
fn told_by(line: &LineBody) -> Option<StreamId> {
    match line {
        LineBody::StreamStarted { stream, .. }
        | LineBody::StreamInterrupted { stream }
        | LineBody::StreamResumed { stream }
        | LineBody::StreamEnded { stream, .. } => Some(*stream),
        LineBody::Message(_)
        | LineBody::Deleted { .. }
        | LineBody::Restricted { .. }
        | LineBody::RestrictionLifted { .. }
        | LineBody::SettingsChanged(_)
        | LineBody::Pinned { .. }
        | LineBody::Unpinned { .. }
        | LineBody::RoleChanged { .. }
        | LineBody::ChannelEdited { .. } => None,
    }
}
