//! One connection: who it is, how fast it may ask, which rooms it is in.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use greenroom_app::notification::Listening;
use greenroom_app::realtime::Subscription;
use greenroom_app::stream::join;
use greenroom_app::{App, Refusal};
use greenroom_domain::account::{SessionId, Subject};
use greenroom_domain::shared::actor::{Actor, Identity};
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::{ChannelId, ConnectionId, StreamId, UserId};
use greenroom_domain::shared::rate::{Quota, TokenBucket};
use http::StatusCode;
use parking_lot::Mutex;
use serde::Serialize;

use super::room::Room;
use super::speech::Speech;
use super::vocabulary::Event;
use super::{Failed, Problem, Socket};

/// How often one connection may ask for something.
const QUOTA: Quota = Quota {
    burst: 30,
    per: Duration::from_secs(3),
};
/// In how many rooms one connection may be at once.
const ROOMS: usize = 10;

/// They may be in a room no more: banned, or blocked by its owner.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShutOut {
    channel_id: String,
}

/// Somebody is connected.
pub(super) struct Connection {
    pub(super) id: ConnectionId,
    pub(super) socket: Socket,
    pub(super) actor: Actor,
    pub(super) who: Identity,
    /// In whose words they are spoken to.
    pub(super) speech: Speech,
    /// What the host platform calls them, if they come from one.
    pub(super) subject: Option<Box<Subject>>,
    /// The stream that they have named in the handshake.
    pub(super) stream: Option<StreamId>,
    /// What proved who they are is worth nothing from then on.
    pub(super) expires_at: Option<Timestamp>,
    /// The local session that proved it; with its end this ends too.
    pub(super) session: Option<SessionId>,
    pub(super) bucket: Mutex<TokenBucket>,
    pub(super) memberships: Mutex<Vec<Membership>>,
    /// They are told what concerns them for as long as this lives.
    pub(super) notified: OnceLock<Listening>,
}

/// A room that a connection is in: as long as this lives.
pub(super) struct Membership {
    pub(super) room: Arc<Room>,
    pub(super) owner: UserId,
    /// The stream whose audience they are part of.
    pub(super) watching: Option<StreamId>,
    /// They are here for the chat too, whatever is on air.
    pub(super) for_chat: bool,
    pub(super) subscription: Subscription,
}

/// Somebody who is part of a stream's audience.
pub(super) struct Watcher {
    pub(super) stream: StreamId,
    pub(super) owner: UserId,
    pub(super) room: Arc<Room>,
}

impl Connection {
    /// Whether anything is taken from them now.
    pub(super) fn admit(&self, app: &App) -> Result<(), Problem> {
        let now = app.now();
        if self.has_expired(now) {
            self.expire();
            return Err(Refusal::NotSignedIn.into());
        }
        let mut bucket = self.bucket.lock();
        *bucket = bucket
            .take(QUOTA, now)
            .map_err(|retry_after| Refusal::TooMany { retry_after })?;
        Ok(())
    }

    /// Tells them something in their words, if they have one for it.
    pub(super) fn tell(&self, event: Event, what: &impl Serialize) -> Result<(), Problem> {
        let Some(name) = event.name(self.speech) else {
            return Ok(());
        };
        let sent = self.socket.emit(name, what);
        sent.map(drop)
            .map_err(|error| Problem::internal().because(error))
    }

    pub(super) fn has_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|expires_at| expires_at <= now)
    }

    /// Says so and closes. The client is not to come back with the same proof.
    pub(super) fn expire(&self) {
        let problem = Problem::from(Refusal::NotSignedIn);
        // It may be gone already.
        let _ = self.socket.emit("error", &Failed::of("session", &problem));
        self.socket.disconnect();
    }

    pub(super) fn require_space(&self) -> Result<(), Problem> {
        if self.memberships.lock().len() < ROOMS {
            return Ok(());
        }
        let problem = Problem::new(
            StatusCode::CONFLICT,
            "TOO_MANY_ROOMS",
            "leave another stream or channel first",
        );
        Err(problem.with("max", ROOMS))
    }

    pub(super) fn is_in(&self, channel: ChannelId) -> bool {
        let memberships = self.memberships.lock();
        memberships.iter().any(|it| it.room.channel == channel)
    }

    /// Remembers why they are in a room; whether they are in it.
    pub(super) fn note(&self, channel: ChannelId, watching: Option<StreamId>) -> bool {
        let mut memberships = self.memberships.lock();
        let found = memberships.iter_mut().find(|it| it.room.channel == channel);
        let Some(membership) = found else {
            return false;
        };
        match watching {
            Some(stream) => membership.watching = Some(stream),
            None => membership.for_chat = true,
        }
        true
    }

    /// The room that they are in because of a stream.
    pub(super) fn room_watched_for(&self, stream: StreamId) -> Option<Arc<Room>> {
        let memberships = self.memberships.lock();
        let found = memberships.iter().find(|it| it.watching == Some(stream));
        found.map(|it| Arc::clone(&it.room))
    }

    /// The stream because of which they are in a channel's room.
    pub(super) fn watched_in(&self, channel: ChannelId) -> Option<StreamId> {
        let memberships = self.memberships.lock();
        let found = memberships.iter().find(|it| it.room.channel == channel);
        found.and_then(|it| it.watching)
    }

    /// The streams whose audience they are part of.
    pub(super) fn watching(&self) -> Vec<Watcher> {
        let memberships = self.memberships.lock();
        let watching = memberships.iter().filter_map(|it| {
            Some(Watcher {
                stream: it.watching?,
                owner: it.owner,
                room: Arc::clone(&it.room),
            })
        });
        watching.collect()
    }

    /// No longer part of a stream's audience, and out of its room unless they are there for the
    /// chat too. Again is no change.
    pub(super) async fn leave_stream(&self, app: &App, stream: StreamId) -> Result<(), Refusal> {
        let left = {
            let mut memberships = self.memberships.lock();
            let at = memberships
                .iter()
                .position(|it| it.watching == Some(stream));
            match at {
                Some(at) if memberships[at].for_chat => {
                    memberships[at].watching = None;
                    None
                }
                Some(at) => Some(memberships.swap_remove(at)),
                None => return Ok(()),
            }
        };
        drop(left);
        join::leave(app, stream, self.who, self.id).await
    }

    /// No longer here for the chat, and out of the room unless they watch its stream. Again is
    /// no change.
    pub(super) fn leave_chat(&self, channel: ChannelId) {
        let left = {
            let mut memberships = self.memberships.lock();
            let at = memberships.iter().position(|it| it.room.channel == channel);
            match at {
                Some(at) if memberships[at].watching.is_some() => {
                    memberships[at].for_chat = false;
                    None
                }
                Some(at) => Some(memberships.swap_remove(at)),
                None => None,
            }
        };
        drop(left);
    }

    /// Out of a channel's room and audience at once.
    pub(super) async fn shut_out(&self, app: &App, channel: ChannelId) {
        let left = {
            let mut memberships = self.memberships.lock();
            let at = memberships.iter().position(|it| it.room.channel == channel);
            at.map(|at| memberships.swap_remove(at))
        };
        if let Some(left) = left {
            self.leave_audience(app, left).await;
            let told = ShutOut {
                channel_id: channel.to_string(),
            };
            // A client that is gone needs not be told.
            let _ = self.socket.emit("shut-out", &told);
        }
    }

    /// Out of every room and audience.
    pub(super) async fn leave_all(&self, app: &App) {
        let all = std::mem::take(&mut *self.memberships.lock());
        for left in all {
            self.leave_audience(app, left).await;
        }
    }

    async fn leave_audience(&self, app: &App, left: Membership) {
        let Membership {
            watching,
            subscription,
            ..
        } = left;
        drop(subscription);
        if let Some(stream) = watching
            && let Err(error) = join::leave(app, stream, self.who, self.id).await
        {
            // Presence runs out by itself.
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "somebody who left counts as present for a while"
            );
        }
    }
}
