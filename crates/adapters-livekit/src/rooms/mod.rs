//! What is in the rooms: told by webhooks that come twice, late, in any order or not at all,
//! and by LiveKit's lists.
//!
//! Whoever comes into a room gets a `sid` that nobody else ever has, and so does each of their
//! tracks. Each `sid` is there once and then gone for good, so two sets are enough, those that
//! came and those that went: whatever the order, the result is the same. What went is
//! remembered for far longer than a delivery may take.

mod publishing;
mod recent;
mod work;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use greenroom_domain::media::{IngestLease, KeyVersion};
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::id::{StreamId, UserId};

use crate::identity::Who;
use publishing::{Fence, Publishing};
pub(crate) use recent::Recent;
pub(crate) use work::Work;

/// LiveKit tries to deliver for half a minute.
const GONE_FOR: Duration = Duration::from_secs(600);
const GONE_MOST: usize = 200_000;

/// What is in the rooms.
#[derive(Debug)]
pub(crate) struct Rooms {
    by_owner: HashMap<UserId, Room>,
    gone: Recent,
    fences: HashMap<StreamId, Fence>,
}

/// A creator's room.
#[derive(Debug, Default)]
struct Room {
    people: BTreeMap<String, Person>,
    /// Who the application was told is there.
    counted: BTreeSet<Identity>,
    /// Publishers that the application is to be told are gone.
    lost: Vec<IngestLease>,
    /// Something was heard that is understood only by looking.
    is_unclear: bool,
    /// Somebody is at work on what follows.
    is_busy: bool,
}

/// Somebody in a room.
#[derive(Debug, Clone)]
struct Person {
    name: String,
    who: Who,
    /// The room as it was made last.
    room_sid: String,
    /// Since when, in milliseconds since 1970; 0 while nobody has said.
    joined_at: i64,
    tracks: BTreeMap<String, Track>,
    key: Key,
    publishing: Publishing,
    entry: Entry,
}

/// Whether somebody may be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Entry {
    Unasked,
    Granted,
    /// They are to be sent out.
    Denied,
    /// They were sent out, and should go any moment.
    Expelled,
}

/// With what somebody publishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// Not every webhook says so.
    Unsaid,
    /// With none of ours.
    Foreign,
    /// With this.
    Ours(KeyVersion),
}

/// What somebody publishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Track {
    pub(crate) is_video: bool,
    pub(crate) mime: String,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// Somebody, as LiveKit tells of them.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) sid: String,
    pub(crate) room_sid: String,
    /// In milliseconds since 1970; 0 where it is not said.
    pub(crate) joined_at: i64,
    pub(crate) name: String,
    pub(crate) who: Who,
    pub(crate) key: Key,
    pub(crate) tracks: Vec<(String, Track)>,
}

/// What LiveKit tells.
#[derive(Debug, Clone)]
pub(crate) enum Heard {
    /// Somebody is there, and publishes this.
    There(Told),
    /// Somebody has gone.
    Gone { sid: String },
    /// Somebody publishes something no more.
    TrackGone { track: String, sid: String },
    /// The room is closed, with all who were in it.
    Closed { room_sid: String },
    /// Something happened that changes who is there.
    Unclear,
}

/// Who was known to be in a room, and with which tracks, when LiveKit was asked.
pub(crate) type Known = BTreeMap<String, BTreeSet<String>>;

impl Default for Rooms {
    fn default() -> Self {
        Self {
            by_owner: HashMap::new(),
            gone: Recent::new(GONE_FOR, GONE_MOST),
            fences: HashMap::new(),
        }
    }
}

impl Rooms {
    /// Takes in what was told of a room.
    pub(crate) fn hear(&mut self, room: UserId, heard: Heard, now: Instant) {
        match heard {
            Heard::There(told) => self.arrive(room, told, now),
            Heard::Gone { sid } => self.leave(room, &sid, now),
            Heard::TrackGone { track, sid } => self.unpublish(room, &sid, &track, now),
            Heard::Closed { room_sid } => {
                self.gone.insert(&room_sid, now);
                self.leave_all(room, now, |person| person.room_sid == room_sid);
                // Of somebody who was found by looking it is not known which room it was.
                if let Some(it) = self.by_owner.get_mut(&room) {
                    it.is_unclear |= it.people.values().any(|person| person.room_sid.is_empty());
                }
            }
            Heard::Unclear => self.by_owner.entry(room).or_default().is_unclear = true,
        }
    }

    /// Who is known to be in a room, before LiveKit is asked.
    pub(crate) fn known(&self, room: UserId) -> Known {
        let people = self
            .by_owner
            .get(&room)
            .into_iter()
            .flat_map(|it| &it.people);
        let known = |(sid, person): (&String, &Person)| {
            (sid.clone(), person.tracks.keys().cloned().collect())
        };
        people.map(known).collect()
    }

    /// The rooms that anybody is known to be in.
    pub(crate) fn all(&self) -> Vec<UserId> {
        self.by_owner.keys().copied().collect()
    }

    /// Takes in who LiveKit said is in a room; whoever was known before it was asked, and is not
    /// there, has gone.
    pub(crate) fn look(&mut self, room: UserId, known: &Known, listed: Vec<Told>, now: Instant) {
        for (sid, tracks) in known {
            match listed.iter().find(|told| told.sid == *sid) {
                None => self.leave(room, sid, now),
                Some(told) => {
                    for track in tracks {
                        if !told.tracks.iter().any(|(sid, _)| sid == track) {
                            self.unpublish(room, sid, track, now);
                        }
                    }
                }
            }
        }
        for told in listed {
            self.arrive(room, told, now);
        }
    }

    /// Who the application was told is there, room by room.
    pub(crate) fn counted(&self) -> Vec<(UserId, Vec<Identity>)> {
        let rooms = self
            .by_owner
            .iter()
            .filter(|(_, it)| !it.counted.is_empty());
        rooms
            .map(|(room, it)| (*room, it.counted.iter().copied().collect()))
            .collect()
    }

    /// Whether somebody of this name is known to be in a room.
    pub(crate) fn is_there(&self, room: UserId, name: &str) -> bool {
        let mut people = self
            .by_owner
            .get(&room)
            .into_iter()
            .flat_map(|it| it.people.values());
        people.any(|person| person.name == name)
    }

    /// What somebody is called in a room, under each of their names there.
    pub(crate) fn names_of(&self, room: UserId, who: Identity) -> Vec<String> {
        let people = self
            .by_owner
            .get(&room)
            .into_iter()
            .flat_map(|it| &it.people);
        let names = people.filter(|(_, person)| person.who == Who::Viewer(who));
        names.map(|(_, person)| person.name.clone()).collect()
    }

    fn arrive(&mut self, room: UserId, told: Told, now: Instant) {
        if self.gone.contains(&told.sid) || self.gone.contains(&told.room_sid) {
            return;
        }
        let people = &mut self.by_owner.entry(room).or_default().people;
        let person = people.entry(told.sid).or_insert_with(|| Person {
            name: told.name.clone(),
            who: told.who,
            room_sid: told.room_sid.clone(),
            joined_at: 0,
            tracks: BTreeMap::new(),
            key: Key::Unsaid,
            publishing: Publishing::default(),
            entry: Entry::Unasked,
        });
        person.joined_at = person.joined_at.max(told.joined_at);
        if person.room_sid.is_empty() {
            person.room_sid = told.room_sid;
        }
        if told.key != Key::Unsaid {
            if person.key == Key::Unsaid && person.publishing == Publishing::Unanswered {
                person.publishing = Publishing::Unasked;
            }
            person.key = told.key;
            person.who = told.who;
        }
        for (sid, track) in told.tracks {
            if !self.gone.contains(&sid) {
                person.tracks.insert(sid, track);
            }
        }
        self.displace(room, &told.name, now);
    }

    /// A name is in a room once: whoever came under it later has displaced who came before.
    fn displace(&mut self, room: UserId, name: &str, now: Instant) {
        let people = self
            .by_owner
            .get(&room)
            .into_iter()
            .flat_map(|it| it.people.values());
        let same = people.filter(|person| person.name == name);
        let latest = same.map(|person| person.joined_at).max().unwrap_or(0);
        self.leave_all(room, now, |person| {
            person.name == name && (1..latest).contains(&person.joined_at)
        });
    }

    fn leave(&mut self, room: UserId, sid: &str, now: Instant) {
        self.gone.insert(sid, now);
        if let Some(it) = self.by_owner.get_mut(&room)
            && let Some(person) = it.people.remove(sid)
        {
            it.lost.extend(person.publishing.lease());
        }
    }

    fn leave_all(&mut self, room: UserId, now: Instant, which: impl Fn(&Person) -> bool) {
        let people = self
            .by_owner
            .get(&room)
            .into_iter()
            .flat_map(|it| &it.people);
        let leaving = people.filter(|(_, person)| which(person));
        let leaving: Vec<String> = leaving.map(|(sid, _)| sid.clone()).collect();
        for sid in leaving {
            self.leave(room, &sid, now);
        }
    }

    fn unpublish(&mut self, room: UserId, sid: &str, track: &str, now: Instant) {
        self.gone.insert(track, now);
        if let Some(it) = self.by_owner.get_mut(&room)
            && let Some(person) = it.people.get_mut(sid)
        {
            person.tracks.remove(track);
            if person.tracks.is_empty() {
                it.lost.extend(person.publishing.stop());
            }
        }
    }
}

#[cfg(test)]
mod tests;
