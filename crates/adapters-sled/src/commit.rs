//! The write port: everything that can be done beforehand is done by the caller, so that the
//! one thread that writes has little left to do.

use async_trait::async_trait;
use greenroom_domain::account::Session;
use greenroom_domain::chat::{Appointment, NewLine, Restriction, Seq};
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::commit::{
    Changes, ClaimChange, Commit, CommitError, Committed, CounterChange, StateChange, Write,
};
use greenroom_domain::shared::event::Event;
use greenroom_domain::shared::feed::CursorMove;
use greenroom_domain::shared::id::ChannelId;
use greenroom_domain::shared::once::Reply;
use greenroom_domain::shared::store::{StoreError, Version};
use greenroom_domain::social::{Block, Follow};
use sled::IVec;
use tokio::sync::oneshot;

use crate::chat::audit;
use crate::codec::{self, Kept};
use crate::committer::Request;
use crate::database::Absent;
use crate::keyspace::{self, Key};
use crate::rooms::{RepeatTag, Repeats, Tagger};
use crate::{SledStore, chat, gone};

#[async_trait]
impl Commit for SledStore {
    async fn commit(&self, changes: Changes) -> Result<Committed, CommitError> {
        let prepared = Prepared::of(changes, &self.shared.warm.tagger)?;
        for line in &prepared.lines {
            if line.repeat.is_some() && !self.shared.warm.knows(line.room) {
                self.warm(line.room).await?;
            }
        }
        let (answer, answered) = oneshot::channel();
        let prepared = Box::new(prepared);
        let request = Request::Commit { prepared, answer };
        let closed = |_| gone(Absent::NotOpen);
        self.shared.queue.put(request).await.map_err(closed)?;
        answered.await.map_err(|_| gone(Absent::Ended))?
    }
}

impl SledStore {
    /// Reads a room's client message ids before the committer needs them.
    async fn warm(&self, room: ChannelId) -> Result<(), StoreError> {
        let _turn = self.shared.warm.turn.lock().await;
        if self.shared.warm.knows(room) {
            return Ok(());
        }
        let shared = self.shared();
        self.scan(move |tree| {
            let repeats = Repeats::of(tree, room, &shared.warm.tagger)?;
            // Within the read: should the committer fail meanwhile, it forgets this with the
            // rest.
            shared.warm.offer(room, repeats);
            Ok(())
        })
        .await
    }
}

/// [`Changes`], written as they will be kept.
pub(crate) struct Prepared {
    pub(crate) states: Vec<PreparedState>,
    pub(crate) claims: Vec<ClaimChange>,
    pub(crate) counters: Vec<CounterChange>,
    pub(crate) lines: Vec<PreparedLine>,
    pub(crate) redactions: Vec<(ChannelId, Seq)>,
    pub(crate) events: Vec<Event>,
    /// The audit log's part of the events.
    pub(crate) audited: Vec<(Key, IVec)>,
    pub(crate) cursor: Option<CursorMove>,
    pub(crate) reply: Option<PreparedReply>,
}

/// A value that is to stand under a key, or not any more.
pub(crate) struct PreparedState {
    pub(crate) key: Key,
    /// The version that has to be there now, if it has one.
    pub(crate) seen: Option<Version>,
    /// The kind of record, for errors.
    pub(crate) what: &'static str,
    pub(crate) value: Option<IVec>,
    /// The index keys that lead to it from now on.
    pub(crate) indexes: Vec<Key>,
    /// The index keys that led to what is there.
    pub(crate) old_indexes: fn(&[u8]) -> Result<Vec<Key>, StoreError>,
}

/// What a request has made.
pub(crate) struct PreparedReply {
    pub(crate) state: PreparedState,
    pub(crate) at: Timestamp,
}

pub(crate) struct PreparedLine {
    pub(crate) room: ChannelId,
    pub(crate) at: Timestamp,
    pub(crate) policy_seen: Option<Version>,
    pub(crate) repeat: Option<RepeatTag>,
    pub(crate) value: IVec,
}

impl Prepared {
    fn of(changes: Changes, tagger: &Tagger) -> Result<Self, StoreError> {
        let Changes {
            states,
            claims,
            counters,
            lines,
            redactions,
            events,
            cursor,
            reply,
        } = changes;
        let states: Result<_, _> = states.iter().map(PreparedState::of).collect();
        let lines: Result<_, _> = lines
            .iter()
            .map(|line| PreparedLine::of(line, tagger))
            .collect();
        let audited: Result<_, _> = events.iter().filter_map(audit::encode).collect();
        Ok(Self {
            states: states?,
            claims,
            counters,
            lines: lines?,
            redactions,
            audited: audited?,
            events,
            cursor,
            reply: reply.as_ref().map(PreparedReply::of).transpose()?,
        })
    }
}

impl PreparedReply {
    fn of(reply: &Reply) -> Result<Self, StoreError> {
        Ok(Self {
            state: PreparedState::unversioned(reply)?,
            at: reply.at,
        })
    }
}

impl PreparedLine {
    fn of(line: &NewLine, tagger: &Tagger) -> Result<Self, StoreError> {
        Ok(Self {
            room: line.room,
            at: line.at,
            policy_seen: line.policy_seen,
            repeat: line
                .repeat_key()
                .map(|(author, client_id)| tagger.tag(author, client_id.as_str())),
            value: chat::line::encode(line.at, &line.body)?,
        })
    }
}

impl PreparedState {
    fn of(change: &StateChange) -> Result<Self, StoreError> {
        match change {
            StateChange::User(write) => Self::versioned(write),
            StateChange::Channel(write) => Self::versioned(write),
            StateChange::StreamKey(write) => Self::versioned(write),
            StateChange::Stream(write) => Self::versioned(write),
            StateChange::Recording(write) => Self::versioned(write),
            StateChange::Room(write) => Self::versioned(write),
            StateChange::Session(session) => Self::unversioned(session),
            StateChange::Restriction(restriction) => Self::unversioned(restriction),
            StateChange::SessionEnded(id) => Ok(Self::gone::<Session>(keyspace::session(*id))),
            StateChange::RestrictionLifted(room, subject) => Ok(Self::gone::<Restriction>(
                keyspace::restriction(*room, *subject),
            )),
            StateChange::Appointment(appointment) => Self::unversioned(appointment),
            StateChange::Dismissed(channel, user) => Ok(Self::gone::<Appointment>(
                keyspace::appointment(*channel, *user),
            )),
            StateChange::Follow(write) => Self::versioned(write),
            StateChange::Unfollowed(follower, channel, seen) => Ok(Self {
                seen: Some(*seen),
                old_indexes: versioned_indexes::<Follow>,
                ..Self::gone::<Follow>(keyspace::follow(*follower, *channel))
            }),
            StateChange::Block(block) => Self::unversioned(block),
            StateChange::Unblocked(blocker, subject) => {
                Ok(Self::gone::<Block>(keyspace::block(*blocker, *subject)))
            }
        }
    }

    fn versioned<T: Kept>(write: &Write<T>) -> Result<Self, StoreError> {
        Ok(Self {
            key: write.next.key(),
            seen: Some(write.seen),
            what: T::WHAT,
            value: Some(codec::encode_stored(&write.next, write.seen.next())?),
            indexes: write.next.indexes(),
            old_indexes: versioned_indexes::<T>,
        })
    }

    fn unversioned<T: Kept>(value: &T) -> Result<Self, StoreError> {
        Ok(Self {
            value: Some(codec::encode(value)?),
            indexes: value.indexes(),
            ..Self::gone::<T>(value.key())
        })
    }

    fn gone<T: Kept>(key: Key) -> Self {
        Self {
            key,
            seen: None,
            what: T::WHAT,
            value: None,
            indexes: Vec::new(),
            old_indexes: |bytes| Ok(codec::decode::<T>(bytes)?.indexes()),
        }
    }
}

fn versioned_indexes<T: Kept>(bytes: &[u8]) -> Result<Vec<Key>, StoreError> {
    Ok(codec::decode_stored::<T>(bytes)?.value.indexes())
}
