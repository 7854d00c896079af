//! Who publishes, and who no longer may.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use greenroom_domain::media::IngestLease;
use greenroom_domain::shared::id::{StreamId, UserId};
use greenroom_domain::stream::Generation;

use super::{Entry, Person, Rooms, Track};

/// How long it is remembered that leases are worth nothing: far longer than from being given
/// one to publishing.
const REMEMBERED: Duration = Duration::from_secs(120);

/// How far somebody is who has tracks in their own room.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Publishing {
    /// Nobody has been asked.
    #[default]
    Unasked,
    /// The application is being asked.
    Asking,
    /// It could not say; it is asked again when LiveKit's lists are looked at.
    Unanswered,
    /// They are the stream's publisher.
    Current(IngestLease),
    /// They were, and are to be sent out.
    Cut(IngestLease),
}

/// Leases that are worth nothing, also those whose publisher has not been let in yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fence {
    up_to: Generation,
    since: Instant,
}

impl Publishing {
    /// What the application believes.
    pub(super) fn lease(self) -> Option<IngestLease> {
        match self {
            Self::Current(lease) | Self::Cut(lease) => Some(lease),
            Self::Unasked | Self::Asking | Self::Unanswered => None,
        }
    }

    /// They publish nothing any more; what the application is to be told.
    pub(super) fn stop(&mut self) -> Option<IngestLease> {
        match self {
            // Who is sent out does not begin again.
            Self::Cut(_) | Self::Asking => None,
            _ => std::mem::take(self).lease(),
        }
    }
}

impl Person {
    fn current(&self) -> Option<&IngestLease> {
        match &self.publishing {
            Publishing::Current(lease) => Some(lease),
            _ => None,
        }
    }

    fn cut(&mut self) {
        if let Publishing::Current(lease) = std::mem::take(&mut self.publishing) {
            self.publishing = Publishing::Cut(lease);
            self.entry = Entry::Denied;
        }
    }
}

impl Rooms {
    /// The application lets a publisher in; whoever published to the room before is cut off.
    /// False where the publisher has gone meanwhile, or the lease is worth nothing any more: the
    /// application will be told.
    pub(crate) fn let_in(
        &mut self,
        room: UserId,
        sid: &str,
        lease: IngestLease,
        now: Instant,
    ) -> bool {
        let is_fenced = self
            .fences
            .get(&lease.stream)
            .is_some_and(|fence| lease.generation <= fence.up_to);
        let it = self.by_owner.entry(room).or_default();
        let is_there = it
            .people
            .get(sid)
            .is_some_and(|person| person.publishing == Publishing::Asking);
        if !is_there {
            it.lost.push(lease);
            return false;
        }
        if !is_fenced {
            it.people.values_mut().for_each(Person::cut);
            let earlier = Generation(lease.generation.0.saturating_sub(1));
            fence(&mut self.fences, lease.stream, earlier, now);
        }
        let Some(person) = it.people.get_mut(sid) else {
            return false;
        };
        person.publishing = Publishing::Current(lease);
        if is_fenced {
            person.cut();
        } else if person.tracks.is_empty() {
            it.lost.extend(person.publishing.stop());
        }
        !is_fenced
    }

    /// The application does not let them publish: they are sent out.
    pub(crate) fn turn_away(&mut self, room: UserId, sid: &str) {
        if let Some(person) = self.person(room, sid) {
            person.publishing = Publishing::Unanswered;
            person.entry = Entry::Denied;
        }
    }

    /// The application could not say whether they may publish.
    pub(crate) fn unanswered(&mut self, room: UserId, sid: &str) {
        if let Some(person) = self.person(room, sid) {
            person.publishing = Publishing::Unanswered;
        }
    }

    /// Cuts off a stream's publishers up to a generation, those too that have not been let in
    /// yet. In which rooms they are, and how they are called there.
    pub(crate) fn close(
        &mut self,
        stream: StreamId,
        up_to: Generation,
        now: Instant,
    ) -> Vec<(UserId, String)> {
        self.fences
            .retain(|_, fence| now.duration_since(fence.since) < REMEMBERED);
        fence(&mut self.fences, stream, up_to, now);
        let mut cut = Vec::new();
        for (room, it) in &mut self.by_owner {
            for person in it.people.values_mut() {
                let is_meant =
                    |lease: &IngestLease| lease.stream == stream && lease.generation <= up_to;
                if person.current().is_some_and(is_meant) {
                    person.cut();
                }
                if let Publishing::Cut(lease) = &person.publishing
                    && is_meant(lease)
                {
                    cut.push((*room, person.name.clone()));
                }
            }
        }
        cut
    }

    /// Whether another stream than this is published in a room.
    pub(crate) fn has_another(&self, room: UserId, stream: StreamId) -> bool {
        let mut people = self
            .by_owner
            .get(&room)
            .into_iter()
            .flat_map(|it| it.people.values());
        people.any(|person| person.current().is_some_and(|lease| lease.stream != stream))
    }

    /// Whether anything is published in a room.
    pub(crate) fn is_on_air(&self, room: UserId) -> bool {
        let people = self.by_owner.get(&room).map(|it| it.people.values());
        people.is_some_and(|mut people| people.any(|person| person.current().is_some()))
    }

    /// Who publishes a stream: as which publisher, and what.
    pub(crate) fn status(&self, stream: StreamId) -> Option<(Generation, Vec<Track>)> {
        let people = self.by_owner.values().flat_map(|it| it.people.values());
        let current = people.filter_map(|person| Some((person.current()?, person)));
        let (lease, person) = current
            .filter(|(lease, _)| lease.stream == stream)
            .max_by_key(|(lease, _)| lease.generation)?;
        Some((lease.generation, person.tracks.values().cloned().collect()))
    }

    fn person(&mut self, room: UserId, sid: &str) -> Option<&mut Person> {
        self.by_owner.get_mut(&room)?.people.get_mut(sid)
    }
}

/// Leases of the stream up to this generation are worth nothing from now on.
fn fence(fences: &mut HashMap<StreamId, Fence>, stream: StreamId, up_to: Generation, now: Instant) {
    let fence = fences.entry(stream).or_insert(Fence { up_to, since: now });
    fence.up_to = fence.up_to.max(up_to);
    fence.since = now;
}
