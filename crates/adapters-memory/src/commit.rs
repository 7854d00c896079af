//! Writing: everything is checked, then everything is done, under one lock.

use std::collections::BTreeMap;

use async_trait::async_trait;
use greenroom_domain::chat::{Content, Line, LineBody, NewLine, Place, Seq};
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::commit::{
    Changes, Claim, ClaimChange, Commit, CommitError, Committed, CounterChange, Holder,
    StateChange, Write,
};
use greenroom_domain::shared::event::Event;
use greenroom_domain::shared::feed::{FeedPosition, FeedRecord, LineRange};
use greenroom_domain::shared::id::ChannelId;
use greenroom_domain::shared::store::{Stored, Version};
use greenroom_domain::social::Follow;

use crate::store::{InMemoryStore, State};

#[async_trait]
impl Commit for InMemoryStore {
    async fn commit(&self, changes: Changes) -> Result<Committed, CommitError> {
        let mut state = self.state();
        state.check(&changes)?;
        let places = state.apply(changes);
        // Still under the lock, so that the head never goes back.
        self.head.send_if_modified(|head| {
            let moved = *head != state.feed.head();
            *head = state.feed.head();
            moved
        });
        Ok(Committed { places })
    }
}

impl State {
    /// Refuses in the order that the port promises.
    fn check(&self, changes: &Changes) -> Result<(), CommitError> {
        for line in &changes.lines {
            if let Some(first) = self.sent_before(line) {
                return Err(CommitError::Repeated(Box::new(first.clone())));
            }
        }
        if let Some(reply) = &changes.reply
            && let Some(first) = self.replies.get(&(reply.by, reply.key.clone()))
        {
            return Err(CommitError::Answered(Box::new(first.clone())));
        }
        if let Some(cursor) = &changes.cursor {
            let stands = self.cursors.get(cursor.consumer.0);
            if stands.copied().unwrap_or(FeedPosition::START) != cursor.from {
                return Err(CommitError::CursorMoved);
            }
        }
        for change in &changes.states {
            if self
                .versions(change)
                .is_some_and(|(seen, stored)| seen != stored)
            {
                return Err(CommitError::Conflict);
            }
        }
        for line in &changes.lines {
            if line
                .policy_seen
                .is_some_and(|seen| seen != version(self.rooms.get(&line.room)))
            {
                return Err(CommitError::PolicyMoved);
            }
        }
        self.check_claims(&changes.claims)
    }

    fn sent_before(&self, line: &NewLine) -> Option<&Line> {
        let (author, id) = line.repeat_key()?;
        let log = self.logs.get(&line.room)?;
        log.line(*log.sent.get(&(author, id.clone()))?)
    }

    /// The version that was seen and the one that is stored, of what has one.
    fn versions(&self, change: &StateChange) -> Option<(Version, Version)> {
        Some(match change {
            StateChange::User(write) => (write.seen, version(self.users.get(&write.next.id))),
            StateChange::Channel(write) => (write.seen, version(self.channels.get(&write.next.id))),
            StateChange::StreamKey(write) => {
                (write.seen, version(self.stream_keys.get(&write.next.id)))
            }
            StateChange::Stream(write) => (write.seen, version(self.streams.get(&write.next.id))),
            StateChange::Recording(write) => {
                (write.seen, version(self.recordings.get(&write.next.id)))
            }
            StateChange::Room(write) => (write.seen, version(self.rooms.get(&write.next.channel))),
            StateChange::Follow(write) => {
                let Follow {
                    follower, channel, ..
                } = write.next;
                (write.seen, version(self.follows.get(&(follower, channel))))
            }
            StateChange::Unfollowed(follower, channel, seen) => {
                (*seen, version(self.follows.get(&(*follower, *channel))))
            }
            StateChange::Session(_)
            | StateChange::SessionEnded(_)
            | StateChange::Restriction(_)
            | StateChange::RestrictionLifted(..)
            | StateChange::Appointment(_)
            | StateChange::Dismissed(..)
            | StateChange::Block(_)
            | StateChange::Unblocked(..) => return None,
        })
    }

    fn check_claims(&self, changes: &[ClaimChange]) -> Result<(), CommitError> {
        // Who holds what once the releases are done, of what the changes speak of.
        let mut holders: BTreeMap<&Claim, Option<Holder>> = BTreeMap::new();
        for change in changes {
            if let ClaimChange::Release(claim, holder) = change
                && self.claims.get(claim) == Some(holder)
            {
                holders.insert(claim, None);
            }
        }
        for change in changes {
            if let ClaimChange::Take(claim, taker) = change {
                let held = holders
                    .entry(claim)
                    .or_insert_with(|| self.claims.get(claim).copied());
                match held {
                    Some(holder) if holder != taker => {
                        return Err(CommitError::Taken(claim.clone()));
                    }
                    _ => *held = Some(*taker),
                }
            }
        }
        Ok(())
    }

    /// Does what was checked.
    fn apply(&mut self, changes: Changes) -> Vec<Place> {
        for change in changes.states {
            self.apply_state(change);
        }
        let (releases, takes): (Vec<_>, Vec<_>) = changes
            .claims
            .into_iter()
            .partition(|change| matches!(change, ClaimChange::Release(..)));
        for change in releases.into_iter().chain(takes) {
            match change {
                ClaimChange::Release(claim, holder) => {
                    if self.claims.get(&claim) == Some(&holder) {
                        self.claims.remove(&claim);
                    }
                }
                ClaimChange::Take(claim, holder) => {
                    self.claims.insert(claim, holder);
                }
            }
        }
        for change in changes.counters {
            self.count(change);
        }
        for (room, seq) in changes.redactions {
            self.redact(room, seq);
        }
        if let Some(cursor) = changes.cursor {
            self.cursors.insert(cursor.consumer.0.to_owned(), cursor.to);
        }
        let written = newest(&changes.events, &changes.lines);
        for event in &changes.events {
            if let Some(channel) = event.what.audited() {
                let place = (channel, event.at, event.id);
                self.audited.insert(place, event.clone());
            }
        }
        if let Some(reply) = changes.reply {
            self.replies.insert((reply.by, reply.key.clone()), reply);
        }
        let (places, ranges) = self.append(changes.lines);
        self.record(written, changes.events, ranges);
        places
    }

    fn apply_state(&mut self, change: StateChange) {
        match change {
            StateChange::User(write) => keep(&mut self.users, write.next.id, write),
            StateChange::Channel(write) => keep(&mut self.channels, write.next.id, write),
            StateChange::StreamKey(write) => keep(&mut self.stream_keys, write.next.id, write),
            StateChange::Stream(write) => keep(&mut self.streams, write.next.id, write),
            StateChange::Recording(write) => keep(&mut self.recordings, write.next.id, write),
            StateChange::Room(write) => keep(&mut self.rooms, write.next.channel, write),
            StateChange::Session(session) => {
                self.sessions.insert(session.id, session);
            }
            StateChange::SessionEnded(id) => {
                self.sessions.remove(&id);
            }
            StateChange::Restriction(restriction) => {
                self.restrictions
                    .insert((restriction.room, restriction.subject), restriction);
            }
            StateChange::RestrictionLifted(room, subject) => {
                self.restrictions.remove(&(room, subject));
            }
            StateChange::Appointment(it) => {
                self.appointments.insert((it.channel, it.user), it);
            }
            StateChange::Dismissed(channel, user) => {
                self.appointments.remove(&(channel, user));
            }
            StateChange::Follow(write) => {
                let key = (write.next.follower, write.next.channel);
                keep(&mut self.follows, key, write);
            }
            StateChange::Unfollowed(follower, channel, _) => {
                self.follows.remove(&(follower, channel));
            }
            StateChange::Block(block) => {
                self.blocks.insert((block.blocker, block.blocked), block);
            }
            StateChange::Unblocked(blocker, subject) => {
                self.blocks.remove(&(blocker, subject));
            }
        }
    }

    fn count(&mut self, change: CounterChange) {
        match change {
            CounterChange::ViewsAdded(stream, n) => {
                let counts = self.counts.entry(stream).or_default();
                counts.views = counts.views.saturating_add(n);
            }
            CounterChange::PeakSeen(stream, n) => {
                let counts = self.counts.entry(stream).or_default();
                counts.peak = counts.peak.max(n);
            }
            CounterChange::MessagesAdded(stream, n) => {
                let counts = self.counts.entry(stream).or_default();
                counts.messages = counts.messages.saturating_add(n);
            }
            CounterChange::FollowerCame(channel) => {
                let count = self.followers.entry(channel).or_default();
                *count = count.saturating_add(1);
            }
            CounterChange::FollowerWent(channel) => {
                let count = self.followers.entry(channel).or_default();
                *count = count.saturating_sub(1);
            }
        }
    }

    fn redact(&mut self, room: ChannelId, seq: Seq) {
        let line = self.logs.get_mut(&room).and_then(|log| log.line_mut(seq));
        if let Some(Line {
            body: LineBody::Message(message),
            ..
        }) = line
        {
            message.content = Content::Deleted;
        }
    }

    fn append(&mut self, lines: Vec<NewLine>) -> (Vec<Place>, Vec<LineRange>) {
        let mut places = Vec::with_capacity(lines.len());
        let mut ranges: Vec<LineRange> = Vec::new();
        let epoch = self.epoch;
        for new in lines {
            let log = self.logs.entry(new.room).or_default();
            let seq = log.head().next();
            let place = epoch.place(seq);
            log.push(Line {
                place,
                at: new.at,
                body: new.body,
            });
            places.push(place);
            match ranges.iter_mut().find(|range| range.room == new.room) {
                Some(range) => range.last = seq,
                None => ranges.push(LineRange {
                    room: new.room,
                    first: seq,
                    last: seq,
                }),
            }
        }
        (places, ranges)
    }

    /// What tells of nothing leaves no record: a consumer that only moves its cursor would
    /// wake itself for ever.
    fn record(&mut self, written: Option<Timestamp>, events: Vec<Event>, lines: Vec<LineRange>) {
        if let Some(written) = written {
            let position = FeedPosition(self.feed.head().0 + 1);
            let record = FeedRecord {
                position,
                events,
                lines,
            };
            self.feed.records.push_back((written, record));
        }
    }
}

fn version<T>(stored: Option<&Stored<T>>) -> Version {
    stored.map_or(Version::NEW, |stored| stored.version)
}

fn keep<K: Ord, T>(aggregates: &mut BTreeMap<K, Stored<T>>, id: K, write: Write<T>) {
    let stored = Stored {
        value: write.next,
        version: write.seen.next(),
    };
    aggregates.insert(id, stored);
}

/// The newest time that a write speaks of: the store has no clock of its own.
fn newest(events: &[Event], lines: &[NewLine]) -> Option<Timestamp> {
    let events = events.iter().map(|event| event.at);
    events.chain(lines.iter().map(|line| line.at)).max()
}
