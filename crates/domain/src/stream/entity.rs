//! The stream itself: `pending -> live -> ended`.

use std::time::Duration;

use crate::channel::{Category, ChannelTitle};
use crate::shared::clock::Timestamp;
use crate::shared::decision::Decision;
use crate::shared::id::{ChannelId, NodeId, StreamId, StreamKeyId};
use crate::stream::{StreamError, StreamEvent};

/// One broadcast of a channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Stream {
    /// Its id.
    pub id: StreamId,
    /// Whose it is.
    pub channel: ChannelId,
    /// What it is called.
    pub title: ChannelTitle,
    /// What it is about.
    pub category: Option<Category>,
    /// Which publisher is current: every one that comes in gets a higher number, so that an
    /// old one's late words are recognised.
    pub generation: Generation,
    /// How far it is.
    pub state: StreamState,
    /// Since when it is planned.
    pub created_at: Timestamp,
}

/// Numbers the publishers of one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(transparent)
)]
pub struct Generation(pub u64);

/// How far a stream is.
#[derive(Debug, Clone, PartialEq)]
pub enum StreamState {
    /// Created ahead.
    Pending,
    /// On air.
    Live {
        /// Since when.
        started_at: Timestamp,
        /// Where its media comes from.
        ingest: Ingest,
    },
    /// Over, for good.
    Ended {
        /// When it went on air.
        started_at: Timestamp,
        /// When it was over.
        ended_at: Timestamp,
        /// Why.
        reason: EndReason,
    },
}

/// Where a live stream's media comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Ingest {
    /// Started by command; no encoder has come yet.
    Awaiting {
        /// It ends then.
        until: Timestamp,
    },
    /// An encoder publishes.
    Publishing(Publisher),
    /// The encoder has gone, and may come back.
    Interrupted {
        /// The key that it came with.
        key: StreamKeyId,
        /// Since when.
        since: Timestamp,
        /// The stream ends then.
        until: Timestamp,
    },
}

/// Who publishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Publisher {
    /// The node that it is connected to.
    pub node: NodeId,
    /// The key that it came with.
    pub key: StreamKeyId,
    /// Since when.
    pub since: Timestamp,
}

/// Why a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum EndReason {
    /// Its owner ended it.
    OwnerEnded,
    /// An administrator ended it.
    AdminEnded,
    /// The encoder went away and did not come back.
    EncoderGone,
    /// It was started, and no encoder ever came.
    NoMedia,
}

/// Times that an operator may set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamRules {
    /// How long an encoder that dropped may take to come back.
    pub grace: Duration,
    /// How long a stream that was started by command waits for its encoder.
    pub no_media: Duration,
    /// After how long of silence a publisher may be replaced by another.
    pub takeover: Duration,
}

impl Default for StreamRules {
    fn default() -> Self {
        Self {
            grace: Duration::from_secs(30),
            no_media: Duration::from_secs(300),
            takeover: Duration::from_secs(2),
        }
    }
}

/// What it takes to make a stream.
#[derive(Debug, Clone, PartialEq)]
pub struct NewStream {
    /// Its id.
    pub id: StreamId,
    /// Whose.
    pub channel: ChannelId,
    /// Its title.
    pub title: ChannelTitle,
    /// What it is about.
    pub category: Option<Category>,
}

impl Stream {
    /// Plans a stream.
    pub fn create(new: NewStream, now: Timestamp) -> Decision<Self> {
        let NewStream {
            id,
            channel,
            title,
            category,
        } = new;
        let event = StreamEvent::Created {
            stream: id,
            channel,
        };
        let state = StreamState::Pending;
        Decision::changed(
            Self {
                id,
                channel,
                title,
                category,
                generation: Generation(0),
                state,
                created_at: now,
            },
            event,
        )
    }

    /// On air by command, before an encoder has come. Again is no change.
    pub fn go_live(
        self,
        rules: &StreamRules,
        now: Timestamp,
    ) -> Result<Decision<Self>, StreamError> {
        match self.state {
            StreamState::Pending => {
                let ingest = Ingest::Awaiting {
                    until: now + rules.no_media,
                };
                Ok(self.started(ingest, now))
            }
            StreamState::Live { .. } => Ok(Decision::unchanged(self)),
            StreamState::Ended { .. } => Err(StreamError::Ended),
        }
    }

    /// An encoder comes in. `silence` is for how long the current publisher has sent
    /// nothing; `None` when there is no trace of it on its node.
    ///
    /// The new publisher is the only current one from then on: see [`Stream::generation`].
    pub fn attach(
        self,
        publisher: Publisher,
        silence: Option<Duration>,
        rules: &StreamRules,
        now: Timestamp,
    ) -> Result<Decision<Self>, StreamError> {
        let current = Self {
            generation: Generation(self.generation.0 + 1),
            ..self.clone()
        };
        let ingest = Ingest::Publishing(publisher);
        match self.state {
            StreamState::Pending => Ok(current.started(ingest, now)),
            StreamState::Live {
                started_at,
                ingest: Ingest::Awaiting { .. } | Ingest::Interrupted { .. },
            } => Ok(current.attached(started_at, ingest)),
            StreamState::Live {
                started_at,
                ingest: Ingest::Publishing(_),
            } => match silence {
                Some(silence) if silence < rules.takeover => Err(StreamError::AlreadyPublishing),
                _ => Ok(current.attached(started_at, ingest)),
            },
            StreamState::Ended { .. } => Err(StreamError::Ended),
        }
    }

    /// The encoder of this generation has gone. What an old one says changes nothing.
    pub fn lose_ingest(
        self,
        generation: Generation,
        rules: &StreamRules,
        now: Timestamp,
    ) -> Decision<Self> {
        match self.state {
            StreamState::Live {
                started_at,
                ingest: Ingest::Publishing(publisher),
            } if generation == self.generation => {
                let event = StreamEvent::Interrupted {
                    stream: self.id,
                    channel: self.channel,
                };
                let ingest = Ingest::Interrupted {
                    key: publisher.key,
                    since: now,
                    until: now + rules.grace,
                };
                Decision::changed(
                    Self {
                        state: StreamState::Live { started_at, ingest },
                        ..self
                    },
                    event,
                )
            }
            _ => Decision::unchanged(self),
        }
    }

    /// The node restarted, or is gone: its encoder cannot be there any more.
    pub fn lose_node(self, node: NodeId, rules: &StreamRules, now: Timestamp) -> Decision<Self> {
        match self.publisher() {
            Some(publisher) if publisher.node == node => {
                let generation = self.generation;
                self.lose_ingest(generation, rules, now)
            }
            _ => Decision::unchanged(self),
        }
    }

    /// Over, by somebody's will. Again is no change; the first reason stays.
    pub fn end(self, reason: EndReason, now: Timestamp) -> Result<Decision<Self>, StreamError> {
        match self.state {
            StreamState::Pending => Err(StreamError::NotLive),
            StreamState::Live { started_at, .. } => Ok(self.ended(started_at, reason, now)),
            StreamState::Ended { .. } => Ok(Decision::unchanged(self)),
        }
    }

    /// Over, because nothing came in time; no change as long as there is time.
    pub fn sweep(self, now: Timestamp) -> Decision<Self> {
        match self.state {
            StreamState::Live {
                started_at,
                ingest: Ingest::Awaiting { until },
            } if until <= now => self.ended(started_at, EndReason::NoMedia, now),
            StreamState::Live {
                started_at,
                ingest: Ingest::Interrupted { until, .. },
            } if until <= now => self.ended(started_at, EndReason::EncoderGone, now),
            _ => Decision::unchanged(self),
        }
    }

    /// Called and sorted differently from now on; only while it can still be seen live.
    pub fn retitle(self, title: ChannelTitle, category: Option<Category>) -> Decision<Self> {
        let same = self.title == title && self.category == category;
        if same || matches!(self.state, StreamState::Ended { .. }) {
            return Decision::unchanged(self);
        }
        let event = StreamEvent::Retitled {
            stream: self.id,
            channel: self.channel,
            title: title.clone(),
        };
        Decision::changed(
            Self {
                title,
                category,
                ..self
            },
            event,
        )
    }

    /// Who publishes now.
    pub fn publisher(&self) -> Option<Publisher> {
        match self.state {
            StreamState::Live {
                ingest: Ingest::Publishing(publisher),
                ..
            } => Some(publisher),
            _ => None,
        }
    }

    /// The key of who publishes, or did last and may come back.
    pub fn current_key(&self) -> Option<StreamKeyId> {
        match self.state {
            StreamState::Live {
                ingest: Ingest::Publishing(Publisher { key, .. }) | Ingest::Interrupted { key, .. },
                ..
            } => Some(key),
            _ => None,
        }
    }

    /// Whether it is on air, with or without an encoder.
    pub fn is_live(&self) -> bool {
        matches!(self.state, StreamState::Live { .. })
    }

    /// When [`Stream::sweep`] will end it, unless an encoder comes.
    pub fn deadline(&self) -> Option<Timestamp> {
        match self.state {
            StreamState::Live {
                ingest: Ingest::Awaiting { until } | Ingest::Interrupted { until, .. },
                ..
            } => Some(until),
            _ => None,
        }
    }

    /// When it went on air.
    pub fn started_at(&self) -> Option<Timestamp> {
        match self.state {
            StreamState::Pending => None,
            StreamState::Live { started_at, .. } | StreamState::Ended { started_at, .. } => {
                Some(started_at)
            }
        }
    }

    /// Refuses whoever wants to join a stream that is not there to be watched.
    pub fn require_joinable(&self) -> Result<(), StreamError> {
        match self.state {
            StreamState::Live { .. } => Ok(()),
            StreamState::Pending => Err(StreamError::NotLive),
            StreamState::Ended { .. } => Err(StreamError::Ended),
        }
    }

    fn started(self, ingest: Ingest, now: Timestamp) -> Decision<Self> {
        let event = StreamEvent::Started {
            stream: self.id,
            channel: self.channel,
            title: self.title.clone(),
        };
        Decision::changed(
            Self {
                state: StreamState::Live {
                    started_at: now,
                    ingest,
                },
                ..self
            },
            event,
        )
    }

    fn attached(self, started_at: Timestamp, ingest: Ingest) -> Decision<Self> {
        let event = StreamEvent::Resumed {
            stream: self.id,
            channel: self.channel,
        };
        Decision::changed(
            Self {
                state: StreamState::Live { started_at, ingest },
                ..self
            },
            event,
        )
    }

    fn ended(self, started_at: Timestamp, reason: EndReason, now: Timestamp) -> Decision<Self> {
        let event = StreamEvent::Ended {
            stream: self.id,
            channel: self.channel,
            reason,
        };
        Decision::changed(
            Self {
                state: StreamState::Ended {
                    started_at,
                    ended_at: now,
                    reason,
                },
                ..self
            },
            event,
        )
    }
}
