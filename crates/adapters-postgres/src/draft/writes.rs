//! What a batch comes down to.

use std::collections::{BTreeMap, BTreeSet};

use greenroom_domain::account::{Session, SessionId, User};
use greenroom_domain::channel::{Channel, StreamKey};
use greenroom_domain::chat::{Appointment, NewLine, Restriction, Room, Seq};
use greenroom_domain::recording::Recording;
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::commit::{Holder, Write};
use greenroom_domain::shared::event::Event;
use greenroom_domain::shared::feed::{FeedPosition, LineRange};
use greenroom_domain::shared::id::{
    ChannelId, EventId, RecordingId, StreamId, StreamKeyId, UserId,
};
use greenroom_domain::shared::once::Reply;
use greenroom_domain::shared::store::Version;
use greenroom_domain::social::{Block, Follow};
use greenroom_domain::stream::{Stream, StreamCounts};

use crate::claim::ClaimKey;
use crate::seen::ReplyKey;

/// What is to be written, the last word on each thing.
#[derive(Default)]
pub(crate) struct Writes<'a> {
    pub(crate) users: Aggregates<'a, UserId, User>,
    pub(crate) channels: Aggregates<'a, ChannelId, Channel>,
    pub(crate) stream_keys: Aggregates<'a, StreamKeyId, StreamKey>,
    pub(crate) streams: Aggregates<'a, StreamId, Stream>,
    pub(crate) recordings: Aggregates<'a, RecordingId, Recording>,
    pub(crate) rooms: Aggregates<'a, ChannelId, Room>,
    pub(crate) sessions: BTreeMap<SessionId, Option<&'a Session>>,
    pub(crate) restrictions: BTreeMap<(ChannelId, Identity), Option<&'a Restriction>>,
    pub(crate) appointments: BTreeMap<(ChannelId, UserId), Option<&'a Appointment>>,
    pub(crate) follows: BTreeMap<(UserId, ChannelId), FollowWrite<'a>>,
    pub(crate) followers: BTreeMap<ChannelId, FollowersMoved>,
    pub(crate) blocks: BTreeMap<(UserId, UserId), Option<&'a Block>>,
    pub(crate) claims: BTreeMap<ClaimKey, Passed<Option<Holder>>>,
    pub(crate) counts: BTreeMap<StreamId, StreamCounts>,
    pub(crate) cursors: BTreeMap<&'static str, Passed<FeedPosition>>,
    pub(crate) lines: Vec<Appended<'a>>,
    pub(crate) redactions: BTreeSet<(ChannelId, Seq)>,
    pub(crate) events: Vec<&'a Event>,
    pub(crate) audited: BTreeMap<(ChannelId, Timestamp, EventId), &'a Event>,
    pub(crate) replies: BTreeMap<ReplyKey, &'a Reply>,
    pub(crate) ranges: BTreeMap<ChannelId, LineRange>,
    /// The latest moment that anything in it speaks of.
    pub(crate) at: Option<Timestamp>,
}

/// Next states by their ids.
pub(crate) type Aggregates<'a, K, T> = BTreeMap<K, Rewrite<'a, T>>;

/// An aggregate's next state.
pub(crate) struct Rewrite<'a, T> {
    pub(crate) next: &'a T,
    /// The version that is there, and the one that will be.
    pub(crate) from: Version,
    pub(crate) to: Version,
}

/// Somebody follows a channel, or does no more.
pub(crate) struct FollowWrite<'a> {
    /// The version that is there.
    pub(crate) from: Version,
    /// What will be there.
    pub(crate) to: Option<(&'a Follow, Version)>,
}

/// How the followers' count of a channel moves: by so many, and to so many at least. Both are
/// needed, for a count does not go below zero on its way either.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct FollowersMoved {
    pub(crate) by: i64,
    pub(crate) least: i64,
}

impl FollowersMoved {
    pub(crate) fn came(&mut self) {
        self.by = self.by.saturating_add(1);
        self.least = self.least.saturating_add(1);
    }

    pub(crate) fn went(&mut self) {
        self.by = self.by.saturating_sub(1);
        self.least = self.least.saturating_sub(1).max(0);
    }
}

/// What something was when it was locked, and what it will be.
pub(crate) struct Passed<T> {
    pub(crate) from: T,
    pub(crate) to: T,
}

impl<T: Copy> Passed<T> {
    pub(super) fn note<K: Ord>(all: &mut BTreeMap<K, Self>, key: K, from: T, to: T) {
        all.entry(key)
            .and_modify(|passed| passed.to = to)
            .or_insert(Self { from, to });
    }
}

pub(crate) struct Appended<'a> {
    pub(crate) seq: Seq,
    pub(crate) line: &'a NewLine,
    /// It is the first of its client message id.
    pub(crate) is_first: bool,
}

impl Writes<'_> {
    pub(crate) fn is_empty(&self) -> bool {
        self.users.is_empty()
            && self.channels.is_empty()
            && self.stream_keys.is_empty()
            && self.streams.is_empty()
            && self.recordings.is_empty()
            && self.rooms.is_empty()
            && self.sessions.is_empty()
            && self.restrictions.is_empty()
            && self.appointments.is_empty()
            && self.follows.is_empty()
            && self.followers.is_empty()
            && self.blocks.is_empty()
            && self.replies.is_empty()
            && self.claims.is_empty()
            && self.counts.is_empty()
            && self.cursors.is_empty()
            && self.redactions.is_empty()
            && self.at.is_none()
    }
}

pub(super) fn rewrite<'a, K: Ord, T>(all: &mut Aggregates<'a, K, T>, id: K, write: &'a Write<T>) {
    let rewrite = Rewrite {
        next: &write.next,
        from: write.seen,
        to: write.seen.next(),
    };
    all.entry(id)
        .and_modify(|before| {
            before.next = rewrite.next;
            before.to = rewrite.to;
        })
        .or_insert(rewrite);
}

pub(super) fn refollow<'a>(
    all: &mut BTreeMap<(UserId, ChannelId), FollowWrite<'a>>,
    key: (UserId, ChannelId),
    seen: Version,
    to: Option<&'a Follow>,
) {
    let to = to.map(|follow| (follow, seen.next()));
    all.entry(key)
        .and_modify(|before| before.to = to)
        .or_insert(FollowWrite { from: seen, to });
}
