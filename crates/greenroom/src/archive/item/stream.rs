//! Streams and what was counted of them.

use greenroom_domain::channel::{Category, ChannelTitle};
use greenroom_domain::shared::archive::BoxError;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::{ChannelId, NodeId, StreamId, StreamKeyId};
use greenroom_domain::shared::store::Stored;
use greenroom_domain::stream::{
    EndReason, Generation, Ingest, Publisher, Stream, StreamCounts, StreamState,
};
use serde::{Deserialize, Serialize};

use super::stored;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::archive) struct StreamEntry {
    version: u64,
    id: StreamId,
    channel: ChannelId,
    title: ChannelTitle,
    category: Option<Category>,
    generation: Generation,
    state: StateEntry,
    created_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StateEntry {
    Pending,
    Live {
        started_at: Timestamp,
        ingest: IngestEntry,
    },
    Ended {
        started_at: Timestamp,
        ended_at: Timestamp,
        reason: EndReason,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum IngestEntry {
    Awaiting {
        until: Timestamp,
    },
    Publishing {
        node: NodeId,
        key: StreamKeyId,
        since: Timestamp,
    },
    Interrupted {
        key: StreamKeyId,
        since: Timestamp,
        until: Timestamp,
    },
}

impl From<Stored<Stream>> for StreamEntry {
    fn from(stream: Stored<Stream>) -> Self {
        let Stored { value, version } = stream;
        Self {
            version: version.0,
            id: value.id,
            channel: value.channel,
            title: value.title,
            category: value.category,
            generation: value.generation,
            state: match value.state {
                StreamState::Pending => StateEntry::Pending,
                StreamState::Live { started_at, ingest } => StateEntry::Live {
                    started_at,
                    ingest: ingest.into(),
                },
                StreamState::Ended {
                    started_at,
                    ended_at,
                    reason,
                } => StateEntry::Ended {
                    started_at,
                    ended_at,
                    reason,
                },
            },
            created_at: value.created_at,
        }
    }
}

impl StreamEntry {
    pub(super) fn parse(self) -> Result<Stored<Stream>, BoxError> {
        let stream = Stream {
            id: self.id,
            channel: self.channel,
            title: self.title,
            category: self.category,
            generation: self.generation,
            state: match self.state {
                StateEntry::Pending => StreamState::Pending,
                StateEntry::Live { started_at, ingest } => StreamState::Live {
                    started_at,
                    ingest: ingest.into(),
                },
                StateEntry::Ended {
                    started_at,
                    ended_at,
                    reason,
                } => StreamState::Ended {
                    started_at,
                    ended_at,
                    reason,
                },
            },
            created_at: self.created_at,
        };
        stored(stream, self.version)
    }
}

impl From<Ingest> for IngestEntry {
    fn from(ingest: Ingest) -> Self {
        match ingest {
            Ingest::Awaiting { until } => Self::Awaiting { until },
            Ingest::Publishing(Publisher { node, key, since }) => {
                Self::Publishing { node, key, since }
            }
            Ingest::Interrupted { key, since, until } => Self::Interrupted { key, since, until },
        }
    }
}

impl From<IngestEntry> for Ingest {
    fn from(ingest: IngestEntry) -> Self {
        match ingest {
            IngestEntry::Awaiting { until } => Self::Awaiting { until },
            IngestEntry::Publishing { node, key, since } => {
                Self::Publishing(Publisher { node, key, since })
            }
            IngestEntry::Interrupted { key, since, until } => {
                Self::Interrupted { key, since, until }
            }
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::archive) struct CountsEntry {
    stream: StreamId,
    views: u64,
    peak: u64,
    messages: u64,
}

impl From<(StreamId, StreamCounts)> for CountsEntry {
    fn from((stream, counts): (StreamId, StreamCounts)) -> Self {
        let StreamCounts {
            views,
            peak,
            messages,
        } = counts;
        Self {
            stream,
            views,
            peak,
            messages,
        }
    }
}

impl CountsEntry {
    pub(super) fn parse(self) -> (StreamId, StreamCounts) {
        let counts = StreamCounts {
            views: self.views,
            peak: self.peak,
            messages: self.messages,
        };
        (self.stream, counts)
    }
}
