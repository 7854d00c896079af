//! One commit, checked against the store and what is pending before it, in the order that
//! the port promises: repeated line, answered request, cursor, versions, policies, claims.

use std::collections::HashMap;

use greenroom_domain::chat::{Place, Seq};
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::commit::{
    ClaimChange, CommitError, Committed, CounterChange, Holder,
};
use greenroom_domain::shared::event::Event;
use greenroom_domain::shared::feed::{CursorMove, FeedPosition, LineRange};
use greenroom_domain::shared::id::{ChannelId, StreamId};
use greenroom_domain::shared::store::{StoreError, Version};
use greenroom_domain::stream::StreamCounts;
use sled::IVec;

use crate::codec;
use crate::commit::{Prepared, PreparedLine, PreparedReply, PreparedState};
use crate::database::refused;
use crate::keyspace::{self, Key};
use crate::rooms::{RepeatTag, Repeats, Rooms};
use crate::{Shared, chat, feed, social, stream};

/// What is to be written: a value, or that there is none any more.
pub(crate) type Writes = HashMap<Key, Option<IVec>>;

/// The commits of one batch that were found good, not written yet.
#[derive(Default)]
pub(crate) struct Pending {
    pub(crate) writes: Writes,
    pub(crate) events: Vec<Event>,
    /// The lines appended, one range a room.
    pub(crate) lines: HashMap<ChannelId, LineRange>,
    /// The latest moment that anything in it speaks of.
    pub(crate) at: Option<Timestamp>,
    /// When each of its replies was made.
    pub(crate) replied: Vec<Timestamp>,
}

/// One commit being checked. Dropped without [`Draft::accept`], it leaves no trace.
pub(crate) struct Draft<'a> {
    shared: &'a Shared,
    rooms: &'a mut Rooms,
    pending: &'a mut Pending,
    writes: Writes,
    appended: Vec<Appended>,
    replied: Option<Timestamp>,
}

struct Appended {
    room: ChannelId,
    seq: Seq,
    at: Timestamp,
    repeat: Option<RepeatTag>,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(shared: &'a Shared, rooms: &'a mut Rooms, pending: &'a mut Pending) -> Self {
        Self {
            shared,
            rooms,
            pending,
            writes: Writes::new(),
            appended: Vec::new(),
            replied: None,
        }
    }

    /// Adds the commit to the batch, or says why not.
    pub(crate) fn check(mut self, commit: Prepared) -> Result<Committed, CommitError> {
        for line in &commit.lines {
            self.refuse_repeat(line)?;
        }
        if let Some(reply) = commit.reply {
            self.reply(reply)?;
        }
        if let Some(cursor) = commit.cursor {
            self.move_cursor(cursor)?;
        }
        for state in commit.states {
            self.write_state(state)?;
        }
        for line in &commit.lines {
            self.refuse_moved_policy(line)?;
        }
        self.change_claims(&commit.claims)?;
        for counter in commit.counters {
            self.count(counter)?;
        }
        // Only of what is there: the next lines are not meant.
        for (room, seq) in commit.redactions {
            self.redact(room, seq)?;
        }
        for (key, event) in commit.audited {
            self.put(key, event);
        }
        let mut places = Vec::with_capacity(commit.lines.len());
        for line in commit.lines {
            places.push(self.append(line)?);
        }
        self.accept(commit.events);
        Ok(Committed { places })
    }

    fn refuse_repeat(&mut self, line: &PreparedLine) -> Result<(), CommitError> {
        let Some(tag) = line.repeat else {
            return Ok(());
        };
        let Some(seq) = self.repeats(line.room)?.get(tag) else {
            return Ok(());
        };
        let epoch = self.shared.epoch();
        match self.get(&keyspace::line(line.room, seq))? {
            Some(bytes) => {
                let place = Place { epoch, seq };
                let line = chat::line::decode(place, &bytes)?;
                Err(CommitError::Repeated(Box::new(line)))
            }
            // Known and not there: the store was changed behind our back.
            None => Err(codec::corrupt("line", codec::Unreadable::Impossible).into()),
        }
    }

    fn reply(&mut self, reply: PreparedReply) -> Result<(), CommitError> {
        if let Some(first) = self.get(&reply.state.key)? {
            return Err(CommitError::Answered(Box::new(codec::decode(&first)?)));
        }
        self.replied = Some(reply.at);
        self.write_state(reply.state)
    }

    fn move_cursor(&mut self, cursor: CursorMove) -> Result<(), CommitError> {
        let key = keyspace::cursor(cursor.consumer.0);
        let stands = self.get(&key)?;
        let stands = stands
            .map(|bytes| feed::decode_cursor(&bytes))
            .transpose()?;
        if stands.unwrap_or(FeedPosition::START) != cursor.from {
            return Err(CommitError::CursorMoved);
        }
        self.put(key, IVec::from(&cursor.to.0.to_be_bytes()));
        Ok(())
    }

    fn write_state(&mut self, state: PreparedState) -> Result<(), CommitError> {
        let there = self.get(&state.key)?;
        if let Some(seen) = state.seen {
            let version = there
                .as_deref()
                .map(|b| codec::stored_version(state.what, b));
            if version.transpose()?.unwrap_or(Version::NEW) != seen {
                return Err(CommitError::Conflict);
            }
        }
        if let Some(there) = &there {
            for index in (state.old_indexes)(there)? {
                if !state.indexes.contains(&index) {
                    self.writes.insert(index, None);
                }
            }
        }
        for index in state.indexes {
            self.put(index, IVec::default());
        }
        self.writes.insert(state.key, state.value);
        Ok(())
    }

    /// The policy that counts is the one before this commit: its author saw no other.
    fn refuse_moved_policy(&self, line: &PreparedLine) -> Result<(), CommitError> {
        let Some(seen) = line.policy_seen else {
            return Ok(());
        };
        let room = self.before(&keyspace::room(line.room))?;
        let version = room.map(|bytes| codec::stored_version("room", &bytes));
        if version.transpose()?.unwrap_or(Version::NEW) == seen {
            Ok(())
        } else {
            Err(CommitError::PolicyMoved)
        }
    }

    fn change_claims(&mut self, changes: &[ClaimChange]) -> Result<(), CommitError> {
        for change in changes {
            if let ClaimChange::Release(claim, holder) = change {
                let key = keyspace::claim(claim);
                if self.holder(&key)? == Some(*holder) {
                    self.writes.insert(key, None);
                }
            }
        }
        for change in changes {
            if let ClaimChange::Take(claim, holder) = change {
                let key = keyspace::claim(claim);
                match self.holder(&key)? {
                    Some(other) if other != *holder => {
                        return Err(CommitError::Taken(claim.clone()));
                    }
                    Some(_) => {}
                    None => self.put(key, encode_holder(*holder)),
                }
            }
        }
        Ok(())
    }

    fn count(&mut self, change: CounterChange) -> Result<(), StoreError> {
        match change {
            CounterChange::ViewsAdded(stream, n) => self.count_of_stream(stream, |counts| {
                counts.views = counts.views.saturating_add(n);
            }),
            CounterChange::PeakSeen(stream, n) => self.count_of_stream(stream, |counts| {
                counts.peak = counts.peak.max(n);
            }),
            CounterChange::MessagesAdded(stream, n) => self.count_of_stream(stream, |counts| {
                counts.messages = counts.messages.saturating_add(n);
            }),
            CounterChange::FollowerCame(channel) => {
                self.count_followers(channel, |followers| followers.saturating_add(1))
            }
            CounterChange::FollowerWent(channel) => {
                self.count_followers(channel, |followers| followers.saturating_sub(1))
            }
        }
    }

    fn count_of_stream(
        &mut self,
        stream: StreamId,
        count: impl FnOnce(&mut StreamCounts),
    ) -> Result<(), StoreError> {
        let key = keyspace::counters(stream);
        let there = self.get(&key)?;
        let counts = there.map(|bytes| stream::decode_counts(&bytes));
        let mut counts = counts.transpose()?.unwrap_or_default();
        count(&mut counts);
        self.put(key, stream::encode_counts(counts)?);
        Ok(())
    }

    fn count_followers(
        &mut self,
        channel: ChannelId,
        count: impl FnOnce(u64) -> u64,
    ) -> Result<(), StoreError> {
        let key = keyspace::followers(channel);
        let there = self.get(&key)?;
        let followers = there.map(|bytes| social::decode_followers(&bytes));
        let followers = count(followers.transpose()?.unwrap_or_default());
        self.put(key, social::encode_followers(followers));
        Ok(())
    }

    fn append(&mut self, line: PreparedLine) -> Result<Place, StoreError> {
        let room = line.room;
        let own = self.appended.iter().rev().find(|own| own.room == room);
        let head = match own {
            Some(own) => own.seq,
            None => self.head(room)?,
        };
        let seq = head.next();
        self.put(keyspace::line(room, seq), line.value);
        self.appended.push(Appended {
            room,
            seq,
            at: line.at,
            repeat: line.repeat,
        });
        let epoch = self.shared.epoch();
        Ok(Place { epoch, seq })
    }

    fn redact(&mut self, room: ChannelId, seq: Seq) -> Result<(), StoreError> {
        let key = keyspace::line(room, seq);
        if let Some(bytes) = self.get(&key)?
            && let Some(redacted) = chat::line::redacted(&bytes)?
        {
            self.put(key, redacted);
        }
        Ok(())
    }

    /// Nothing can go wrong any more.
    fn accept(self, events: Vec<Event>) {
        let pending = self.pending;
        pending.writes.extend(self.writes);
        pending.replied.extend(self.replied);
        for line in self.appended {
            let range = pending.lines.entry(line.room).or_insert(LineRange {
                room: line.room,
                first: line.seq,
                last: line.seq,
            });
            range.last = line.seq;
            pending.at = pending.at.max(Some(line.at));
            self.rooms.append(line.room, line.seq, line.at, line.repeat);
        }
        for event in &events {
            pending.at = pending.at.max(Some(event.at));
        }
        pending.events.extend(events);
    }

    fn head(&mut self, room: ChannelId) -> Result<Seq, StoreError> {
        let database = &self.shared.database;
        let head = || database.read(|tree| chat::last_line(tree, room));
        Ok(self.rooms.get(room, head)?.head)
    }

    fn repeats(&mut self, room: ChannelId) -> Result<&Repeats, StoreError> {
        let (database, warm) = (&self.shared.database, &self.shared.warm);
        let head = || database.read(|tree| chat::last_line(tree, room));
        let known = self.rooms.get(room, head)?;
        let repeats = match known.repeats.take() {
            Some(repeats) => repeats,
            // What is pending in this room carries no client message id, or it were known.
            None => database.read(|tree| match warm.take(room) {
                Some(mut repeats) => {
                    repeats.catch_up(tree, room, &warm.tagger)?;
                    Ok(repeats)
                }
                None => Repeats::of(tree, room, &warm.tagger),
            })?,
        };
        Ok(known.repeats.insert(repeats))
    }

    fn holder(&self, claim: &[u8]) -> Result<Option<Holder>, StoreError> {
        self.get(claim)?
            .map(|bytes| decode_holder(&bytes))
            .transpose()
    }

    fn put(&mut self, key: Key, value: IVec) {
        self.writes.insert(key, Some(value));
    }

    /// With this commit's own writes.
    fn get(&self, key: &[u8]) -> Result<Option<IVec>, StoreError> {
        match self.writes.get(key) {
            Some(own) => Ok(own.clone()),
            None => self.before(key),
        }
    }

    /// Without them.
    fn before(&self, key: &[u8]) -> Result<Option<IVec>, StoreError> {
        match self.pending.writes.get(key) {
            Some(pending) => Ok(pending.clone()),
            None => (self.shared.database).read(|tree| tree.get(key).map_err(refused)),
        }
    }
}

pub(crate) fn encode_holder(holder: Holder) -> IVec {
    let (kind, id) = match holder {
        Holder::User(id) => (0, id.uuid()),
        Holder::Channel(id) => (1, id.uuid()),
        Holder::StreamKey(id) => (2, id.uuid()),
        Holder::Stream(id) => (3, id.uuid()),
        Holder::Recording(id) => (4, id.uuid()),
    };
    let mut bytes = [kind; 17];
    bytes[1..].copy_from_slice(id.as_bytes());
    IVec::from(&bytes)
}

pub(crate) fn decode_holder(bytes: &[u8]) -> Result<Holder, StoreError> {
    use greenroom_domain::shared::id::{RecordingId, StreamKeyId, UserId};
    let id = keyspace::last_id(bytes);
    match (bytes, id) {
        ([0, ..], Some(id)) => Ok(Holder::User(UserId::from_uuid(id))),
        ([1, ..], Some(id)) => Ok(Holder::Channel(ChannelId::from_uuid(id))),
        ([2, ..], Some(id)) => Ok(Holder::StreamKey(StreamKeyId::from_uuid(id))),
        ([3, ..], Some(id)) => Ok(Holder::Stream(StreamId::from_uuid(id))),
        ([4, ..], Some(id)) => Ok(Holder::Recording(RecordingId::from_uuid(id))),
        _ => Err(codec::corrupt("claim", codec::Unreadable::Impossible)),
    }
}
