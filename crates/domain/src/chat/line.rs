//! Lines: everything durable that a room shows.

use std::fmt;
use std::str::FromStr;

use crate::account::DisplayName;
use crate::channel::{Category, ChannelTitle};
use crate::chat::{
    ChannelRole, ChatSettings, ClientMessageId, Message, ModerationReason, RestrictionKind,
};
use crate::shared::actor::Identity;
use crate::shared::clock::Timestamp;
use crate::shared::id::{ChannelId, MalformedId, StreamId, UserId};
use crate::shared::store::Version;
use crate::stream::EndReason;

/// A line of a room's log.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Line {
    /// Where it stands.
    pub place: Place,
    /// When it was said.
    pub at: Timestamp,
    /// What it says.
    pub body: LineBody,
}

/// What a line says.
///
/// Everybody may see all of it but a moderation act's reason and actor: see
/// [`LineBody::public`].
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum LineBody {
    /// Somebody said something.
    Message(Message),
    /// A message is gone.
    Deleted {
        /// Which.
        target: Seq,
    },
    /// Somebody may not chat, for a while or for good.
    Restricted {
        /// Who.
        subject: Identity,
        /// What they were called, where that is known.
        name: Option<DisplayName>,
        /// For how long.
        kind: RestrictionKind,
        /// Why; for staff alone.
        reason: Option<ModerationReason>,
    },
    /// Somebody may chat again.
    RestrictionLifted {
        /// Who.
        subject: Identity,
    },
    /// The room's rules are different.
    SettingsChanged(ChatSettings),
    /// A message is kept in view.
    Pinned {
        /// Which.
        target: Seq,
    },
    /// A message is kept in view no more.
    Unpinned {
        /// Which.
        target: Seq,
    },
    /// Somebody is something else in the channel.
    RoleChanged {
        /// Who.
        user: UserId,
        /// What they are called.
        name: DisplayName,
        /// What they are now, if anything.
        role: Option<ChannelRole>,
    },
    /// The channel is called or sorted differently.
    ChannelEdited {
        /// Its title now.
        title: ChannelTitle,
        /// Its category now.
        category: Option<Category>,
    },
    /// The channel's stream went on air. Its slice of the log begins here.
    StreamStarted {
        /// Which.
        stream: StreamId,
        /// What it is called.
        title: ChannelTitle,
    },
    /// The encoder went away, perhaps for a moment.
    StreamInterrupted {
        /// Of which stream.
        stream: StreamId,
    },
    /// It publishes again.
    StreamResumed {
        /// To which stream.
        stream: StreamId,
    },
    /// The stream is over. Its slice of the log ends here.
    StreamEnded {
        /// Which.
        stream: StreamId,
        /// Why.
        reason: EndReason,
    },
}

impl LineBody {
    /// What viewers may see of it; staff see it all, under the same number.
    #[must_use]
    pub fn public(&self) -> Self {
        match self {
            Self::Restricted {
                subject,
                name,
                kind,
                reason: _,
            } => Self::Restricted {
                subject: *subject,
                name: name.clone(),
                kind: *kind,
                reason: None,
            },
            other => other.clone(),
        }
    }
}

/// A line that is to be appended.
#[derive(Debug, Clone, PartialEq)]
pub struct NewLine {
    /// To whose room.
    pub room: ChannelId,
    /// When it was said.
    pub at: Timestamp,
    /// What it says.
    pub body: LineBody,
    /// The version of the [`Room`](crate::chat::Room) whose rules it was checked by; another
    /// by now is [`PolicyMoved`](crate::shared::commit::CommitError::PolicyMoved). `None` for
    /// what no rule can refuse.
    pub policy_seen: Option<Version>,
}

impl NewLine {
    /// What makes a repeat of it: its author and what their client calls it.
    pub fn repeat_key(&self) -> Option<(Identity, &ClientMessageId)> {
        self.body.repeat_key()
    }
}

impl LineBody {
    /// What makes a repeat of it: its author and what their client calls it.
    pub fn repeat_key(&self) -> Option<(Identity, &ClientMessageId)> {
        match self {
            Self::Message(message) => message
                .client_id
                .as_ref()
                .map(|id| (message.author.identity, id)),
            _ => None,
        }
    }
}

/// A line's number in its room: 1, 2, 3, … without a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(transparent)
)]
pub struct Seq(pub u64);

impl Seq {
    /// Before the first line.
    pub const ZERO: Self = Self(0);

    /// The next line's.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// A place in a room's log, opaque to clients: `epoch:sequence`.
///
/// The epoch changes only when history was lost (a restore): a place of another epoch cannot
/// be gone on from, and who has one is told to begin anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Place {
    /// Which telling of the room's history.
    pub epoch: u32,
    /// Which line of it.
    pub seq: Seq,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.epoch, self.seq.0)
    }
}

impl FromStr for Place {
    type Err = MalformedId;

    fn from_str(text: &str) -> Result<Self, MalformedId> {
        let (epoch, seq) = text.split_once(':').ok_or(MalformedId)?;
        let epoch = epoch.parse().map_err(|_| MalformedId)?;
        let seq = seq.parse().map(Seq).map_err(|_| MalformedId)?;
        Ok(Self { epoch, seq })
    }
}
