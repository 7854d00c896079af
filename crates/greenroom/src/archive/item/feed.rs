//! The feed and who reads it.

use greenroom_domain::chat::Seq;
use greenroom_domain::shared::archive::BoxError;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::event::Event;
use greenroom_domain::shared::feed::{FeedPosition, FeedRecord, LineRange};
use greenroom_domain::shared::id::ChannelId;
use serde::{Deserialize, Serialize};

/// The longest name of a consumer, in bytes.
const LONGEST_NAME: usize = 64;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::archive) struct FeedRecordEntry {
    position: u64,
    /// The newest moment that it speaks of.
    at: Timestamp,
    lines: Vec<RangeEntry>,
    events: Vec<Event>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RangeEntry {
    room: ChannelId,
    first: Seq,
    last: Seq,
}

impl From<(Timestamp, FeedRecord)> for FeedRecordEntry {
    fn from((at, record): (Timestamp, FeedRecord)) -> Self {
        let range = |LineRange { room, first, last }| RangeEntry { room, first, last };
        Self {
            position: record.position.0,
            at,
            lines: record.lines.into_iter().map(range).collect(),
            events: record.events,
        }
    }
}

impl FeedRecordEntry {
    pub(super) fn parse(self) -> (Timestamp, FeedRecord) {
        let range = |RangeEntry { room, first, last }| LineRange { room, first, last };
        let record = FeedRecord {
            position: FeedPosition(self.position),
            events: self.events,
            lines: self.lines.into_iter().map(range).collect(),
        };
        (self.at, record)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::archive) struct CursorEntry {
    consumer: String,
    position: u64,
}

impl From<(String, FeedPosition)> for CursorEntry {
    fn from((consumer, at): (String, FeedPosition)) -> Self {
        Self {
            consumer,
            position: at.0,
        }
    }
}

impl CursorEntry {
    pub(super) fn parse(self) -> Result<(String, FeedPosition), BoxError> {
        let fits = (1..=LONGEST_NAME).contains(&self.consumer.len());
        if !fits || !self.consumer.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("no consumer of the feed has such a name".into());
        }
        Ok((self.consumer, FeedPosition(self.position)))
    }
}
