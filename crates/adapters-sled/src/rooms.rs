//! What the committer knows of rooms by heart: where each log ends, and which client message
//! ids are in the part of it in which they are unique.
//!
//! None of it is stored: the head is the last line's key, and the ids are read from the log
//! when a room is first posted to after a start.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use greenroom_domain::chat::Seq;
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::ChannelId;
use greenroom_domain::shared::store::StoreError;
use sled::Tree;

use crate::database::refused;
use crate::keyspace;
use crate::{chat, read};

/// A client message id is unique among so many of a room's last lines at least…
const LAST_LINES: u64 = 10_000;

/// …and among those of this time at least.
const LAST_TIME: Duration = Duration::from_secs(24 * 3600);

/// So many ids are kept over all rooms; then the rooms that were quiet longest are forgotten
/// (and read again when somebody posts).
const MOST_IDS: usize = 1_000_000;

/// After so many batches it is looked whether there are more.
const LOOK_EVERY: u64 = 256;

/// Stands for an author and what their client calls a message. 128 bits under a key of this
/// process: no two are the same by chance, and nobody can make them so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct RepeatTag(u128);

/// Makes tags, always the same ones while the process lives.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tagger(RandomState, RandomState);

impl Tagger {
    pub(crate) fn tag(&self, author: Identity, client_id: &str) -> RepeatTag {
        let (high, low) = (
            self.0.hash_one((author, client_id)),
            self.1.hash_one((author, client_id)),
        );
        RepeatTag(u128::from(high) << 64 | u128::from(low))
    }
}

/// The client message ids of a room's last lines.
#[derive(Debug, Default)]
pub(crate) struct Repeats {
    by_tag: HashMap<RepeatTag, Seq>,
    /// Oldest first; those that carry an id.
    in_order: VecDeque<(Seq, Timestamp, RepeatTag)>,
    /// All lines up to this number are in it.
    through: u64,
}

impl Repeats {
    /// Reads the last lines of a room's log.
    pub(crate) fn of(tree: &Tree, room: ChannelId, tagger: &Tagger) -> Result<Self, StoreError> {
        let mut newest: Option<(Seq, Timestamp)> = None;
        let mut repeats = Self::default();
        for found in tree.scan_prefix(keyspace::lines(room)).rev() {
            let (key, bytes) = found.map_err(refused)?;
            let seq = chat::seq_of(&key)?;
            let (at, repeat) = chat::line::decode_repeat(&bytes)?;
            let (head, head_at) = *newest.get_or_insert((seq, at));
            if is_past((seq, at), (head, head_at)) {
                break;
            }
            if let Some((author, client_id)) = repeat {
                let tag = tagger.tag(author, &client_id);
                repeats.by_tag.entry(tag).or_insert(seq);
                repeats.in_order.push_front((seq, at, tag));
            }
        }
        repeats.through = newest.map_or(0, |(seq, _)| seq.0);
        Ok(repeats)
    }

    /// Adds what was appended since it was read.
    pub(crate) fn catch_up(
        &mut self,
        tree: &Tree,
        room: ChannelId,
        tagger: &Tagger,
    ) -> Result<(), StoreError> {
        let from = keyspace::line(room, Seq(self.through + 1));
        for found in tree.range(from..read::end_of(&keyspace::lines(room))) {
            let (key, bytes) = found.map_err(refused)?;
            let (at, repeat) = chat::line::decode_repeat(&bytes)?;
            let tag = repeat.map(|(author, client_id)| tagger.tag(author, &client_id));
            self.add(chat::seq_of(&key)?, at, tag);
        }
        Ok(())
    }

    pub(crate) fn get(&self, tag: RepeatTag) -> Option<Seq> {
        self.by_tag.get(&tag).copied()
    }

    /// A line was appended; what is older than need be is forgotten.
    pub(crate) fn add(&mut self, seq: Seq, at: Timestamp, tag: Option<RepeatTag>) {
        self.through = seq.0;
        if let Some(tag) = tag {
            self.by_tag.insert(tag, seq);
            self.in_order.push_back((seq, at, tag));
        }
        while let Some(&(old, old_at, tag)) = self.in_order.front()
            && is_past((old, old_at), (seq, at))
        {
            self.in_order.pop_front();
            if self.by_tag.get(&tag) == Some(&old) {
                self.by_tag.remove(&tag);
            }
        }
    }
}

fn is_past((seq, at): (Seq, Timestamp), (head, now): (Seq, Timestamp)) -> bool {
    head.0.saturating_sub(seq.0) >= LAST_LINES && now.since(at) > LAST_TIME
}

/// All rooms that were written to lately.
#[derive(Debug, Default)]
pub(crate) struct Rooms {
    known: HashMap<ChannelId, Known>,
    /// Counts batches, to know which room was quiet longest.
    batch: u64,
}

#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) head: Seq,
    pub(crate) repeats: Option<Repeats>,
    used: u64,
}

impl Rooms {
    /// What is known of a room; its head is read when nothing is.
    pub(crate) fn get(
        &mut self,
        room: ChannelId,
        head: impl FnOnce() -> Result<Seq, StoreError>,
    ) -> Result<&mut Known, StoreError> {
        use std::collections::hash_map::Entry;
        let batch = self.batch;
        let known = match self.known.entry(room) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(Known {
                head: head()?,
                repeats: None,
                used: batch,
            }),
        };
        known.used = batch;
        Ok(known)
    }

    /// A line was appended to a room that is known.
    pub(crate) fn append(
        &mut self,
        room: ChannelId,
        seq: Seq,
        at: Timestamp,
        tag: Option<RepeatTag>,
    ) {
        if let Some(known) = self.known.get_mut(&room) {
            known.head = seq;
            if let Some(repeats) = &mut known.repeats {
                repeats.add(seq, at, tag);
            }
        }
    }

    /// A batch is durable: begins the next one. Answers with the rooms that were forgotten.
    pub(crate) fn next_batch(&mut self) -> Vec<ChannelId> {
        self.batch += 1;
        if !self.batch.is_multiple_of(LOOK_EVERY) {
            return Vec::new();
        }
        let mut kept: usize = self.known.values().map(Known::ids).sum();
        let mut forgotten = Vec::new();
        while kept > MOST_IDS && self.known.len() > 1 {
            let quiet = self.known.iter().min_by_key(|(_, known)| known.used);
            let Some((&room, known)) = quiet else { break };
            kept -= known.ids();
            self.known.remove(&room);
            forgotten.push(room);
        }
        forgotten
    }

    /// Forgets everything: what was written is not known.
    pub(crate) fn clear(&mut self) {
        self.known.clear();
    }
}

impl Known {
    /// What it costs, in ids; a room without any is not free either.
    fn ids(&self) -> usize {
        1 + self.repeats.as_ref().map_or(0, |r| r.in_order.len())
    }
}

#[cfg(test)]
mod tests {
    use greenroom_domain::shared::id::UserId;
    use uuid::Uuid;

    use super::*;

    fn after(seconds: u64) -> Timestamp {
        Timestamp::EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn an_id_is_forgotten_once_it_is_old_in_lines_and_in_time() {
        let author = Identity::User(UserId::from_uuid(Uuid::nil()));
        let tagger = Tagger::default();
        let tag = |n: u64| tagger.tag(author, &n.to_string());
        let mut repeats = Repeats::default();
        repeats.add(Seq(1), after(0), Some(tag(1)));
        // Many lines within a day.
        for n in 2..=LAST_LINES + 5 {
            repeats.add(Seq(n), after(1), Some(tag(n)));
        }
        assert_eq!(repeats.get(tag(1)), Some(Seq(1)), "it is not a day old");
        // A day later all those that are too many go.
        let head = LAST_LINES + 6;
        repeats.add(Seq(head), after(24 * 3600 + 2), Some(tag(head)));
        assert_eq!(repeats.get(tag(6)), None);
        assert_eq!(
            repeats.get(tag(7)),
            Some(Seq(7)),
            "it is among the last lines"
        );
        // However long it is quiet, the last lines stay.
        repeats.add(Seq(head + 1), after(1_000_000_000), None);
        assert_eq!(repeats.get(tag(7)), None);
        assert_eq!(repeats.get(tag(8)), Some(Seq(8)));
    }

    #[test]
    fn the_same_id_of_another_author_is_another() {
        let [one, two] = [1, 2].map(|n| Identity::User(UserId::from_uuid(Uuid::from_u128(n))));
        let tagger = Tagger::default();
        assert_eq!(tagger.tag(one, "a"), tagger.tag(one, "a"));
        assert_ne!(tagger.tag(one, "a"), tagger.tag(two, "a"));
        assert_ne!(tagger.tag(one, "a"), tagger.tag(one, "b"));
    }
}
