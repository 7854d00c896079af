//! Moving house: everything is copied, or replaced, under the one lock.

use async_trait::async_trait;
use greenroom_domain::shared::archive::{
    Archive, Entry, EntrySink, EntrySource, ExportError, ImportError,
};
use greenroom_domain::shared::feed::FeedPosition;
use greenroom_domain::stream::StreamCounts;

use crate::store::{Epoch, InMemoryStore, State};

/// So many entries are given at once.
const AT_ONCE: usize = 256;

#[async_trait]
impl Archive for InMemoryStore {
    async fn export(&self, to: &mut dyn EntrySink) -> Result<(), ExportError> {
        let mut entries = self.state().entries().into_iter();
        loop {
            let some: Vec<Entry> = entries.by_ref().take(AT_ONCE).collect();
            if some.is_empty() {
                return Ok(());
            }
            to.take(some).await.map_err(ExportError::Sink)?;
        }
    }

    async fn import(&self, from: &mut dyn EntrySource) -> Result<(), ImportError> {
        self.state().require_empty()?;
        let mut imported = State::default();
        loop {
            let entries = from.next().await.map_err(ImportError::Source)?;
            if entries.is_empty() {
                break;
            }
            for entry in entries {
                imported.keep(entry);
            }
        }
        let mut state = self.state();
        state.require_empty()?;
        *state = imported;
        self.head.send_replace(state.feed.head());
        Ok(())
    }
}

impl State {
    fn require_empty(&self) -> Result<(), ImportError> {
        // The epoch and the feed's base are always there.
        if self.entries().len() == 2 && self.feed.forgotten == FeedPosition::START {
            Ok(())
        } else {
            Err(ImportError::NotEmpty)
        }
    }

    /// Everything, in order.
    fn entries(&self) -> Vec<Entry> {
        let mut entries = vec![
            Entry::Epoch(self.epoch.0),
            Entry::FeedBase(self.feed.forgotten),
        ];
        entries.extend(self.users.values().cloned().map(Entry::User));
        entries.extend(self.sessions.values().cloned().map(Entry::Session));
        entries.extend(self.channels.values().cloned().map(Entry::Channel));
        entries.extend(self.stream_keys.values().cloned().map(Entry::StreamKey));
        entries.extend(self.streams.values().cloned().map(Entry::Stream));
        let counted = |counts: &StreamCounts| *counts != StreamCounts::default();
        let counts = self.counts.iter().filter(|(_, counts)| counted(counts));
        entries.extend(counts.map(|(stream, counts)| Entry::Counts(*stream, *counts)));
        entries.extend(self.recordings.values().cloned().map(Entry::Recording));
        entries.extend(self.rooms.values().cloned().map(Entry::Room));
        entries.extend(self.restrictions.values().cloned().map(Entry::Restriction));
        let appointments = self.appointments.values().cloned();
        entries.extend(appointments.map(Entry::Appointment));
        entries.extend(self.follows.values().cloned().map(Entry::Follow));
        let followers = self.followers.iter();
        entries.extend(followers.map(|(channel, count)| Entry::Followers(*channel, *count)));
        entries.extend(self.blocks.values().copied().map(Entry::Block));
        let audited = self.audited.iter();
        entries.extend(audited.map(|(place, event)| Entry::Audited(place.0, event.clone())));
        entries.extend(self.replies.values().cloned().map(Entry::Reply));
        let claims = self.claims.iter();
        entries.extend(claims.map(|(claim, holder)| Entry::Claim(claim.clone(), *holder)));
        for (room, log) in &self.logs {
            let lines = log.lines.iter().cloned();
            entries.extend(lines.map(|line| Entry::Line(*room, line)));
        }
        let records = self.feed.records.iter().cloned();
        entries.extend(records.map(|(written, record)| Entry::FeedRecord(written, record)));
        let cursors = self.cursors.iter();
        entries.extend(cursors.map(|(consumer, at)| Entry::Cursor(consumer.clone(), *at)));
        entries.sort_by_cached_key(Entry::place);
        entries
    }

    fn keep(&mut self, entry: Entry) {
        match entry {
            Entry::Epoch(epoch) => self.epoch = Epoch(epoch),
            Entry::User(user) => {
                self.users.insert(user.value.id, user);
            }
            Entry::Session(session) => {
                self.sessions.insert(session.id, session);
            }
            Entry::Channel(channel) => {
                self.channels.insert(channel.value.id, channel);
            }
            Entry::StreamKey(key) => {
                self.stream_keys.insert(key.value.id, key);
            }
            Entry::Stream(stream) => {
                self.streams.insert(stream.value.id, stream);
            }
            Entry::Counts(stream, counts) => {
                self.counts.insert(stream, counts);
            }
            Entry::Recording(it) => {
                self.recordings.insert(it.value.id, it);
            }
            Entry::Room(room) => {
                self.rooms.insert(room.value.channel, room);
            }
            Entry::Restriction(it) => {
                self.restrictions.insert((it.room, it.subject), it);
            }
            Entry::Appointment(it) => {
                self.appointments.insert((it.channel, it.user), it);
            }
            Entry::Follow(follow) => {
                let key = (follow.value.follower, follow.value.channel);
                self.follows.insert(key, follow);
            }
            Entry::Followers(channel, count) => {
                self.followers.insert(channel, count);
            }
            Entry::Block(block) => {
                self.blocks.insert((block.blocker, block.blocked), block);
            }
            Entry::Audited(channel, event) => {
                self.audited.insert((channel, event.at, event.id), event);
            }
            Entry::Reply(reply) => {
                self.replies.insert((reply.by, reply.key.clone()), reply);
            }
            Entry::Claim(claim, holder) => {
                self.claims.insert(claim, holder);
            }
            Entry::Line(room, line) => self.logs.entry(room).or_default().push(line),
            Entry::FeedBase(base) => self.feed.forgotten = base,
            Entry::FeedRecord(written, record) => self.feed.records.push_back((written, record)),
            Entry::Cursor(consumer, at) => {
                self.cursors.insert(consumer, at);
            }
        }
    }
}
