//! Subscribers who ask alike: each event is executed and written once for all of them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Weak};

use async_graphql::Response;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt};
use greenroom_app::realtime::{Published, Shown};
use greenroom_domain::shared::id::ChannelId;
use parking_lot::Mutex;

use super::message;
use crate::graphql::http::written;
use crate::graphql::room::{Event, Seat, Topic};

/// So many events are kept written, for those who are a little behind.
const KEPT: usize = 64;

/// What subscribers have in common who ask alike.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) room: ChannelId,
    pub(super) topic: Topic,
    /// They are of the room's staff.
    pub(super) staff: bool,
    pub(super) query: Box<str>,
    pub(super) operation_name: Option<Box<str>>,
    /// As JSON, without what says where to go on from.
    pub(super) variables: Box<str>,
}

/// The groups that there are.
#[derive(Default)]
pub(super) struct Groups(Mutex<HashMap<Key, Weak<Group>>>);

/// Subscribers who ask alike.
pub(super) struct Group {
    pub(super) topic: Topic,
    staff: bool,
    shared: Mutex<Shared>,
}

struct Shared {
    seat: Seat,
    answers: BoxStream<'static, Response>,
    /// The newest last.
    written: VecDeque<(Arc<Published>, Bytes)>,
}

impl Groups {
    /// The group of this key; one that is new executes by this stream, whose events come by the
    /// seat.
    pub(super) fn of(
        &self,
        key: Key,
        seat: Seat,
        answers: BoxStream<'static, Response>,
    ) -> Arc<Group> {
        let mut groups = self.0.lock();
        if let Some(group) = groups.get(&key).and_then(Weak::upgrade) {
            return group;
        }
        let group = Arc::new(Group {
            topic: key.topic,
            staff: key.staff,
            shared: Mutex::new(Shared {
                seat,
                answers,
                written: VecDeque::new(),
            }),
        });
        if groups.len() >= 2 * groups.capacity() / 3 {
            groups.retain(|_, group| group.strong_count() > 0);
        }
        groups.insert(key, Arc::downgrade(&group));
        group
    }
}

impl Group {
    /// Whether one would see something else here who is of the staff, or is not.
    pub(super) fn shows_otherwise_to(&self, staff: bool) -> bool {
        self.topic == Topic::Chat && self.staff != staff
    }

    /// What was published, as the rest of a message.
    pub(super) fn written(&self, published: &Arc<Published>) -> Bytes {
        let mut shared = self.shared.lock();
        let mut newest_first = shared.written.iter().rev();
        if let Some((_, bytes)) = newest_first.find(|(it, _)| is_same(it, published)) {
            return bytes.clone();
        }
        let bytes = shared.execute(Event::Shown {
            published: Arc::clone(published),
            to_staff: self.staff,
        });
        if shared.written.len() == KEPT {
            shared.written.pop_front();
        }
        shared
            .written
            .push_back((Arc::clone(published), bytes.clone()));
        bytes
    }

    /// An event of one subscriber's own, as the rest of a message.
    pub(super) fn written_once(&self, event: Event) -> Bytes {
        self.shared.lock().execute(event)
    }
}

impl Shared {
    /// Nothing that these subscriptions show has to be waited for.
    fn execute(&mut self, event: Event) -> Bytes {
        self.seat.give(event);
        let answer = self.answers.next().now_or_never().flatten();
        let answer = answer.unwrap_or_else(|| {
            tracing::error!("a subscription's event was not answered at once");
            crate::graphql::error::answer(crate::problem::Problem::internal())
        });
        message::shared(&written(&answer))
    }
}

fn is_same(one: &Arc<Published>, other: &Arc<Published>) -> bool {
    match (&one.shown, &other.shown) {
        (Shown::Line(one), Shown::Line(other)) => one.place == other.place,
        _ => Arc::ptr_eq(one, other),
    }
}
