//! A subscription listens to a room.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use greenroom_app::Refusal;
use greenroom_app::realtime::{Listener, Published, Shown};
use greenroom_domain::access::Denied;
use greenroom_domain::chat::{LineBody, Place, Seq};
use greenroom_domain::shared::actor::Identity;

use super::group::Group;
use super::mailbox::{Class, Mailbox, Parcel};
use super::message::{self, Outgoing};
use super::operation::errors;

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

    /// What a banned subscriber is told.
    pub(super) fn shut_out_frame(&self) -> Bytes {
        let payload = errors(Refusal::Denied(Denied::Forbidden).into());
        let (id, payload) = (&*self.id, &*payload);
        Outgoing::Error { id, payload }.frame()
    }
}

/// One subscription's ear.
pub(super) struct RoomListener {
    target: Arc<Target>,
    mailbox: Arc<Mailbox>,
    who: Identity,
    /// The last line that it was given.
    last: AtomicU64,
    /// They were banned: nothing more is for them.
    is_shut_out: AtomicBool,
}

impl RoomListener {
    pub(super) fn new(target: Arc<Target>, mailbox: Arc<Mailbox>, who: Identity) -> Self {
        Self {
            target,
            mailbox,
            who,
            last: AtomicU64::new(0),
            is_shut_out: AtomicBool::new(false),
        }
    }

    /// Whether they were banned since.
    pub(super) fn is_shut_out(&self) -> bool {
        self.is_shut_out.load(Ordering::Acquire)
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
    fn leave(&self) {
        if !self.is_shut_out.swap(true, Ordering::AcqRel) {
            let parcel = Parcel::ShutOut(Arc::clone(&self.target));
            self.mailbox.push(parcel, Class::Durable);
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
        if self.is_shut_out() {
            return;
        }
        self.give(published);
        if let Shown::Line(line) = &published.shown
            && is_ban_of(&line.body, self.who)
        {
            self.leave();
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
            self.leave();
        }
    }
}

fn is_ban_of(body: &LineBody, who: Identity) -> bool {
    matches!(body, LineBody::Restricted { subject, kind, .. } if *subject == who && kind.is_ban())
}
