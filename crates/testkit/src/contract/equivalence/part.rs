//! The parts that a commit is put together of, in the words of the builders.

use greenroom_domain::account::{CreatorStatus, Role, Subject};
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::commit::{Claim, CounterChange, Holder};
use greenroom_domain::stream::EndReason;

use super::{Bond, Recorded};
use crate::builders::{guest, viewer};

/// One thing that a commit changes. Names are those of the builders, and times are seconds
/// after [`NOON`](crate::builders::NOON).
#[derive(Debug, Clone)]
pub enum Part {
    /// An account, made or written again.
    Account {
        /// Its user name.
        name: &'static str,
        /// Which version was seen.
        seen: Seen,
        /// What it may do.
        role: Role,
        /// Whether it may have a channel.
        creator: CreatorStatus,
        /// The host's subject, for whoever signs in there.
        subject: Option<&'static str>,
        /// What it is called.
        shown_as: &'static str,
    },
    /// A session begins, is prolonged, or is over.
    Session {
        /// What finds it.
        token: &'static str,
        /// Whose.
        user: &'static str,
        /// Until when; `None` when it is over.
        until: Option<u64>,
    },
    /// A channel, made or written again.
    Channel {
        /// What makes its id.
        name: &'static str,
        /// Which version was seen.
        seen: Seen,
        /// What it is found by.
        handle: &'static str,
        /// Whose it is.
        owner: &'static str,
    },
    /// A stream key, made, rotated or revoked.
    Key {
        /// Of which channel.
        of: &'static str,
        /// The how manieth.
        n: u32,
        /// Which version was seen.
        seen: Seen,
        /// What finds it; `None` when it is revoked.
        secret: Option<&'static str>,
    },
    /// A stream, made or written again.
    Stream {
        /// Of which channel.
        of: &'static str,
        /// The how manieth.
        n: u32,
        /// Which version was seen.
        seen: Seen,
        /// How far it is.
        phase: Phase,
    },
    /// A recording, made or written again.
    Recording(Recorded),
    /// The rules of a room.
    Rules {
        /// Of which channel.
        room: &'static str,
        /// Which version was seen.
        seen: Seen,
        /// Seconds between two messages.
        slow: Option<u16>,
        /// How many of its first messages are kept in view.
        pins: u64,
    },
    /// Something between people.
    Bond(Bond),
    /// A request that is to be done once.
    Answer {
        /// Who asks.
        who: Who,
        /// What they call it.
        key: &'static str,
        /// What it makes.
        made: u128,
        /// When.
        at: u64,
    },
    /// Somebody may not chat in a room, or may again.
    Restriction {
        /// Of which channel.
        room: &'static str,
        /// Who.
        who: Who,
        /// For how long; `None` when it is lifted.
        hold: Option<Hold>,
    },
    /// A name is taken.
    Take(Claim, Holder),
    /// A name is given back.
    Release(Claim, Holder),
    /// Something is counted.
    Count(CounterChange),
    /// A message.
    Say {
        /// In which channel's room.
        room: &'static str,
        /// By whom.
        who: Who,
        /// What the client calls it.
        id: Option<&'static str>,
        /// What is said.
        text: &'static str,
        /// When.
        at: u64,
        /// Which version of the rules was seen.
        rules: Option<Seen>,
    },
    /// A line that is no message: a stream has started.
    Announce {
        /// In which channel's room.
        room: &'static str,
        /// When.
        at: u64,
    },
    /// A line's text is overwritten.
    Redact {
        /// In which channel's room.
        room: &'static str,
        /// Which line.
        seq: u64,
    },
    /// Something happened.
    Happen {
        /// What makes the event's id.
        n: u32,
        /// To which channel.
        of: &'static str,
        /// What.
        act: Act,
        /// When.
        at: u64,
    },
    /// A consumer goes on.
    Pass {
        /// Which.
        consumer: &'static str,
        /// Where it believes to stand.
        seen: Seen,
        /// By how many records.
        records: u64,
    },
}

/// What whoever decided has seen of what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// What is there.
    Now,
    /// What was there before; of what is not there, that it is.
    Before,
    /// That there is nothing.
    Nothing,
}

/// Who chats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// The user of this name.
    User(&'static str),
    /// The guest of this name.
    Guest(&'static str),
}

/// What may happen to a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// A stream was planned.
    Planned,
    /// A stream's encoder went away; which is not audited.
    Interrupted,
    /// Its owner has blocked somebody.
    Blocked,
    /// Somebody follows it; which is not audited.
    Followed,
    /// A recording was asked for.
    Recorded,
    /// A recording has failed; which is not audited.
    Lost,
}

/// For how long somebody may not chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// Until then.
    Until(u64),
    /// For good.
    ForGood,
}

/// How far a stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Planned.
    Pending,
    /// Live, waiting for its encoder until then.
    Awaiting(u64),
    /// Live.
    Publishing,
    /// Live, waiting for its encoder to come back until then.
    Interrupted(u64),
    /// Over.
    Ended(EndReason),
}

impl Part {
    /// What a commit changes at most once.
    pub(super) fn thing(&self) -> Option<String> {
        match self {
            Self::Account { name, .. } => Some(format!("account {name}")),
            Self::Session { token, .. } => Some(format!("session {token}")),
            Self::Channel { name, .. } => Some(format!("channel {name}")),
            Self::Key { of, n, .. } => Some(format!("key {of} {n}")),
            Self::Stream { of, n, .. } => Some(format!("stream {of} {n}")),
            Self::Recording(recorded) => Some(recorded.thing()),
            Self::Rules { room, .. } => Some(format!("rules {room}")),
            Self::Restriction { room, who, .. } => Some(format!("restriction {room} {who:?}")),
            Self::Bond(bond) => Some(bond.thing()),
            Self::Answer { .. } => Some("reply".to_owned()),
            Self::Say { room, who, id, .. } => id.map(|id| format!("message {room} {who:?} {id}")),
            Self::Happen { n, .. } => Some(format!("event {n}")),
            Self::Pass { .. } => Some("cursor".to_owned()),
            Self::Take(..)
            | Self::Release(..)
            | Self::Count(_)
            | Self::Announce { .. }
            | Self::Redact { .. } => None,
        }
    }
}

impl Who {
    pub(super) fn identity(self) -> Identity {
        match self {
            Self::User(name) => viewer(name),
            Self::Guest(name) => guest(name),
        }
    }
}

/// Who vouches for every user of the host's.
pub(super) const ISSUER: &str = "https://host.example";

/// A user of the host's.
pub(super) fn host_user(subject: &str) -> Subject {
    Subject {
        issuer: ISSUER.to_owned(),
        subject: subject.to_owned(),
    }
}
