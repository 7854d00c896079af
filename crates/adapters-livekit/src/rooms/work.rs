//! What follows from what is in a room, one thing at a time.

use std::collections::BTreeSet;

use greenroom_domain::media::IngestLease;
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::id::UserId;

use super::publishing::Publishing;
use super::{Entry, Key, Person, Room, Rooms};
use crate::identity::Who;

/// One thing that is to be done about a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Work {
    /// The application is told that this publisher has gone.
    Lost(IngestLease),
    /// Somebody is sent out.
    Expel {
        /// How they are called.
        name: String,
    },
    /// The application is asked whether this publisher may.
    Admit { sid: String, name: String, key: Key },
    /// The application is asked whether this viewer may be there.
    Judge(Identity),
    /// The application is told who came and who went.
    Count {
        came: Vec<Identity>,
        went: Vec<Identity>,
    },
    /// LiveKit is asked who is there.
    Look,
}

impl Rooms {
    /// Takes a room to work on; false when somebody else does.
    pub(crate) fn begin(&mut self, room: UserId) -> bool {
        let it = self.by_owner.entry(room).or_default();
        !std::mem::replace(&mut it.is_busy, true)
    }

    /// The next thing to do about a room. When there is nothing, the room is given back.
    pub(crate) fn next(&mut self, room: UserId) -> Option<Work> {
        let it = self.by_owner.get_mut(&room)?;
        let work = it.next();
        if work.is_none() {
            it.is_busy = false;
            if it.people.is_empty() && it.counted.is_empty() {
                self.by_owner.remove(&room);
            }
        }
        work
    }

    /// Whether a viewer may be in a room.
    pub(crate) fn judged(&mut self, room: UserId, viewer: Identity, may: bool) {
        let people = self
            .by_owner
            .get_mut(&room)
            .map(|it| it.people.values_mut());
        for person in people.into_iter().flatten() {
            if person.who == Who::Viewer(viewer) && person.entry == Entry::Unasked {
                person.entry = if may { Entry::Granted } else { Entry::Denied };
            }
        }
    }

    /// Whatever was asked is asked again, and whoever was sent out and is there is sent out
    /// again.
    pub(crate) fn remind(&mut self, room: UserId) {
        let people = self
            .by_owner
            .get_mut(&room)
            .map(|it| it.people.values_mut());
        for person in people.into_iter().flatten() {
            match person.entry {
                Entry::Granted => person.entry = Entry::Unasked,
                Entry::Expelled => person.entry = Entry::Denied,
                Entry::Unasked | Entry::Denied => {}
            }
            if person.publishing == Publishing::Unanswered && person.entry == Entry::Unasked {
                person.publishing = Publishing::Unasked;
            }
        }
    }
}

impl Room {
    fn next(&mut self) -> Option<Work> {
        if let Some(lease) = self.lost.pop() {
            return Some(Work::Lost(lease));
        }
        if let Some(name) = self.expel() {
            return Some(Work::Expel { name });
        }
        for (sid, person) in &mut self.people {
            match (person.who, person.entry) {
                (Who::Viewer(viewer), Entry::Unasked) => return Some(Work::Judge(viewer)),
                (Who::Publisher, Entry::Unasked)
                    if person.publishing == Publishing::Unasked && !person.tracks.is_empty() =>
                {
                    let key = person.key;
                    if key == Key::Unsaid {
                        person.publishing = Publishing::Unanswered;
                        self.is_unclear = true;
                        continue;
                    }
                    person.publishing = Publishing::Asking;
                    let (sid, name) = (sid.clone(), person.name.clone());
                    return Some(Work::Admit { sid, name, key });
                }
                _ => {}
            }
        }
        if std::mem::take(&mut self.is_unclear) {
            return Some(Work::Look);
        }
        self.count()
    }

    fn expel(&mut self) -> Option<String> {
        let denied = |person: &&mut Person| person.entry == Entry::Denied;
        let person = self.people.values_mut().find(denied)?;
        person.entry = Entry::Expelled;
        Some(person.name.clone())
    }

    fn count(&mut self) -> Option<Work> {
        let there: BTreeSet<Identity> = self.people.values().filter_map(Person::counts).collect();
        if there == self.counted {
            return None;
        }
        let came = there.difference(&self.counted).copied().collect();
        let went = self.counted.difference(&there).copied().collect();
        self.counted = there;
        Some(Work::Count { came, went })
    }
}

impl Person {
    fn counts(&self) -> Option<Identity> {
        match (self.who, self.entry) {
            (Who::Viewer(viewer), Entry::Granted | Entry::Unasked) => Some(viewer),
            _ => None,
        }
    }
}
