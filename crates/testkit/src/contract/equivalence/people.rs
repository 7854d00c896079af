//! Changes between people, and what stands in audit logs.

use greenroom_domain::account::DisplayName;
use greenroom_domain::chat::{Appointment, ChannelRole};
use greenroom_domain::recording::{RecordingChange, RecordingEvent, RecordingFailure};
use greenroom_domain::shared::commit::{Changes, CounterChange, StateChange};
use greenroom_domain::shared::event::{Event, Happening};
use greenroom_domain::shared::once::Reply;
use greenroom_domain::social::{Block, Follow, Notify, SocialEvent};
use greenroom_domain::stream::StreamEvent;
use uuid::Uuid;

use super::{Act, Seen, Who};
use crate::builders::{
    appointment, block, channel_id, event, follow, noon_plus, recording_id, reply, seen, stream_id,
    user_id,
};
use crate::contract::Subject;

/// Something between people. Names are those of the builders, and times are seconds after
/// [`NOON`](crate::builders::NOON).
#[derive(Debug, Clone)]
pub enum Bond {
    /// Somebody is something in a channel, or is it no more.
    Appointment {
        /// In which channel.
        room: &'static str,
        /// Who.
        name: &'static str,
        /// What; `None` when they are dismissed.
        role: Option<ChannelRole>,
        /// What they are called.
        shown_as: &'static str,
    },
    /// Somebody follows a channel, or follows it no more.
    Follow {
        /// Who.
        name: &'static str,
        /// Which channel.
        of: &'static str,
        /// Which version was seen.
        seen: Seen,
        /// What they want to be told; `None` when it is over.
        notify: Option<Notify>,
        /// Since when.
        at: u64,
    },
    /// Somebody has blocked somebody, or they have made up.
    Block {
        /// Who.
        name: &'static str,
        /// Whom.
        subject: &'static str,
        /// Since when; `None` when it is over.
        at: Option<u64>,
    },
}

impl Bond {
    /// What a commit changes at most once.
    pub(super) fn thing(&self) -> String {
        match self {
            Self::Appointment { room, name, .. } => format!("appointment {room} {name}"),
            Self::Follow { name, of, .. } => format!("follow {name} {of}"),
            Self::Block { name, subject, .. } => format!("block {name} {subject}"),
        }
    }

    /// Adds it to a commit.
    pub(super) async fn put_into(&self, changes: Changes, reference: &Subject) -> Changes {
        match *self {
            Self::Appointment {
                room,
                name,
                role,
                shown_as,
            } => changes.state(appointed(room, name, role, shown_as)),
            Self::Follow {
                name,
                of,
                seen,
                notify,
                at,
            } => {
                let follow = Follow {
                    at: noon_plus(at),
                    ..follow(name, of)
                };
                write_follow(changes, reference, follow, notify, seen).await
            }
            Self::Block { name, subject, at } => changes.state(blocked(name, subject, at)),
        }
    }
}

/// A follow begins, changes or ends, and is counted as a use case would.
async fn write_follow(
    changes: Changes,
    reference: &Subject,
    next: Follow,
    notify: Option<Notify>,
    version: Seen,
) -> Changes {
    let Follow {
        follower, channel, ..
    } = next;
    let there = reference.follows().get(follower, channel).await;
    let there = there.expect("a read");
    let counter = match (&there, notify) {
        (None, Some(_)) => Some(CounterChange::FollowerCame(channel)),
        (Some(_), None) => Some(CounterChange::FollowerWent(channel)),
        (None, None) | (Some(_), Some(_)) => None,
    };
    let version = version.of(there);
    let state = match notify {
        Some(notify) => StateChange::Follow(seen(Follow { notify, ..next }, version)),
        None => StateChange::Unfollowed(follower, channel, version),
    };
    counter
        .into_iter()
        .fold(changes.state(state), Changes::counter)
}

fn appointed(room: &str, name: &str, role: Option<ChannelRole>, shown_as: &str) -> StateChange {
    match role {
        Some(role) => StateChange::Appointment(Appointment {
            name: DisplayName::parse(shown_as).expect("a display name that fits"),
            ..appointment(room, name, role)
        }),
        None => StateChange::Dismissed(channel_id(room), user_id(name)),
    }
}

fn blocked(name: &str, subject: &str, at: Option<u64>) -> StateChange {
    match at {
        Some(at) => StateChange::Block(Block {
            at: noon_plus(at),
            ..block(name, subject)
        }),
        None => StateChange::Unblocked(user_id(name), user_id(subject)),
    }
}

pub(super) fn answer(who: Who, key: &str, made: u128, at: u64) -> Reply {
    Reply {
        made: Uuid::from_u128(made),
        at: noon_plus(at),
        ..reply(who.identity(), key)
    }
}

pub(super) fn happened(n: u32, of: &str, act: Act, at: u64) -> Event {
    let (stream, channel) = (stream_id(of, n), channel_id(of));
    let recording = |what| RecordingEvent {
        recording: recording_id(of, n),
        stream,
        channel,
        what,
    };
    let what: Happening = match act {
        Act::Planned => StreamEvent::Created { stream, channel }.into(),
        Act::Interrupted => StreamEvent::Interrupted { stream, channel }.into(),
        Act::Blocked => SocialEvent::Blocked {
            blocker: user_id(of),
            blocked: user_id("troll"),
            channel: Some(channel),
        }
        .into(),
        Act::Followed => SocialEvent::Followed {
            follower: user_id("bob"),
            channel,
        }
        .into(),
        Act::Recorded => recording(RecordingChange::Requested).into(),
        Act::Lost => recording(RecordingChange::Failed(RecordingFailure::Lost)).into(),
    };
    Event {
        at: noon_plus(at),
        ..event(n, what)
    }
}
