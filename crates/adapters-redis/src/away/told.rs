//! Who this node was told of, should Redis forget.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::StreamId;
use greenroom_domain::stream::Audience;

/// An audience that this node has not asked for so long is over, or another's to ask for.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(10);

/// How long after its return the nodes may take to say who is there.
const SETTLING: Duration = Duration::from_secs(3);

/// The audiences as this node was told of them: a Redis that comes back empty would else
/// have everybody come once more.
#[derive(Debug, Default)]
pub(super) struct Told {
    streams: HashMap<StreamId, Known>,
    /// The connection by which it was asked last.
    connection: u64,
    /// Until when nobody is said to have come or gone.
    settled_at: Option<Timestamp>,
}

#[derive(Debug)]
struct Known {
    audience: BTreeSet<Identity>,
    asked_at: Instant,
}

impl Told {
    /// Whether to ask by this connection yet.
    pub(super) fn is_settled(&mut self, connection: u64, now: Timestamp) -> bool {
        if connection != self.connection {
            self.connection = connection;
            // There is nothing to settle after the first.
            self.settled_at = (connection > 1).then(|| now + SETTLING);
        }
        self.settled_at.is_none_or(|settled_at| settled_at <= now)
    }

    /// Takes down what was answered.
    pub(super) fn answered(&mut self, stream: StreamId, answer: &Audience) {
        let asked_at = Instant::now();
        if !self.streams.contains_key(&stream) {
            self.forget_before(asked_at);
        }
        let known = self.streams.entry(stream).or_insert_with(|| Known {
            audience: BTreeSet::new(),
            asked_at,
        });
        known.asked_at = asked_at;
        known.audience.extend(&answer.joined);
        for who in &answer.left {
            known.audience.remove(who);
        }
    }

    /// Who was told of when Redis was lost, where it was this node that asked.
    pub(super) fn when_lost(&mut self, lost_at: Instant) -> Vec<(StreamId, Vec<Identity>)> {
        self.forget_before(lost_at);
        let audience = |(stream, known): (&StreamId, &Known)| {
            let told = known.audience.iter().copied();
            (*stream, told.collect())
        };
        self.streams.iter().map(audience).collect()
    }

    pub(super) fn clear(&mut self, stream: StreamId) {
        self.streams.remove(&stream);
    }

    fn forget_before(&mut self, then: Instant) {
        self.streams
            .retain(|_, known| then.duration_since(known.asked_at) < FORGOTTEN_AFTER);
    }
}
