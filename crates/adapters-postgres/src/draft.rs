//! A batch being drafted: each commit is checked against what is there and the ones before
//! it, in the order that the port promises (repeated line, answered request, cursor, versions,
//! policies, claims), and one that is refused leaves no trace.

mod writes;

use std::collections::HashMap;

use greenroom_domain::chat::{Content, Line, LineBody, NewLine, Place, Seq};
use greenroom_domain::shared::commit::{
    Changes, ClaimChange, CommitError, Committed, CounterChange, Holder, StateChange,
};
use greenroom_domain::shared::feed::{FeedPosition, LineRange};
use greenroom_domain::shared::id::ChannelId;
use greenroom_domain::shared::store::Version;

use crate::claim::ClaimKey;
use crate::draft::writes::{Appended, Passed, refollow, rewrite};
use crate::seen::{Aggregate, RepeatKey, Seen};

pub(crate) use crate::draft::writes::{Aggregates, Writes};

pub(crate) struct Draft<'a> {
    epoch: u32,
    seen: Seen,
    writes: Writes<'a>,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(epoch: u32, seen: Seen) -> Self {
        Self {
            epoch,
            seen,
            writes: Writes::default(),
        }
    }

    /// Adds the commit to the batch, or says why not.
    pub(crate) fn add(&mut self, changes: &'a Changes) -> Result<Committed, CommitError> {
        self.check(changes)?;
        let places = self.apply(changes);
        Ok(Committed { places })
    }

    pub(crate) fn into_writes(self) -> Writes<'a> {
        self.writes
    }

    fn check(&self, changes: &Changes) -> Result<(), CommitError> {
        let mut repeats = changes.lines.iter().filter_map(repeat_key);
        if let Some(first) = repeats.find_map(|key| self.seen.repeats.get(&key)) {
            return Err(CommitError::Repeated(Box::new(first.clone())));
        }
        let reply = changes.reply.as_ref();
        let first = reply.and_then(|it| self.seen.replies.get(&(it.by, it.key.clone())));
        if let Some(first) = first {
            return Err(CommitError::Answered(Box::new(first.clone())));
        }
        if let Some(cursor) = &changes.cursor {
            let stands = self.seen.cursors.get(cursor.consumer.0);
            if stands.copied().unwrap_or(FeedPosition::START) != cursor.from {
                return Err(CommitError::CursorMoved);
            }
        }
        let mut versions = changes.states.iter().filter_map(Aggregate::of);
        if versions.any(|(aggregate, seen)| self.version(aggregate) != seen) {
            return Err(CommitError::Conflict);
        }
        let policies = changes.lines.iter();
        let mut policies = policies.filter_map(|line| Some((line.room, line.policy_seen?)));
        if policies.any(|(room, seen)| self.version(Aggregate::Room(room)) != seen) {
            return Err(CommitError::PolicyMoved);
        }
        self.check_claims(&changes.claims)
    }

    fn version(&self, aggregate: Aggregate) -> Version {
        let version = self.seen.versions.get(&aggregate).copied();
        version.unwrap_or(Version::NEW)
    }

    fn check_claims(&self, changes: &[ClaimChange]) -> Result<(), CommitError> {
        // Who holds what once the releases are done, of what the changes speak of.
        let mut holders: HashMap<ClaimKey, Option<Holder>> = HashMap::new();
        for change in changes {
            if let ClaimChange::Release(claim, holder) = change {
                let key = ClaimKey::of(claim);
                if self.seen.claims.get(&key) == Some(holder) {
                    holders.insert(key, None);
                }
            }
        }
        for change in changes {
            if let ClaimChange::Take(claim, taker) = change {
                let key = ClaimKey::of(claim);
                let held = self.seen.claims.get(&key).copied();
                let held = holders.entry(key).or_insert(held);
                if held.is_some_and(|holder| holder != *taker) {
                    return Err(CommitError::Taken(claim.clone()));
                }
                *held = Some(*taker);
            }
        }
        Ok(())
    }

    /// Nothing can go wrong any more.
    fn apply(&mut self, changes: &'a Changes) -> Vec<Place> {
        for change in &changes.states {
            self.write_state(change);
        }
        self.change_claims(&changes.claims);
        for change in &changes.counters {
            self.count(*change);
        }
        for (room, seq) in &changes.redactions {
            self.redact(*room, *seq);
        }
        if let Some(cursor) = changes.cursor {
            let consumer = cursor.consumer.0;
            self.seen.cursors.insert(consumer, cursor.to);
            Passed::note(&mut self.writes.cursors, consumer, cursor.from, cursor.to);
        }
        for event in &changes.events {
            self.writes.at = self.writes.at.max(Some(event.at));
            if let Some(channel) = event.what.audited() {
                let place = (channel, event.at, event.id);
                self.writes.audited.insert(place, event);
            }
        }
        if let Some(reply) = &changes.reply {
            let key = (reply.by, reply.key.clone());
            self.seen.replies.insert(key.clone(), reply.clone());
            self.writes.replies.insert(key, reply);
        }
        self.writes.events.extend(&changes.events);
        changes.lines.iter().map(|line| self.append(line)).collect()
    }

    fn write_state(&mut self, change: &'a StateChange) {
        if let Some((aggregate, seen)) = Aggregate::of(change) {
            let is_gone = matches!(change, StateChange::Unfollowed(..));
            let version = if is_gone { Version::NEW } else { seen.next() };
            self.seen.versions.insert(aggregate, version);
        }
        let writes = &mut self.writes;
        match change {
            StateChange::User(write) => rewrite(&mut writes.users, write.next.id, write),
            StateChange::Channel(write) => rewrite(&mut writes.channels, write.next.id, write),
            StateChange::StreamKey(write) => {
                rewrite(&mut writes.stream_keys, write.next.id, write);
            }
            StateChange::Stream(write) => rewrite(&mut writes.streams, write.next.id, write),
            StateChange::Recording(write) => rewrite(&mut writes.recordings, write.next.id, write),
            StateChange::Room(write) => rewrite(&mut writes.rooms, write.next.channel, write),
            StateChange::Session(session) => {
                writes.sessions.insert(session.id, Some(session));
            }
            StateChange::SessionEnded(id) => {
                writes.sessions.insert(*id, None);
            }
            StateChange::Restriction(restriction) => {
                let key = (restriction.room, restriction.subject);
                writes.restrictions.insert(key, Some(restriction));
            }
            StateChange::RestrictionLifted(room, subject) => {
                writes.restrictions.insert((*room, *subject), None);
            }
            StateChange::Appointment(it) => {
                writes.appointments.insert((it.channel, it.user), Some(it));
            }
            StateChange::Dismissed(channel, user) => {
                writes.appointments.insert((*channel, *user), None);
            }
            StateChange::Follow(write) => {
                let key = (write.next.follower, write.next.channel);
                refollow(&mut writes.follows, key, write.seen, Some(&write.next));
            }
            StateChange::Unfollowed(follower, channel, seen) => {
                refollow(&mut writes.follows, (*follower, *channel), *seen, None);
            }
            StateChange::Block(block) => {
                let key = (block.blocker, block.blocked);
                writes.blocks.insert(key, Some(block));
            }
            StateChange::Unblocked(blocker, subject) => {
                writes.blocks.insert((*blocker, *subject), None);
            }
        }
    }

    fn change_claims(&mut self, changes: &[ClaimChange]) {
        for change in changes {
            if let ClaimChange::Release(claim, holder) = change {
                let key = ClaimKey::of(claim);
                if self.seen.claims.get(&key) == Some(holder) {
                    self.seen.claims.remove(&key);
                    Passed::note(&mut self.writes.claims, key, Some(*holder), None);
                }
            }
        }
        for change in changes {
            if let ClaimChange::Take(claim, holder) = change {
                let key = ClaimKey::of(claim);
                let before = self.seen.claims.insert(key.clone(), *holder);
                Passed::note(&mut self.writes.claims, key, before, Some(*holder));
            }
        }
    }

    fn count(&mut self, change: CounterChange) {
        let counts = &mut self.writes.counts;
        match change {
            CounterChange::ViewsAdded(stream, n) => {
                let counts = counts.entry(stream).or_default();
                counts.views = counts.views.saturating_add(n);
            }
            CounterChange::PeakSeen(stream, n) => {
                let counts = counts.entry(stream).or_default();
                counts.peak = counts.peak.max(n);
            }
            CounterChange::MessagesAdded(stream, n) => {
                let counts = counts.entry(stream).or_default();
                counts.messages = counts.messages.saturating_add(n);
            }
            CounterChange::FollowerCame(channel) => {
                self.writes.followers.entry(channel).or_default().came();
            }
            CounterChange::FollowerWent(channel) => {
                self.writes.followers.entry(channel).or_default().went();
            }
        }
    }

    /// Only of what is there: the next lines are not meant.
    fn redact(&mut self, room: ChannelId, seq: Seq) {
        if seq > self.head(room) {
            return;
        }
        self.writes.redactions.insert((room, seq));
        let known = self.seen.repeats.iter_mut();
        for (_, line) in known.filter(|((of, ..), line)| *of == room && line.place.seq == seq) {
            if let LineBody::Message(message) = &mut line.body {
                message.content = Content::Deleted;
            }
        }
    }

    fn append(&mut self, line: &'a NewLine) -> Place {
        let seq = self.head(line.room).next();
        let place = Place {
            epoch: self.epoch,
            seq,
        };
        self.seen.heads.insert(line.room, seq);
        let key = repeat_key(line).filter(|key| !self.seen.repeats.contains_key(key));
        let is_first = key.is_some();
        if let Some(key) = key {
            let first = Line {
                place,
                at: line.at,
                body: line.body.clone(),
            };
            self.seen.repeats.insert(key, first);
        }
        let writes = &mut self.writes;
        writes.lines.push(Appended {
            seq,
            line,
            is_first,
        });
        let range = writes.ranges.entry(line.room).or_insert(LineRange {
            room: line.room,
            first: seq,
            last: seq,
        });
        range.last = seq;
        writes.at = writes.at.max(Some(line.at));
        place
    }

    fn head(&self, room: ChannelId) -> Seq {
        self.seen.heads.get(&room).copied().unwrap_or(Seq::ZERO)
    }
}

fn repeat_key(line: &NewLine) -> Option<RepeatKey> {
    let (author, id) = line.repeat_key()?;
    Some((line.room, author, id.clone()))
}
