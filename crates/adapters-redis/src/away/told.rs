//! Who this node was told of, should Redis forget.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::StreamId;
use greenroom_domain::stream::Audience;

/// An audience that this node has not asked for so long is another's to ask for, or over.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(60);

/// How long after its return the nodes may take to say who is there.
pub(super) const SETTLING: Duration = Duration::from_secs(3);

/// The audiences as this node was told of them: a Redis that comes back empty would else
/// have everybody come once more.
#[derive(Debug, Default)]
pub(super) struct Told {
    streams: HashMap<StreamId, Known>,
    /// The connection by which it was asked last; 0 before the first.
    connection: u64,
    /// Until when nobody is said to have come or gone.
    settled_at: Option<Timestamp>,
}

#[derive(Debug)]
struct Known {
    audience: BTreeSet<Identity>,
    asked_at: Timestamp,
    /// It has to be put back before the next question.
    is_due: bool,
}

/// What to do when an audience is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// Nothing yet.
    Later,
    /// Ask, once Redis knows of these again.
    Restoring(Vec<Identity>),
    /// Ask.
    Now,
}

impl Told {
    /// Says whether to ask for a stream's audience by this connection.
    pub(super) fn ask(&mut self, stream: StreamId, connection: u64, now: Timestamp) -> Ask {
        if connection != self.connection {
            if self.connection != 0 {
                self.settled_at = Some(now + SETTLING);
                for known in self.streams.values_mut() {
                    known.is_due = true;
                }
            }
            self.connection = connection;
        }
        if self.settled_at > Some(now) {
            return Ask::Later;
        }
        match self.streams.get_mut(&stream) {
            Some(known) if known.is_due => Ask::Restoring(known.audience.iter().copied().collect()),
            Some(_) | None => Ask::Now,
        }
    }

    /// Takes down what was answered.
    pub(super) fn answered(&mut self, stream: StreamId, answer: &Audience, now: Timestamp) {
        let from = now - FORGOTTEN_AFTER;
        if !self.streams.contains_key(&stream) {
            self.streams.retain(|_, known| from < known.asked_at);
        }
        let known = self.streams.entry(stream).or_insert_with(|| Known {
            audience: BTreeSet::new(),
            asked_at: now,
            is_due: false,
        });
        known.asked_at = now;
        known.is_due = false;
        known.audience.extend(&answer.joined);
        for who in &answer.left {
            known.audience.remove(who);
        }
    }

    pub(super) fn clear(&mut self, stream: StreamId) {
        self.streams.remove(&stream);
    }
}
