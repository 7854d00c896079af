//! A subscription listens to a room.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use greenroom_app::Refusal;
use greenroom_app::realtime::{Listener, Published, Shown};
use greenroom_domain::access::Denied;
use greenroom_domain::chat::{ChannelRole, Line, LineBody, Place, Seq};
use greenroom_domain::shared::actor::Identity;
use http::StatusCode;

use super::group::Group;
use super::mailbox::{Class, Mailbox, Parcel};
use super::message::{self, Outgoing};
use super::operation::errors;
use crate::problem::Problem;

/// A subscription to a room, as its parcels name it.
pub(super) struct Target {
    pub(super) id: Box<str>,
    /// What each of its answers begins with.
    pub(super) beginning: Bytes,
    pub(super) group: Arc<Group>,
}

impl Target {
    pub(super) fn new(id: Box<str>, group: Arc<Group>) -> Self {
        Self {
            beginning: message::beginning(&id),
            id,
            group,
        }
    }

    /// What a subscriber is told last.
    pub(super) fn last_frame(&self, why: Ending) -> Bytes {
        let payload = errors(why.into());
        let (id, payload) = (&*self.id, &*payload);
        Outgoing::Error { id, payload }.frame()
    }
}

/// Why a subscription is over.
#[derive(Clone, Copy)]
pub(super) enum Ending {
    /// Its subscriber was banned or blocked.
    ShutOut,
    /// Its subscriber has become staff, or is it no more, and is to see the room otherwise from
    /// behind this place on.
    RoleChanged(Place),
}

impl From<Ending> for Problem {
    fn from(why: Ending) -> Self {
        match why {
            Ending::ShutOut => Refusal::Denied(Denied::Forbidden).into(),
            Ending::RoleChanged(place) => Self::new(
                StatusCode::CONFLICT,
                "ROLE_CHANGED",
                "you are something else here from now on; subscribe again",
            )
            .with("place", place.to_string()),
        }
    }
}

/// One subscription's ear.
pub(super) struct RoomListener {
    target: Arc<Target>,
    mailbox: Arc<Mailbox>,
    who: Identity,
    /// The last line that it was given.
    last: AtomicU64,
    /// Nothing more is for them.
    is_over: AtomicBool,
}

impl RoomListener {
    pub(super) fn new(target: Arc<Target>, mailbox: Arc<Mailbox>, who: Identity) -> Self {
        Self {
            target,
            mailbox,
            who,
            last: AtomicU64::new(0),
            is_over: AtomicBool::new(false),
        }
    }

    /// Whether they have been told that it is over.
    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }

    /// The place up to which it was given everything, which began behind `from`.
    pub(super) fn place(&self, from: Place) -> Place {
        let last = Seq(self.last.load(Ordering::Acquire));
        Place {
            seq: from.seq.max(last),
            ..from
        }
    }

    /// Nothing more from now on.
    fn leave(&self, why: Ending) {
        if !self.is_over.swap(true, Ordering::AcqRel) {
            let parcel = Parcel::Last(Arc::clone(&self.target), why);
            self.mailbox.push(parcel, Class::Durable);
        }
    }

    /// Whether a line ends it.
    fn ending(&self, line: &Line) -> Option<Ending> {
        match &line.body {
            LineBody::Restricted { subject, kind, .. } => {
                (*subject == self.who && kind.is_ban()).then_some(Ending::ShutOut)
            }
            LineBody::RoleChanged { user, role, .. } => {
                let is_theirs = Identity::User(*user) == self.who;
                let staff = *role == Some(ChannelRole::Moderator);
                let sees_otherwise = self.target.group.shows_otherwise_to(staff);
                (is_theirs && sees_otherwise).then_some(Ending::RoleChanged(line.place))
            }
            _ => None,
        }
    }

    fn give(&self, published: &Arc<Published>) {
        let class = match &published.shown {
            Shown::Line(line) => {
                self.last.store(line.place.seq.0, Ordering::Release);
                Class::Durable
            }
            Shown::Ephemeral(_) => Class::Ephemeral,
        };
        if self.target.group.topic.takes(&published.shown) {
            let parcel = Parcel::Shown(Arc::clone(&self.target), Arc::clone(published));
            self.mailbox.push(parcel, class);
        }
    }
}

#[async_trait]
impl Listener for RoomListener {
    fn deliver(&self, published: &Arc<Published>) {
        if self.is_over() {
            return;
        }
        self.give(published);
        if let Shown::Line(line) = &published.shown
            && let Some(why) = self.ending(line)
        {
            self.leave(why);
        }
    }

    async fn catch_up(&self, missed: Vec<Published>) {
        for published in missed {
            if !self.mailbox.ready().await {
                return;
            }
            self.give(&Arc::new(published));
        }
    }

    fn shut_out(&self, who: Identity) {
        if who == self.who {
            self.leave(Ending::ShutOut);
        }
    }
}
