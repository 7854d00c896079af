//! The parts that a commit is put together of, in the words of the builders.
//!
//! Each writes what a use case would: an aggregate with the names that it takes and gives
//! back. What a part overwrites, and the version that it claims to have seen, is looked up in
//! the reference.

use greenroom_domain::account::{CreatorStatus, Login, Role, Subject as HostUser};
use greenroom_domain::channel::{Channel, Handle, KeyState};
use greenroom_domain::chat::{
    ChatSettings, LineBody, NewLine, Restriction, RestrictionKind, Room, Seq, SlowMode,
};
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::commit::{
    Changes, Claim, ClaimChange, CounterChange, Holder, StateChange,
};
use greenroom_domain::shared::event::Event;
use greenroom_domain::shared::feed::{Consumer, CursorMove, FeedPosition};
use greenroom_domain::shared::secret::Sealed;
use greenroom_domain::shared::store::{Stored, Version};
use greenroom_domain::stream::{EndReason, StreamEvent};

use crate::builders::{
    NOON, ban, channel, channel_id, event, guest, mac, message, node_id, noon_plus, room, seen,
    session, stream, stream_id, stream_key, stream_key_id, title, user, user_id, viewer,
};
use crate::contract::Subject;

/// One thing that a commit changes. Names are those of the builders, and times are seconds
/// after [`NOON`].
#[derive(Debug, Clone)]
pub enum Part {
    /// An account, made or written again.
    Account {
        /// Its user name.
        name: &'static str,
        /// Which version was seen.
        seen: Seen,
        /// What it may do.
        role: Role,
        /// Whether it may have a channel.
        creator: CreatorStatus,
        /// The host's subject, for whoever signs in there.
        subject: Option<&'static str>,
        /// What it is called.
        shown_as: &'static str,
    },
    /// A session begins, is prolonged, or is over.
    Session {
        /// What finds it.
        token: &'static str,
        /// Whose.
        user: &'static str,
        /// Until when; `None` when it is over.
        until: Option<u64>,
    },
    /// A channel, made or written again.
    Channel {
        /// What makes its id.
        name: &'static str,
        /// Which version was seen.
        seen: Seen,
        /// What it is found by.
        handle: &'static str,
        /// Whose it is.
        owner: &'static str,
    },
    /// A stream key, made, rotated or revoked.
    Key {
        /// Of which channel.
        of: &'static str,
        /// The how manieth.
        n: u32,
        /// Which version was seen.
        seen: Seen,
        /// What finds it; `None` when it is revoked.
        secret: Option<&'static str>,
    },
    /// A stream, made or written again.
    Stream {
        /// Of which channel.
        of: &'static str,
        /// The how manieth.
        n: u32,
        /// Which version was seen.
        seen: Seen,
        /// How far it is.
        phase: Phase,
    },
    /// The rules of a room.
    Rules {
        /// Of which channel.
        room: &'static str,
        /// Which version was seen.
        seen: Seen,
        /// Seconds between two messages.
        slow: Option<u16>,
    },
    /// Somebody may not chat in a room, or may again.
    Restriction {
        /// Of which channel.
        room: &'static str,
        /// Who.
        who: Who,
        /// For how long; `None` when it is lifted.
        hold: Option<Hold>,
    },
    /// A name is taken.
    Take(Claim, Holder),
    /// A name is given back.
    Release(Claim, Holder),
    /// Something is counted.
    Count(CounterChange),
    /// A message.
    Say {
        /// In which channel's room.
        room: &'static str,
        /// By whom.
        who: Who,
        /// What the client calls it.
        id: Option<&'static str>,
        /// What is said.
        text: &'static str,
        /// When.
        at: u64,
        /// Which version of the rules was seen.
        rules: Option<Seen>,
    },
    /// A line that is no message: a stream has started.
    Announce {
        /// In which channel's room.
        room: &'static str,
        /// When.
        at: u64,
    },
    /// A line's text is overwritten.
    Redact {
        /// In which channel's room.
        room: &'static str,
        /// Which line.
        seq: u64,
    },
    /// Something happened.
    Happen {
        /// What makes the event's id.
        n: u32,
        /// When.
        at: u64,
    },
    /// A consumer goes on.
    Pass {
        /// Which.
        consumer: &'static str,
        /// Where it believes to stand.
        seen: Seen,
        /// By how many records.
        records: u64,
    },
}

/// What whoever decided has seen of what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// What is there.
    Now,
    /// What was there before; of what is not there, that it is.
    Before,
    /// That there is nothing.
    Nothing,
}

/// Who chats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// The user of this name.
    User(&'static str),
    /// The guest of this name.
    Guest(&'static str),
}

/// For how long somebody may not chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// Until then.
    Until(u64),
    /// For good.
    ForGood,
}

/// How far a stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Planned.
    Pending,
    /// Live, waiting for its encoder until then.
    Awaiting(u64),
    /// Live.
    Publishing,
    /// Live, waiting for its encoder to come back until then.
    Interrupted(u64),
    /// Over.
    Ended(EndReason),
}

impl Part {
    /// What a commit changes at most once.
    pub(super) fn thing(&self) -> Option<String> {
        match self {
            Self::Account { name, .. } => Some(format!("account {name}")),
            Self::Session { token, .. } => Some(format!("session {token}")),
            Self::Channel { name, .. } => Some(format!("channel {name}")),
            Self::Key { of, n, .. } => Some(format!("key {of} {n}")),
            Self::Stream { of, n, .. } => Some(format!("stream {of} {n}")),
            Self::Rules { room, .. } => Some(format!("rules {room}")),
            Self::Restriction { room, who, .. } => Some(format!("restriction {room} {who:?}")),
            Self::Say { room, who, id, .. } => id.map(|id| format!("message {room} {who:?} {id}")),
            Self::Happen { n, .. } => Some(format!("event {n}")),
            Self::Pass { .. } => Some("cursor".to_owned()),
            Self::Take(..)
            | Self::Release(..)
            | Self::Count(_)
            | Self::Announce { .. }
            | Self::Redact { .. } => None,
        }
    }

    /// Adds this part to a commit.
    pub(super) async fn put_into(&self, changes: Changes, reference: &Subject) -> Changes {
        match *self {
            Self::Account { .. } => self.account(changes, reference).await,
            Self::Channel { .. } => self.channel(changes, reference).await,
            Self::Key { .. } => self.key(changes, reference).await,
            Self::Stream { .. } => self.stream(changes, reference).await,
            Self::Session { token, user, until } => {
                let it = session(token, user_id(user), until.unwrap_or_default());
                changes.state(match until {
                    Some(_) => StateChange::Session(it),
                    None => StateChange::SessionEnded(it.id),
                })
            }
            Self::Rules {
                room: of,
                seen: version,
                slow,
            } => {
                let settings = ChatSettings {
                    slow_mode: slow.and_then(|seconds| SlowMode::new(seconds).ok()),
                    ..ChatSettings::default()
                };
                let next = Room {
                    settings,
                    ..room(of)
                };
                let version = version.of(rules(reference, of).await);
                changes.state(StateChange::Room(seen(next, version)))
            }
            Self::Restriction { room, who, hold } => changes.state(restriction(room, who, hold)),
            Self::Take(ref claim, holder) => {
                changes.claim(ClaimChange::Take(claim.clone(), holder))
            }
            Self::Release(ref claim, holder) => {
                changes.claim(ClaimChange::Release(claim.clone(), holder))
            }
            Self::Count(counter) => changes.counter(counter),
            Self::Say {
                room,
                who,
                id,
                text,
                at,
                rules: checked,
            } => {
                let mut line = message(room, who.identity(), text).at(noon_plus(at));
                if let Some(id) = id {
                    line = line.client_id(id);
                }
                if let Some(checked) = checked {
                    line = line.checked_by(checked.of(rules(reference, room).await));
                }
                changes.line(line.line())
            }
            Self::Announce { room, at } => changes.line(NewLine {
                room: channel_id(room),
                at: noon_plus(at),
                body: LineBody::StreamStarted {
                    stream: stream_id(room, 1),
                    title: title("On air"),
                },
                policy_seen: None,
            }),
            Self::Redact { room, seq } => {
                let mut changes = changes;
                changes.redactions.push((channel_id(room), Seq(seq)));
                changes
            }
            Self::Happen { n, at } => {
                let mut changes = changes;
                let happened = StreamEvent::Created {
                    stream: stream_id("ada", n),
                    channel: channel_id("ada"),
                };
                changes.events.push(Event {
                    at: noon_plus(at),
                    ..event(n, happened)
                });
                changes
            }
            Self::Pass {
                consumer,
                seen: believed,
                records,
            } => {
                let consumer = Consumer(consumer);
                let stands = reference.feed().cursor(consumer).await.expect("a read");
                let from = believed.among(stands.map_or(0, |stands| stands.0));
                Changes {
                    cursor: Some(CursorMove {
                        consumer,
                        from: FeedPosition(from),
                        to: FeedPosition(from + records),
                    }),
                    ..changes
                }
            }
        }
    }

    async fn account(&self, mut changes: Changes, reference: &Subject) -> Changes {
        let &Self::Account {
            name,
            seen: version,
            role,
            creator,
            subject,
            shown_as,
        } = self
        else {
            return changes;
        };
        let mut next = user(name).shown_as(shown_as).creator(creator);
        if role == Role::Admin {
            next = next.admin();
        }
        if let Some(subject) = subject {
            next = next.of_host("https://host.example", subject);
        }
        let next = next.build();
        let there = reference.users().get(next.id).await.expect("a read");
        let holder = Holder::User(next.id);
        if let Some(Login::Host(subject)) = there.as_ref().map(|it| &it.value.login) {
            changes = changes.claim(ClaimChange::Release(
                Claim::Subject(subject.clone()),
                holder,
            ));
        }
        changes = changes.claim(ClaimChange::Take(
            Claim::Username(next.username.clone()),
            holder,
        ));
        if let Login::Host(subject) = &next.login {
            changes = changes.claim(ClaimChange::Take(Claim::Subject(subject.clone()), holder));
        }
        changes.state(StateChange::User(seen(next, version.of(there))))
    }

    async fn channel(&self, mut changes: Changes, reference: &Subject) -> Changes {
        let &Self::Channel {
            name,
            seen: version,
            handle,
            owner,
        } = self
        else {
            return changes;
        };
        let next = Channel {
            handle: Handle::parse(handle).expect("a handle that fits"),
            owner: user_id(owner),
            ..channel(name)
        };
        let there = reference.channels().get(next.id).await.expect("a read");
        let holder = Holder::Channel(next.id);
        let names = |it: &Channel| [Claim::Handle(it.handle.clone()), Claim::ChannelOf(it.owner)];
        for old in there.iter().flat_map(|it| names(&it.value)) {
            changes = changes.claim(ClaimChange::Release(old, holder));
        }
        for new in names(&next) {
            changes = changes.claim(ClaimChange::Take(new, holder));
        }
        changes.state(StateChange::Channel(seen(next, version.of(there))))
    }

    async fn key(&self, mut changes: Changes, reference: &Subject) -> Changes {
        let &Self::Key {
            of,
            n,
            seen: version,
            secret,
        } = self
        else {
            return changes;
        };
        let mut next = stream_key(of, n);
        next.state = match secret {
            Some(secret) => KeyState::Active {
                hash: mac(secret),
                sealed: Sealed(secret.as_bytes().to_vec()),
                since: NOON,
            },
            None => KeyState::Revoked { at: NOON },
        };
        let there = reference.stream_keys().get(stream_key_id(of, n)).await;
        let there = there.expect("a read");
        let holder = Holder::StreamKey(next.id);
        if let Some(old) = there.as_ref().and_then(|it| it.value.hash()) {
            changes = changes.claim(ClaimChange::Release(Claim::KeyHash(old), holder));
        }
        if let Some(new) = next.hash() {
            changes = changes.claim(ClaimChange::Take(Claim::KeyHash(new), holder));
        }
        changes.state(StateChange::StreamKey(seen(next, version.of(there))))
    }

    async fn stream(&self, changes: Changes, reference: &Subject) -> Changes {
        let &Self::Stream {
            of,
            n,
            seen: version,
            phase,
        } = self
        else {
            return changes;
        };
        let key = stream_key_id(of, 1);
        let next = match phase {
            Phase::Pending => stream(of, n),
            Phase::Awaiting(until) => stream(of, n).awaiting(noon_plus(until)),
            Phase::Publishing => stream(of, n).publishing(node_id("here"), key),
            Phase::Interrupted(until) => stream(of, n).interrupted(key, noon_plus(until)),
            Phase::Ended(reason) => stream(of, n).ended(reason),
        };
        let next = next.build();
        let there = reference.streams().get(next.id).await.expect("a read");
        let (claim, holder) = (Claim::LiveStream(next.channel), Holder::Stream(next.id));
        let claim = if next.is_live() {
            ClaimChange::Take(claim, holder)
        } else {
            ClaimChange::Release(claim, holder)
        };
        let version = version.of(there);
        changes
            .claim(claim)
            .state(StateChange::Stream(seen(next, version)))
    }
}

impl Seen {
    fn of<T>(self, there: Option<Stored<T>>) -> Version {
        let version = there.map_or(Version::NEW, |there| there.version);
        Version(self.among(version.0))
    }

    fn among(self, now: u64) -> u64 {
        match self {
            Self::Now => now,
            Self::Before => now.checked_sub(1).unwrap_or(1),
            Self::Nothing => 0,
        }
    }
}

impl Who {
    pub(super) fn identity(self) -> Identity {
        match self {
            Self::User(name) => viewer(name),
            Self::Guest(name) => guest(name),
        }
    }
}

fn restriction(room: &str, who: Who, hold: Option<Hold>) -> StateChange {
    let banned = ban(room, who.identity());
    let kind = match hold {
        None => return StateChange::RestrictionLifted(banned.room, banned.subject),
        Some(Hold::ForGood) => RestrictionKind::Ban,
        Some(Hold::Until(until)) => RestrictionKind::Timeout {
            until: noon_plus(until),
        },
    };
    StateChange::Restriction(Restriction { kind, ..banned })
}

async fn rules(reference: &Subject, of: &str) -> Option<Stored<Room>> {
    let read = reference.moderation().room(channel_id(of)).await;
    read.expect("a read")
}

/// A user of the host's, by subject.
pub(super) fn host_user(subject: &str) -> HostUser {
    HostUser {
        issuer: "https://host.example".to_owned(),
        subject: subject.to_owned(),
    }
}
