//! Who watches at this node.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::StreamId;
use greenroom_domain::stream::Via;

/// Fewer ways than this are not worth looking through.
const FEW: usize = 1024;

/// Nobody is said to be there for so long ahead: who was said to be there until so long before
/// the last that was said is gone.
const LONGEST: Duration = Duration::from_secs(300);

/// Who watches at this node, by what, until when. Who has gone is forgotten whenever the
/// number has doubled.
#[derive(Debug, Default)]
pub(super) struct OwnViewers {
    streams: HashMap<StreamId, HashMap<(Identity, Via), Timestamp>>,
    /// How many ways there are.
    ways: usize,
    /// How many there were when some were forgotten last.
    in_use: usize,
    /// The last time until which anybody was said to be there.
    last: Option<Timestamp>,
}

/// One way by which somebody is there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    pub(super) stream: StreamId,
    pub(super) who: Identity,
    pub(super) via: Via,
    pub(super) until: Timestamp,
}

impl OwnViewers {
    pub(super) fn renew(&mut self, way: Way) {
        self.last = self.last.max(Some(way.until));
        let ways = self.streams.entry(way.stream).or_default();
        let mut is_new = false;
        let until = ways.entry((way.who, way.via)).or_insert_with(|| {
            is_new = true;
            way.until
        });
        *until = way.until.max(*until);
        if is_new {
            self.ways += 1;
            if self.ways >= FEW.max(self.in_use * 2) {
                self.forget_gone();
            }
        }
    }

    pub(super) fn leave(&mut self, stream: StreamId, who: Identity, via: Via) {
        if let Some(ways) = self.streams.get_mut(&stream)
            && ways.remove(&(who, via)).is_some()
        {
            self.ways -= 1;
            if ways.is_empty() {
                self.streams.remove(&stream);
            }
        }
    }

    pub(super) fn clear(&mut self, stream: StreamId) {
        self.ways -= self.streams.remove(&stream).map_or(0, |ways| ways.len());
    }

    /// Everybody who is there, in the order of identities.
    pub(super) fn at(&self, stream: StreamId, now: Timestamp) -> BTreeSet<Identity> {
        let ways = self.streams.get(&stream).into_iter().flatten();
        let present = ways.filter(|(_, until)| now < **until);
        present.map(|((who, _), _)| *who).collect()
    }

    /// All ways of all streams.
    pub(super) fn all(&self) -> Vec<Way> {
        let of_stream = |(stream, ways): (&StreamId, &HashMap<_, _>)| {
            let stream = *stream;
            let way = move |(&(who, via), &until)| Way {
                stream,
                who,
                via,
                until,
            };
            ways.iter().map(way).collect::<Vec<_>>()
        };
        self.streams.iter().flat_map(of_stream).collect()
    }

    fn forget_gone(&mut self) {
        let from = self.last.map(|last| last - LONGEST);
        self.streams.retain(|_, ways| {
            ways.retain(|_, until| from < Some(*until));
            !ways.is_empty()
        });
        self.ways = self.streams.values().map(HashMap::len).sum();
        self.in_use = self.ways;
    }
}

#[cfg(test)]
mod tests {
    use greenroom_testkit::builders::{guest, noon_plus, stream_id};

    use super::*;

    #[test]
    fn who_has_gone_costs_nothing() {
        let mut own = OwnViewers::default();
        for n in 0..10_000 {
            own.renew(Way {
                stream: stream_id("ada", 1),
                who: guest(&format!("viewer-{n}")),
                via: Via::Media,
                until: noon_plus(n),
            });
        }
        assert!(own.ways <= FEW, "{}", own.ways);
        assert_eq!(own.all().len(), own.ways);
        assert_eq!(own.at(stream_id("ada", 1), noon_plus(9990)).len(), 9);
    }
}
