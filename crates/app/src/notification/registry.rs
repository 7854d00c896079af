//! Who is connected to this node and wants to be told, and what they are to be told.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use greenroom_domain::account::Username;
use greenroom_domain::chat::Line;
use greenroom_domain::notification::{Addressee, Announcement};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::event::Event;
use greenroom_domain::shared::id::{ChannelId, UserId};
use tokio::sync::Notify;

use crate::notification::repeats::{Repeats, Source};
use crate::notification::{NotificationView, Subscriber};

/// How many announcements wait to be told; what comes beyond is lost.
const WAITING: usize = 4_096;

#[derive(Default)]
pub(crate) struct Registry {
    state: Mutex<State>,
    /// How many users are connected: known without the lock, for every line asks.
    users: AtomicUsize,
    announced: Notify,
}

#[derive(Default)]
struct State {
    people: HashMap<UserId, Person>,
    names: HashMap<Username, UserId>,
    last_number: u64,
    repeats: Repeats,
    waiting: VecDeque<Announcement>,
}

/// Somebody who is connected, once or more.
struct Person {
    actor: Actor,
    username: Username,
    subscribers: Vec<(u64, Arc<dyn Subscriber>)>,
}

/// Somebody who may have to be told.
#[derive(Clone, Copy)]
pub(super) struct Candidate {
    pub(super) user: UserId,
    pub(super) actor: Actor,
}

impl Registry {
    /// How many users are connected to this node who are told.
    pub(crate) fn users(&self) -> usize {
        self.users.load(Ordering::Acquire)
    }

    /// Something happened; it comes here more than once.
    pub(crate) fn take_event(&self, event: &Event) {
        if self.users() > 0
            && let Some(announcement) = Announcement::of_event(event)
        {
            self.announce(Source::Event(event.id), announcement);
        }
    }

    /// A room's log has this line; it may come here more than once.
    pub(crate) fn take_line(&self, room: ChannelId, line: &Line) {
        if self.users() > 0
            && let Some(announcement) = Announcement::of_line(room, line)
        {
            self.announce(Source::Line(room, line.place), announcement);
        }
    }

    fn announce(&self, source: Source, announcement: Announcement) {
        let mut state = self.state();
        if !state.reaches_anybody(&announcement.to) || !state.repeats.note(source) {
            return;
        }
        if state.waiting.len() >= WAITING {
            drop(state);
            tracing::warn!("too many notifications at once: one is not told");
            return;
        }
        state.waiting.push_back(announcement);
        drop(state);
        self.announced.notify_one();
    }

    /// Waits for the next announcement. Can be dropped; one asks at a time.
    pub(super) async fn next(&self) -> Announcement {
        loop {
            let next = self.state().waiting.pop_front();
            if let Some(next) = next {
                return next;
            }
            self.announced.notified().await;
        }
    }

    /// Those of the addressees who are here; of the followers, everybody is who is connected.
    pub(super) fn candidates(&self, to: &Addressee) -> Vec<Candidate> {
        let state = self.state();
        let candidate = |user: &UserId| {
            let (user, actor) = (*user, state.people.get(user)?.actor);
            Some(Candidate { user, actor })
        };
        match to {
            Addressee::Followers => state.people.keys().filter_map(candidate).collect(),
            Addressee::User(user) => candidate(user).into_iter().collect(),
            Addressee::Named(names) => {
                let called = names.iter().filter_map(|name| state.names.get(name));
                called.filter_map(candidate).collect()
            }
        }
    }

    /// Tells somebody, wherever they are connected here.
    pub(super) fn deliver(&self, to: UserId, told: &Arc<NotificationView>) {
        let subscribers: Vec<Arc<dyn Subscriber>> = {
            let state = self.state();
            let person = state.people.get(&to);
            let subscribers = person.into_iter().flat_map(|person| &person.subscribers);
            subscribers.map(|(_, it)| Arc::clone(it)).collect()
        };
        for subscriber in subscribers {
            subscriber.deliver(told);
        }
    }

    /// Somebody is connected from now on; by this number they leave.
    pub(super) fn join(
        &self,
        Candidate { user, actor }: Candidate,
        username: Username,
        subscriber: Arc<dyn Subscriber>,
    ) -> u64 {
        let mut state = self.state();
        let number = state.last_number;
        state.last_number += 1;
        state.names.insert(username.clone(), user);
        let person = state.people.entry(user).or_insert_with(|| Person {
            actor,
            username,
            subscribers: Vec::new(),
        });
        // What they are now is known better than when they came before.
        person.actor = actor;
        person.subscribers.push((number, subscriber));
        self.users.store(state.people.len(), Ordering::Release);
        number
    }

    pub(super) fn leave(&self, user: UserId, number: u64) {
        let mut state = self.state();
        let Some(person) = state.people.get_mut(&user) else {
            return;
        };
        let at = person.subscribers.iter().position(|(is, _)| *is == number);
        let left = at.map(|at| person.subscribers.swap_remove(at));
        if person.subscribers.is_empty()
            && let Some(person) = state.people.remove(&user)
        {
            state.names.remove(&person.username);
        }
        self.users.store(state.people.len(), Ordering::Release);
        drop(state);
        // Only now: it may hold what it likes.
        drop(left);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn reaches_anybody(&self, to: &Addressee) -> bool {
        match to {
            Addressee::Followers => !self.people.is_empty(),
            Addressee::User(user) => self.people.contains_key(user),
            Addressee::Named(names) => names.iter().any(|name| self.names.contains_key(name)),
        }
    }
}
