//! Subscriptions to a channel's room: what their resolvers and the socket they come by agree on.
//!
//! What such a subscription shows goes by the room, by whether its subscriber is of the room's
//! staff, and by the document: so all who ask alike share one execution of each event. The
//! resolver only says what it wants ([`Seat::take`]); the socket sees to it that it may be had,
//! and brings it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures_util::Stream;
use greenroom_app::realtime::{Published, Shown};
use greenroom_domain::channel::Handle;
use greenroom_domain::chat::{ChatSettings, Ephemeral, Line, LineBody, Place};
use http::StatusCode;
use parking_lot::Mutex;

use crate::problem::Problem;

/// What of a room is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Topic {
    /// Everything that it shows.
    Chat,
    /// What becomes of the channel's stream.
    StreamState,
    /// How many watch.
    Viewers,
}

impl Topic {
    pub(super) fn takes(self, shown: &Shown) -> bool {
        match shown {
            Shown::Line(_) if self == Self::Chat => true,
            Shown::Line(line) => self == Self::StreamState && tells_of_stream(line),
            Shown::Ephemeral(Ephemeral::Typing { .. } | Ephemeral::Reactions { .. }) => {
                self == Self::Chat
            }
            Shown::Ephemeral(Ephemeral::Viewers { .. }) => self == Self::Viewers,
        }
    }
}

fn tells_of_stream(line: &Line) -> bool {
    matches!(
        line.body,
        LineBody::StreamStarted { .. }
            | LineBody::StreamInterrupted { .. }
            | LineBody::StreamResumed { .. }
            | LineBody::StreamEnded { .. }
            | LineBody::ChannelEdited { .. }
    )
}

/// What a resolver wants.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) topic: Topic,
    pub(super) handle: Handle,
    /// The last place that was seen.
    pub(super) after: Option<Place>,
}

/// What a resolver's stream is given.
#[derive(Clone)]
pub(super) enum Event {
    /// They listen, and have been given what they missed.
    Joined {
        /// Up to where.
        place: Place,
        /// What they have is to be thrown away and read anew.
        resync: bool,
        /// The room's rules.
        settings: ChatSettings,
    },
    /// Something was shown.
    Shown {
        published: Arc<Published>,
        /// Its subscribers are staff.
        to_staff: bool,
    },
}

/// Where a resolver and its socket meet.
#[derive(Clone, Default)]
pub(super) struct Seat(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    wanted: Option<Wanted>,
    event: Option<Event>,
    waker: Option<Waker>,
}

impl Seat {
    /// The resolver wants this, and is given it.
    pub(super) fn take(
        ctx: &async_graphql::Context<'_>,
        wanted: Wanted,
    ) -> Result<Events, Problem> {
        let seat = ctx.data_opt::<Self>().ok_or_else(|| {
            Problem::new(
                StatusCode::BAD_REQUEST,
                "NO_SUBSCRIPTIONS_HERE",
                "subscriptions go by graphql-transport-ws",
            )
        })?;
        seat.0.lock().wanted = Some(wanted);
        Ok(Events(seat.clone()))
    }

    /// What is wanted, once the resolver has said so.
    pub(super) fn wanted(&self) -> Option<Wanted> {
        self.0.lock().wanted.clone()
    }

    /// Gives the resolver its next event.
    pub(super) fn give(&self, event: Event) {
        let mut state = self.0.lock();
        state.event = Some(event);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// A resolver's events, one at a time.
pub(super) struct Events(Seat);

impl Stream for Events {
    type Item = Event;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        let mut state = self.0.0.lock();
        if let Some(event) = state.event.take() {
            return Poll::Ready(Some(event));
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}
